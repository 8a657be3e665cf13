"""Samples of the contraction of two arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_opt.ops import contractions

from .case import Case, any_number, case, plain, seeds

LENGTHS = {"a": 2, "b": 3, "c": 1, "d": 4, "e": 2, "n": 0}


@st.composite
def contracted(draw: Any) -> Case:
    """Every subscript stands in two of the three places, or in all three; their order is drawn too."""
    seed = draw(seeds)
    places = {
        c: draw(st.sampled_from(["x,y", "x,out", "y,out", "x,y,out"])) for c in draw(st.sets(st.sampled_from("abcde")))
    }
    if draw(st.integers(0, 5)) == 0:
        places["n"] = draw(st.sampled_from(["x,y", "x,out"]))
    x, y, out = (
        "".join(draw(st.permutations([c for c in places if p in places[c].split(",")]))) for p in ("x", "y", "out")
    )
    rng = np.random.default_rng(seed)
    operands = [plain(draw, any_number(rng, tuple(LENGTHS[c] for c in term))) for term in (x, y)]
    live = draw(st.sampled_from([(0, 1), (0,), (1,)]))
    return case(seed, contractions.einsum, operands, live, subscripts=f"{x},{y}->{out}")


SAMPLES: dict[Any, st.SearchStrategy[Case]] = {contractions.einsum: contracted()}
