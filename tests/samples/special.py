"""Samples of the special functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import special

from .case import Case, between, positive, unary

orders = st.sampled_from([{"order": 0}, {"order": 1}, {"order": 3}])

SAMPLES: dict[Any, st.SearchStrategy[Case]] = {
    special.rsqrt: unary(special.rsqrt, positive),
    **{fn: unary(fn, between(-5, 5)) for fn in (special.erf, special.erfc)},
    np.sinc: unary(np.sinc),
    special.bessel_over_power: unary(special.bessel_over_power, between(-8, 8), orders),
}
