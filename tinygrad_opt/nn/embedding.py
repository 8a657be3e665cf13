"""A table of vectors, one for each word, character or kind of thing."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional
from ..settings import count, whole_number
from ..value import Value
from .inputs import named
from .module import Module
from .weights import weight_array


class Embedding(Module):
    """The rows of weight that the indices name.

    indices (...) of whole numbers, weight (num_embeddings, embedding_dim)  ->  (..., embedding_dim)

    padding_idx  a row that stands for nothing: zeros at first, and it gets no gradient; negative counts from the end
    init         how weight is drawn, as that of `Linear`; left out, from N(0, 1), as in PyTorch

    Raises TypeError for indices that are no whole numbers, IndexError for such beyond 0 to num_embeddings - 1.

    >>> layer = Embedding(10, 3, padding_idx=0)
    >>> layer(np.array([[0, 4, 4, 9]])).shape
    (1, 4, 3)
    >>> layer.weight.data[0]
    array([0., 0., 0.])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        init: Any = "normal",
        rng: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ):
        self.num_embeddings = count("Embedding", "num_embeddings", num_embeddings)
        self.embedding_dim = count("Embedding", "embedding_dim", embedding_dim)
        self.padding_idx = padding_row(padding_idx, num_embeddings)
        init = "normal" if isinstance(init, str) and init == "torch" else init
        self.weight = Value(weight_array("Embedding", init, (num_embeddings, embedding_dim), rng, dtype))
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def forward(self, indices: Any) -> Any:
        with named(self):
            rows = functional.embedding(indices, self.weight)
        if self.padding_idx is None:
            return rows
        padding = np.equal(indices, self.padding_idx)[..., None]
        return np.where(padding, self.weight.data[self.padding_idx], rows)


def padding_row(index: int | None, rows: int) -> int | None:
    """padding_idx counted from the first row."""
    if index is None:
        return None
    if not -rows <= whole_number("Embedding", "padding_idx", index) < rows:
        raise ValueError(f"Embedding: padding_idx must be a row from {-rows} to {rows - 1}; got {index}")
    return index % rows
