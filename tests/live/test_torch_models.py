"""Whole models beside PyTorch: weights in, weights back, and training as there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from models import oracles
from models.cases import TRAININGS, run

from tinygrad_opt import nn, optim
from tinygrad_opt.functional import cross_entropy

torch = pytest.importorskip("torch")


def lenet(library: Any) -> Any:
    """LeCun et al., 1998, with maxima and relu."""
    return library.Sequential(
        library.Conv2d(1, 6, 5),
        library.ReLU(),
        library.MaxPool2d(2),
        library.Conv2d(6, 16, 5),
        library.ReLU(),
        library.MaxPool2d(2),
        library.Flatten(),
        library.Linear(256, 120),
        library.ReLU(),
        library.Linear(120, 84),
        library.ReLU(),
        library.Linear(84, 10),
    )


def characters(library: Any) -> Any:
    """The next character from the last three (Bengio et al., 2003); the first is the padding before a word."""
    return library.Sequential(
        library.Embedding(28, 6, padding_idx=0),
        library.Flatten(),
        library.Linear(18, 32),
        library.ReLU(),
        library.Linear(32, 28),
    )


def images(rng: np.random.Generator) -> Any:
    return rng.normal(size=(4, 1, 28, 28)), rng.integers(0, 10, 4)


def contexts(rng: np.random.Generator) -> Any:
    return rng.integers(0, 28, (40, 3)), rng.integers(0, 28, 40)


MODELS = {"LeNet": (lenet, images), "characters": (characters, contexts)}
by_name = pytest.mark.parametrize("name", MODELS)


@by_name
def test_weights_in_give_the_same_outputs_and_gradients(name):
    make, data = MODELS[name]
    theirs, ours = make(torch.nn).double(), make(nn)
    ours.load_state_dict(theirs.state_dict())
    x, y = data(np.random.default_rng(0))
    out, expected = ours(x), theirs(torch.tensor(x))
    np.testing.assert_allclose(out.data, expected.detach().numpy(), rtol=1e-12, atol=1e-13)
    cross_entropy(out, y).backward()
    torch.nn.functional.cross_entropy(expected, torch.tensor(y)).backward()
    gradients = {name: p.grad.numpy() for name, p in theirs.named_parameters()}
    assert list(gradients) == [name for name, _ in ours.named_parameters()]
    for path, p in ours.named_parameters():
        np.testing.assert_allclose(p.grad, gradients[path], rtol=1e-10, atol=1e-14, err_msg=path)


@by_name
def test_trained_weights_back_give_the_same_predictions(name):
    make, data = MODELS[name]
    theirs, ours = make(torch.nn).double(), make(nn)
    x, y = data(np.random.default_rng(0))
    optimizer = optim.Adam.torch(ours.named_parameters(), lr=1e-2)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = cross_entropy(ours(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 1.2
    theirs.load_state_dict({name: torch.from_numpy(a) for name, a in ours.state_dict().items()})
    expected = theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(ours(x).data, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(ours(x).data.argmax(1), expected.argmax(1))


@by_name
def test_float32_as_pytorch_has_it(name):
    make, data = MODELS[name]
    theirs, ours = make(torch.nn), make(nn).astype(np.float32)
    ours.load_state_dict(theirs.state_dict())
    x, _ = data(np.random.default_rng(0))
    out = ours(x)
    assert out.dtype == np.float32
    x = torch.tensor(x) if x.dtype.kind == "i" else torch.tensor(x).float()
    np.testing.assert_allclose(out.data, theirs(x).detach().numpy(), rtol=1e-4, atol=1e-5)


@by_name
def test_the_same_names_in_the_same_order(name):
    make, _ = MODELS[name]
    assert {k: a.shape for k, a in make(nn).state_dict().items()} == {
        k: tuple(a.shape) for k, a in make(torch.nn).state_dict().items()
    }
    assert list(make(nn).state_dict()) == list(make(torch.nn).state_dict())


def test_parameters_that_still_record_are_taken():
    """dict(named_parameters()) is what many pass on; PyTorch itself refuses to make arrays of these."""
    theirs, ours = torch.nn.Linear(3, 2).double(), nn.Linear(3, 2)
    ours.load_state_dict(dict(theirs.named_parameters()))
    np.testing.assert_array_equal(ours.weight.data, theirs.weight.detach().numpy())


def test_a_tensor_that_numpy_cannot_hold_is_named():
    with pytest.raises(TypeError, match=r"^the state's weight cannot be read as an array: .*BFloat16"):
        nn.Linear(3, 2).load_state_dict(torch.nn.Linear(3, 2).bfloat16().state_dict())


def tied(library: Any) -> Any:
    model = library.Sequential(library.Linear(4, 4), library.ReLU(), library.Linear(4, 4))
    model[2].weight = model[0].weight
    return model


def test_tied_weights_are_counted_and_saved_as_there():
    theirs, ours = tied(torch.nn).double(), tied(nn)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(0).normal(size=(5, 4))
    ours(x).sum().backward()
    theirs(torch.tensor(x)).sum().backward()
    np.testing.assert_allclose(ours[0].weight.grad, theirs[0].weight.grad.numpy(), rtol=1e-12)
    theirs.load_state_dict({name: torch.from_numpy(a) for name, a in ours.state_dict().items()})


@pytest.mark.parametrize("training", TRAININGS, ids=lambda training: training.name)
def test_a_hundred_steps(training):
    start = oracles.start(training)
    losses, end = run(training, start)
    expected, expected_end = oracles.run(training, start)
    np.testing.assert_allclose(losses, expected, rtol=1e-10)
    for name, a in end.items():
        np.testing.assert_allclose(a, expected_end[name], rtol=1e-10, atol=1e-10, err_msg=name)
