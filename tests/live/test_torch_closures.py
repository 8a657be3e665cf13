"""LBFGS beside PyTorch's, walked now."""

import pytest
from closure_walks import WALKS, check, ours, theirs

from tinygrad_opt.optim import LBFGS

pytest.importorskip("torch")


@pytest.mark.parametrize("name", WALKS)
def test_lbfgs_walks_as_in_pytorch(name):
    check(name, ours(WALKS[name], LBFGS), theirs(WALKS[name]))
