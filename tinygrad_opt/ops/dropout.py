"""Dropout, and where its random numbers come from."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .operand import array_like


@functools.cache
def default_rng() -> np.random.Generator:
    """What draws where no rng is passed: one generator a process, seeded by the system, so that no run repeats another.

    Made when it is first asked for: NumPy takes a while to load its generators.
    """
    return np.random.default_rng()


def dropout(x: Any, p: float = 0.5, training: bool = True, rng: np.random.Generator | None = None) -> Any:
    """Each entry of x set to 0 with probability p, and divided by 1 - p where it is kept (Srivastava et al., 2014).

    The mean stays what it was, so nothing is to be done when training is over: with training=False, x itself.
    The mask drawn is a constant of the graph: forward, backward and any further derivative share it.
    rng is a NumPy Generator; left out, it is `default_rng()` of this module, which no seed repeats.
    Raises ValueError for p outside [0, 1), TypeError for an rng that is no Generator.

    >>> import numpy as np
    >>> from tinygrad_opt import Value
    >>> x = Value(np.ones(6))
    >>> y = dropout(x, 0.5, rng=np.random.default_rng(0))
    >>> y.sum().backward()
    >>> print(y.data, x.grad)
    [2. 0. 0. 0. 2. 2.] [2. 0. 0. 0. 2. 2.]
    """
    if not 0 <= p < 1:
        raise ValueError(f"dropout needs a probability p of 0 or more and less than 1; got {p}")
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(f"dropout needs a NumPy Generator: rng=np.random.default_rng(seed); got {rng!r}")
    x = array_like(x)
    if not training or p == 0:
        return x
    kept = (default_rng() if rng is None else rng).random(np.shape(x)) >= p
    return x * np.asarray(kept / (1 - p), np.result_type(x, np.float32))
