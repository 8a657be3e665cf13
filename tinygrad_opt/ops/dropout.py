"""Dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from .operand import array_like
from .random import generator


def dropout(x: Any, p: float = 0.5, training: bool = True, rng: np.random.Generator | None = None) -> Any:
    """Each entry of x set to 0 with probability p, and divided by 1 - p where it is kept (Srivastava et al., 2014).

    The mean stays what it was, so nothing is to be done when training is over: with training=False, x itself.
    The mask drawn is a constant of the graph: forward, backward and any further derivative share it.
    rng is a NumPy Generator; left out, it is `ops.random.default_rng()`, which no seed repeats.
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
    rng = generator(rng, "dropout")
    x = array_like(x)
    if not training or p == 0:
        return x
    kept = rng.random(np.shape(x)) >= p
    return x * np.asarray(kept / (1 - p), np.result_type(x, np.float32))
