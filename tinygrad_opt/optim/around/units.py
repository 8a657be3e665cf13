"""Units of a parameter: the slices over which a norm is taken, one for each output of a layer."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..core.pipeline import Granularity, Transform


class UnitWise(Transform):
    """A transform or constraint that treats every unit by its norm.

    axis is the axis, or axes, along which a norm is taken.  Unless given it is all but the first: weights lie
    as PyTorch has them, (out, in), so that a unit is all that leads into one output.  Of a vector or a number it
    is the whole.

    Raises ValueError, when the optimizer is made, for an axis that a parameter does not have.
    """

    granularity: ClassVar[Granularity] = "array"

    def __init__(self, *values: Any, axis: int | tuple[int, ...] | None = None, **settings: Any):
        super().__init__(*values, **settings)
        self.axis = axis

    def applies_to(self, name: str, parameter: Any) -> bool:
        if not super().applies_to(name, parameter):
            return False
        ndim = np.ndim(parameter.data)
        try:
            np.lib.array_utils.normalize_axis_tuple(self.axes(ndim), ndim)
        except (TypeError, ValueError):
            raise ValueError(
                f"{type(self).__name__}(axis={self.axis!r}) does not fit {name} of shape {np.shape(parameter.data)}: "
                "say with only= to which parameters it applies"
            ) from None
        return True

    def axes(self, ndim: int) -> int | tuple[int, ...]:
        if self.axis is not None:
            return self.axis
        return tuple(range(1 if ndim > 1 else 0, ndim))

    def norm(self, x: Any) -> Any:
        """The Euclidean norm of every unit, in a shape that broadcasts against x."""
        return np.sqrt(np.sum(x * x, axis=self.axes(x.ndim), keepdims=True))

    def __repr__(self) -> str:
        shown = super().__repr__()
        return shown if self.axis is None else f"{shown.removesuffix(')')}, axis={self.axis!r})"
