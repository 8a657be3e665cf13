"""PyTorch's names of the contractions and of linear algebra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tinygrad_opt.ops import contractions, determinants, factorizations, norms


def solve(a: Any, b: Any) -> Any:
    """NumPy takes one dimension for a vector, and no other."""
    return torch.linalg.solve(a, b[..., None])[..., 0] if b.ndim == 1 else torch.linalg.solve(a, b)


def symmetric(a: Any) -> Any:
    return (a + a.mT) / 2


def as_signed(theirs: Any, ours: Any) -> Any:
    """1 or -1 for each column: which sign the other LAPACK gave to the same vector."""
    return torch.sign(torch.sum(theirs.detach() * torch.as_tensor(ours), -2, keepdim=True))


def eigh(a: Any) -> Any:
    w, v = torch.linalg.eigh(symmetric(a))
    sign = as_signed(v, np.linalg.eigh(symmetric(a).detach().numpy())[1])
    return torch.cat([w[..., None, :], v * sign], -2)


def svd(a: Any) -> Any:
    u, s, vh = torch.linalg.svd(a, full_matrices=False)
    sign = as_signed(u, np.linalg.svd(a.detach().numpy(), full_matrices=False)[0])
    return torch.cat([u * sign, s[..., None, :], vh.mT * sign], -2)


def qr(a: Any) -> Any:
    q, r = torch.linalg.qr(a)
    return torch.cat([q, r.mT], -2)


def p_norm(x: Any, p: float = 2, axis: Any = None, keepdims: bool = False) -> Any:
    return torch.linalg.vector_norm(x, p, axis, keepdims)


TORCH: dict[Any, Callable[..., Any]] = {
    contractions.einsum: lambda x, y, subscripts: torch.einsum(subscripts, x, y),
    np.linalg.solve: solve,
    np.linalg.inv: torch.linalg.inv,
    np.linalg.pinv: torch.linalg.pinv,
    np.linalg.det: torch.linalg.det,
    determinants.logabsdet: lambda a: torch.linalg.slogdet(a).logabsdet,
    factorizations.cholesky: lambda a: torch.linalg.cholesky(symmetric(a)),
    factorizations.stacked_eigh: eigh,
    factorizations.stacked_svd: svd,
    factorizations.stacked_qr: qr,
    norms.p_norm: p_norm,
}
UNNAMED = {determinants.cofactor, determinants.cofactor_change}
