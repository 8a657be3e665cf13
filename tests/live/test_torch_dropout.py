"""What an entry can become in training is what PyTorch makes of it."""

import numpy as np
import pytest

from tinygrad_opt import functional as F

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("name", ["dropout", "alpha_dropout"])
def test_an_entry_dropped_and_one_kept(name, p):
    x = np.full(1000, 0.7)
    theirs = getattr(torch.nn.functional, name)(torch.tensor(x), p, training=True)
    ours = getattr(F, name)(x, p)
    assert np.unique(ours).size == 2
    np.testing.assert_allclose(np.unique(ours), np.unique(theirs.numpy()), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "shape"), [("dropout1d", (8, 30, 4)), ("dropout1d", (30, 4)), ("dropout2d", (8, 30, 2, 2))]
)
def test_channels_fall_together(name, shape):
    x = np.ones(shape)
    theirs = getattr(torch.nn.functional, name)(torch.tensor(x), 0.5, training=True).numpy()
    for y in (theirs, getattr(F, name)(x, 0.5)):
        assert set(np.unique(np.sum(y.reshape(-1, 4), axis=1))) == {0.0, 8.0}
