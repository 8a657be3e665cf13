"""PyTorch's names of indexing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hypothesis import assume

from tinygrad_opt.ops import indexing

F = torch.nn.functional


def getitem(x: Any, index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    assume(not any(isinstance(part, slice) and (part.step or 1) < 0 for part in parts))
    sequence = (list, tuple, range, np.ndarray)
    return x[tuple(torch.as_tensor(np.array(part)) if isinstance(part, sequence) else part for part in parts)]


TORCH: dict[Any, Callable[..., Any]] = {
    indexing.getitem: getitem,
}
