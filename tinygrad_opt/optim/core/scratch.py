"""The scratch memory of kernels: made once, used again by every step."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kernel import Kernel
from .members import Array
from .packing import aligned_zeros


class Scratch:
    """Arrays and masks for blocks of up to longest entries, a set of them for each worker."""

    def __init__(self, longest: int, dtype: np.dtype[Any]):
        self.longest, self.dtype = longest, dtype
        self.whole: dict[tuple[int, Any], list[Array]] = {}
        self.cut: dict[tuple[int, int, int, int], list[Array]] = {}

    def __call__(self, kernel: Kernel, worker: int, length: int) -> list[Array]:
        """What a kernel needs, in the length of a block."""
        key = kernel.scratch, kernel.masks, worker, length
        if key not in self.cut:
            self.cut[key] = [array[:length] for array in self.reserve(kernel, worker)]
        return self.cut[key]

    def reserve(self, kernel: Kernel, worker: int) -> list[Array]:
        """What a kernel needs, in the length of the longest block; what is there already is taken."""
        found: list[Array] = []
        for dtype, count in ((self.dtype, kernel.scratch), (np.dtype(bool), kernel.masks)):
            have = self.whole.setdefault((worker, dtype), [])
            have += list(aligned_zeros((max(count - len(have), 0), self.longest), dtype))
            found += have[:count]
        return found
