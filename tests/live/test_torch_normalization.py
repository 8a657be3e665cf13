"""States of normalization layers move to PyTorch and back as they are."""

import warnings

import numpy as np
import pytest

from tinygrad_opt import Value, nn

torch = pytest.importorskip("torch")


def theirs_with_weight_norm():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return torch.nn.utils.weight_norm(torch.nn.Linear(4, 3))


PAIRS = {
    "batch norm": (lambda: nn.BatchNorm1d(4), lambda: torch.nn.BatchNorm1d(4)),
    "averages": (lambda: nn.BatchNorm1d(4, momentum=None), lambda: torch.nn.BatchNorm1d(4, momentum=None)),
    "instance norm": (
        lambda: nn.InstanceNorm1d(4, track_running_stats=True),
        lambda: torch.nn.InstanceNorm1d(4, track_running_stats=True),
    ),
    "group norm": (lambda: nn.GroupNorm(2, 4), lambda: torch.nn.GroupNorm(2, 4)),
    "layer norm": (lambda: nn.LayerNorm(4), lambda: torch.nn.LayerNorm(4)),
    "weight norm": (lambda: nn.weight_norm(nn.Linear(4, 3)), theirs_with_weight_norm),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_state_moves_both_ways(name):
    """Theirs runs on from our state, ours from theirs, to the same outputs and states."""
    ours, theirs = PAIRS[name][0](), PAIRS[name][1]().double()
    x = np.random.default_rng(0).normal(1.0, 2.0, (3, 4, 4) if name == "instance norm" else (3, 4))
    ours(x)
    theirs.load_state_dict({name: torch.from_numpy(a) for name, a in ours.state_dict().items()})
    theirs(torch.tensor(x))
    ours.load_state_dict(theirs.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    np.testing.assert_allclose(ours(Value(x)).data, theirs(torch.tensor(x)).detach().numpy(), rtol=1e-12, atol=1e-14)
    for entry, a in theirs.state_dict().items():
        assert ours.state_dict()[entry].dtype == a.numpy().dtype
        np.testing.assert_allclose(ours.state_dict()[entry], a.numpy(), rtol=1e-12, err_msg=entry)
