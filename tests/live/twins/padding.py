"""PyTorch's name of padding; it fills one border, and has NumPy's other modes for images only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hypothesis import assume

from tinygrad_opt.ops import padding


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    ends = padding.widths(pad_width, x.ndim)
    if mode != "constant":
        for dim, (n, width) in enumerate(zip(x.shape, ends, strict=True)):
            x = torch.index_select(x, dim, torch.as_tensor(np.pad(np.arange(n), width, mode)))
        return x
    assume(np.ndim(constant_values) == 0)
    return torch.nn.functional.pad(x, [n for width in reversed(ends) for n in width], value=constant_values)


TORCH: dict[Any, Callable[..., Any]] = {padding.pad: pad}
