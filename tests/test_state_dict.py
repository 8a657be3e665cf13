"""A model's state, taken out and put back, and the states that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import Value, nn
from tinygrad_opt.optim import SGD, Adam

X = np.random.default_rng(0).normal(size=(5, 2))


def net(seed: int = 0, dtype: Any = np.float64) -> nn.Sequential:
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(2, 3, rng=rng), nn.ReLU(), nn.Linear(3, 2, rng=rng)).astype(dtype)
    model.register_buffer("count", np.array(seed))
    return model


NAMES = ["count", "0.weight", "0.bias", "2.weight", "2.bias"]


def test_taken_out_and_put_back():
    state = net(1).state_dict()
    assert list(state) == NAMES
    model = net(2)
    assert model.load_state_dict(state) == ([], [])
    np.testing.assert_array_equal(model(X).data, net(1)(X).data)
    assert model.count == 1


def test_a_state_is_a_copy():
    model = net()
    state = model.state_dict()
    state["0.weight"][...] = 0
    assert np.all(model[0].weight.data)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_an_optimizer_goes_on(kind):
    """It steps from the loaded numbers as from the same numbers in another model."""
    model, expected = net(1), net(2)
    optimizers = [kind(one.named_parameters(), lr=0.1) for one in (model, expected)]
    model.load_state_dict(expected.state_dict())
    for _ in range(2):
        for one, optimizer in zip((model, expected), optimizers, strict=True):
            optimizer.zero_grad()
            ((one(X) - 1) ** 2).sum().backward()
            optimizer.step()
    for p, q in zip(model.parameters(), expected.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)
    assert not np.array_equal(model[0].weight.data, net(2)[0].weight.data)


def test_the_arrays_stay():
    model = net(1)
    arrays = [p.data for p in model.parameters()]
    model.load_state_dict(net(2).state_dict())
    assert all(p.data is a for p, a in zip(model.parameters(), arrays, strict=True))


def test_numbers_come_in_the_dtype_of_the_model():
    model = net(1, np.float32)
    model.load_state_dict(net(2).state_dict())
    assert model[0].weight.dtype == np.float32
    np.testing.assert_array_equal(model[0].weight.data, net(2)[0].weight.data.astype(np.float32))


def test_values_lists_and_whole_numbers_are_numbers():
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": [[1, 2]], "bias": Value([3.0])})
    assert layer(np.array([1.0, 1.0])).data.tolist() == [6.0]


def test_a_parameter_that_is_a_number():
    class Scale(nn.Module):
        def __init__(self) -> None:
            self.by = Value(2.0)

    model = Scale()
    model.load_state_dict({"by": np.float32(0.5)})
    assert model.by.data == 0.5
    assert type(model.by.data) is float
    assert model.state_dict()["by"].shape == ()


def test_not_strict_says_what_it_passed_over():
    model = net(1)
    state = {"0.weight": np.ones((3, 2)), "head.weight": np.ones(3)}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert missing == [name for name in NAMES if name != "0.weight"]
    assert unexpected == ["head.weight"]
    np.testing.assert_array_equal(model[0].weight.data, 1)
    np.testing.assert_array_equal(model[2].weight.data, net(1)[2].weight.data)


def test_a_shared_parameter_takes_either_name():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    state = model.state_dict()
    del state["0.weight"]
    state["1.weight"] = np.ones((2, 2))
    with pytest.raises(ValueError, match=r"it lacks 0\.weight$"):
        model.load_state_dict(state)
    model.load_state_dict(state, strict=False)
    np.testing.assert_array_equal(model[0].weight.data, 1)


def fit(state: Any) -> Any:
    return lambda: net().load_state_dict(state)


DEEP = nn.Sequential(*(nn.Linear(1, 1) for _ in range(5)))
SHAPE = "is () in it, {} in the model"
REFUSED: Refusals = {
    "entries that it lacks": (
        fit({"count": 1, "0.weight": np.ones((3, 2)), "0.bias": np.ones(3)}), ValueError,
        "the state does not fit Sequential: it lacks 2.weight, 2.bias"),
    "entries too many": (
        fit({**net().state_dict(), "4.weight": 1, "4.bias": 1}), ValueError,
        "the state does not fit Sequential: it has 4.weight, 4.bias, unknown to the model"),
    "other shapes": (
        fit({**net().state_dict(), "0.weight": np.ones((2, 3)), "2.bias": 1.0}), ValueError,
        "the state does not fit Sequential: 0.weight is (2, 3) in it, (3, 2) in the model; "
        "2.bias is () in it, (2,) in the model"),
    "everything at once": (
        fit({"count": 1, "0.weight": 1.0, "0.bias": np.ones(3), "2.weight": np.ones((2, 3)), "out": 1}), ValueError,
        "the state does not fit Sequential: it lacks 2.bias; it has out, unknown to the model; "
        "0.weight is () in it, (3, 2) in the model"),
    "a model without names in common": (
        lambda: DEEP.load_state_dict({}), ValueError,
        "the state does not fit Sequential: "
        "it lacks 0.weight, 0.bias, 1.weight, 1.bias, 2.weight, 2.bias and 4 more"),
    "shapes that all differ": (
        lambda: DEEP.load_state_dict(dict.fromkeys(DEEP.state_dict(), 1.0)), ValueError,
        "the state does not fit Sequential: "
        + "; ".join(f"{i}.weight {SHAPE.format('(1, 1)')}; {i}.bias {SHAPE.format('(1,)')}" for i in range(3))
        + "; 4 more shapes differ"),
    "text": (
        fit({**net().state_dict(), "0.bias": ["a", "b", "c"]}), TypeError,
        "the state's 0.bias must be real numbers; got <U1"),
    "complex numbers": (
        fit({**net().state_dict(), "0.bias": np.ones(3) * 1j}), TypeError,
        "the state's 0.bias must be real numbers; got complex128"),
    "the arrays without their names": (
        fit(list(net().state_dict().values())), TypeError,
        "load_state_dict takes a dict of arrays by name; got a list"),
    "the model for its state": (
        fit(net()), TypeError, "load_state_dict takes a dict of arrays by name; got a Sequential"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, error, words = REFUSED[name]
    assert refused(call, error) == words


@pytest.mark.parametrize(
    ("name", "entry"), [("2.bias", np.ones(3)), ("2.bias", "text"), ("3.bias", np.ones(3)), ("2.bias", [[1], [1, 2]])]
)
def test_after_a_refusal_nothing_has_changed(name, entry):
    model, before = net(1), net(1).state_dict()
    with pytest.raises((TypeError, ValueError)):
        model.load_state_dict({**net(2).state_dict(), name: entry})
    for name, a in model.state_dict().items():
        np.testing.assert_array_equal(a, before[name])


def test_a_ragged_entry_is_named():
    words = refused(lambda: net().load_state_dict({**net().state_dict(), "2.bias": [[1], [1, 2]]}), TypeError)
    assert words.startswith("the state's 2.bias cannot be read as an array: ")
