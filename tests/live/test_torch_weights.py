"""Files of weights go both ways between a model here and the same one in PyTorch."""

import numpy as np
import pytest

from tinygrad_opt import nn
from tinygrad_opt.train import load_weights, save_checkpoint, save_weights

torch = pytest.importorskip("torch")
theirs = pytest.importorskip("safetensors.torch")


def models(dtype="float32", seed=0):
    rng = np.random.default_rng(seed)
    layers = [(nn.Linear, 4, 8), (nn.BatchNorm1d, 8), (nn.ReLU,), (nn.Dropout, 0.5), (nn.Linear, 8, 2)]
    ours = nn.Sequential(
        *(kind(*sizes, rng=rng, dtype=dtype) if kind is nn.Linear else kind(*sizes) for kind, *sizes in layers)
    )
    net = torch.nn.Sequential(*(getattr(torch.nn, kind.__name__)(*sizes) for kind, *sizes in layers))
    return ours.astype(dtype), net.to(getattr(torch, dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ours_in_pytorch(tmp_path, dtype):
    (ours, net), path = models(dtype), tmp_path / "model.safetensors"
    x = np.random.default_rng(1).normal(size=(5, 4)).astype(dtype)
    ours(x)  # moves the running statistics
    save_weights(path, ours)
    net.load_state_dict(theirs.load_file(path))
    with torch.no_grad():
        expected = net.eval()(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(ours.eval()(x).data, expected, rtol=1e-5 if dtype == "float32" else 1e-12)
    save_checkpoint(path, model=ours)
    assert torch.equal(theirs.load_file(path)["model.0.weight"], net.state_dict()["0.weight"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_theirs_here(tmp_path, dtype):
    (ours, net), path = models(dtype), tmp_path / "model.safetensors"
    x = np.random.default_rng(1).normal(size=(5, 4)).astype(dtype)
    net(torch.from_numpy(x))
    theirs.save_file(net.state_dict(), path)
    assert load_weights(path, ours) == ([], [])
    for name, tensor in net.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name], tensor.numpy())


def test_pytorch_s_own_pickles_are_refused(tmp_path):
    ours, net = models()
    torch.save(net.state_dict(), tmp_path / "model.npz")
    with pytest.raises(ValueError, match=r"model\.npz: it holds what is no array: model/data\.pkl"):
        load_weights(tmp_path / "model.npz", ours)


def test_what_numpy_has_no_type_for_is_refused(tmp_path):
    ours, net = models()
    theirs.save_file(net.to(torch.bfloat16).state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(
        ValueError, match=r"model\.safetensors: .* it has tensors of BF16, for which NumPy has no dtype"
    ):
        load_weights(tmp_path / "model.safetensors", ours)
