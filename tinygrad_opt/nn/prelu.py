"""A leaky relu that learns its slopes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional
from ..init.request import dtype_of
from ..settings import count, number
from ..value import Value
from .inputs import as_input
from .module import Module


class PReLU(Module):
    """x where x > 0, else weight * x, with a weight to be learned (He et al., 2015): one, or one a channel.

    x (N, C, ...), weight (num_parameters,)  ->  the shape of x; num_parameters is 1 or C.

    Keras' PReLU starts from 0 and has a weight for every entry of a sample.  Weight decay would pull the slopes to 0.
    Raises ValueError for inputs with another number of channels on axis 1.

    >>> PReLU()(np.array([-2.0, 2.0])).data
    array([-0.5,  2. ])
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = np.float64):
        self.num_parameters = count("PReLU", "num_parameters", num_parameters)
        self.weight = Value(np.full(self.num_parameters, number("PReLU", "init", init), dtype_of("PReLU", dtype)))

    def forward(self, x: Any) -> Any:
        x = as_input(self, x, self.weight)
        if self.num_parameters == 1:
            return functional.prelu(x, self.weight if x.ndim else self.weight[0])
        if x.ndim < 2 or x.shape[1] != self.num_parameters:
            raise ValueError(f"{self.where} takes {self.num_parameters} channels on axis 1; got shape {x.shape}")
        behind = (1,) * (x.ndim - 2)
        return functional.prelu(x, self.weight.reshape(-1, *behind) if behind else self.weight)
