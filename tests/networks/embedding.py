"""Embeddings.

One with padding_idx is in tests/test_embedding.py: its row of padding counts in the output and gets no gradient,
so that its gradient is no slope.
"""

from networks.cases import Case
from tinygrad_opt import nn


def indices(*shape):
    return lambda rng: rng.integers(0, 5, shape)


CASES = [
    Case("Embedding", lambda: nn.Embedding(5, 3), lambda torch: torch.nn.Embedding(5, 3), indices(2, 4)),
    Case("Embedding of one line", lambda: nn.Embedding(5, 2), lambda torch: torch.nn.Embedding(5, 2), indices(7)),
]
