"""nn.MLP: its layers, how their weights are drawn, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import init, nn
from tinygrad_opt.init.registry import Initializer


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def weights(model: nn.MLP) -> list[Any]:
    return [p.data for name, p in model.named_parameters() if name.endswith("weight") and p.ndim == 2]


def test_sizes_and_names() -> None:
    model = nn.MLP(784, 512, 10)
    assert model.summary().parameters == model.count_params() == 407_050
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert nn.MLP(3, 4, 2, 1).count_params() == 29
    assert model(np.zeros((5, 784))).shape == (5, 10)
    assert [type(module).__name__ for module in model] == ["Linear", "ReLU", "Linear"]
    assert [type(module).__name__ for module in nn.MLP(2, 1)] == ["Linear"]
    assert nn.MLP(3, 4, 1, bias=False).count_params() == 16


DRAWN: list[tuple[Any, Initializer]] = [
    ("relu", init.get("relu")),
    ("tanh", init.xavier_normal),
    ("linear", init.xavier_uniform),
    (nn.SELU, init.lecun_normal),
    ("Leaky-ReLU", init.get("leaky_relu")),
    (lambda: nn.LeakyReLU(0.5), init.get("leaky_relu", a=0.5)),
    (nn.PReLU, init.get("prelu")),
    ("rrelu", init.get("rrelu")),
    ("sparse_plus", init.get("relu")),
]


@pytest.mark.parametrize(("activation", "drawn"), DRAWN)
def test_weights_are_drawn_by_the_activation_that_follows(activation: Any, drawn: Initializer) -> None:
    rng = generator()
    first, second = weights(nn.MLP(3, 4, 2, activation=activation, rng=generator()))
    np.testing.assert_array_equal(first, drawn((4, 3), rng=rng))
    np.testing.assert_array_equal(second, init.xavier_uniform((2, 4), rng=rng))


@pytest.mark.parametrize("name", sorted(set(nn.activation_names.NAMED) - {"threshold"}))
def test_every_activation_has_weights_before_it(name: str) -> None:
    assert nn.MLP(4, 4, 2, activation=name).count_params() >= 30


def test_weights_by_a_scheme_that_is_given() -> None:
    for scheme in ("orthogonal", init.orthogonal):
        for weight in weights(nn.MLP(4, 4, 4, init=scheme, activation="tanh")):
            np.testing.assert_allclose(weight @ weight.T, np.eye(4), atol=1e-14)
    assert nn.MLP(4, 3, 2, init="torch")[2].bias.data.any()


@pytest.mark.parametrize("activation", ["relu", "prelu", lambda: nn.PReLU(3)])
def test_float32_is_kept(activation: Any) -> None:
    model = nn.MLP(2, 3, 1, activation=activation, dtype=np.float32)
    assert {a.dtype.name for a in model.state_dict().values()} == {"float32"}
    assert model(np.zeros((4, 2), np.float32)).dtype == np.float32


def test_one_seed_is_one_run_with_random_slopes_too() -> None:
    x = np.random.default_rng(1).normal(size=(5, 2))
    runs = [nn.MLP(2, 8, 1, activation="rrelu", rng=generator())(x).data for _ in range(2)]
    np.testing.assert_array_equal(*runs)
    own = nn.MLP(2, 8, 1, activation=lambda: nn.RReLU(rng=np.random.default_rng(7)), rng=generator())(x).data
    assert not np.array_equal(own, runs[0])


def test_each_layer_has_an_activation_of_its_own() -> None:
    model = nn.MLP(2, 3, 3, 1, activation="prelu")
    assert model[1] is not model[3]
    assert list(model.state_dict())[2:3] == ["1.weight"]


def test_dropout_follows_each_activation() -> None:
    model = nn.MLP(2, 100, 100, 1, dropout=0.25, rng=generator())
    assert [type(module).__name__ for module in model] == [*["Linear", "ReLU", "Dropout"] * 2, "Linear"]
    assert list(model.state_dict())[::2] == ["0.weight", "3.weight", "6.weight"]
    x = np.random.default_rng(1).normal(size=(50, 2))
    hidden, dropped = model[:2](x).data, model[:3](x).data
    assert np.mean(dropped[hidden > 0] == 0) == pytest.approx(0.25, abs=0.03)
    again = nn.MLP(2, 100, 100, 1, dropout=0.25, rng=generator())
    assert again[:2](x).data.tolist() == hidden.tolist()
    assert again[:3](x).data.tolist() == dropped.tolist()
    with model.eval():
        assert model(x).data.tolist() == model(x).data.tolist()


class Square(nn.Module):
    def forward(self, x: Any) -> Any:
        return x * x


def test_an_activation_of_ones_own_needs_an_initializer() -> None:
    assert refused(lambda: nn.MLP(2, 3, 1, activation=Square), ValueError) == (
        "MLP knows no initializer for weights before Square: give one, as init='he_normal'"
    )
    assert nn.MLP(2, 3, 1, activation=Square, init="he_normal")(np.ones(2)).shape == (1,)


REFUSED: Refusals = {
    "no sizes": (lambda: nn.MLP(), ValueError, "MLP takes two sizes or more, of its input and of each layer; got ()"),
    "one size": (
        lambda: nn.MLP(3), ValueError, "MLP takes two sizes or more, of its input and of each layer; got (3,)"),
    "half a neuron": (
        lambda: nn.MLP(3, 2.5, 1), ValueError,
        "MLP: each size must be a whole number, at least 1; got 2.5"),
    "no neuron": (lambda: nn.MLP(3, 0), ValueError, "MLP: each size must be a whole number, at least 1; got 0"),
    "more dropped than there is": (
        lambda: nn.MLP(3, 1, dropout=1.5), ValueError,
        "MLP: dropout must be a number of 0 or more and less than 1, the share that is dropped, "
        "not the share that is kept; got 1.5"),
    "sizes in a list": (
        lambda: nn.MLP(3, [4, 4, 1]), ValueError,
        "MLP takes its sizes one by one, as MLP(784, 512, 10); got 3, [4, 4, 1]"),
    "an activation for all": (
        lambda: nn.MLP(3, 4, 1, activation=nn.ELU()), TypeError,
        "MLP makes an activation for each layer: give it a name or what makes one, "
        "as nn.ELU or lambda: nn.ELU(0.5); got ELU()"),
    "a function for an activation": (
        lambda: nn.MLP(2, 8, 1, activation=np.tanh), TypeError,
        "MLP makes an activation for each layer: give it a name or what makes one, "
        "as nn.ELU or lambda: nn.ELU(0.5); got <ufunc 'tanh'>: activation='tanh'"),
    "what takes arguments": (
        lambda: nn.MLP(2, 8, 1, activation=nn.Threshold), TypeError,
        "MLP makes an activation for each layer: give it a name or what makes one, "
        f"as nn.ELU or lambda: nn.ELU(0.5); got {nn.Threshold!r}: activation='threshold'"),
    "no activation": (
        lambda: nn.MLP(3, 4, 1, activation=None), TypeError,
        "MLP makes an activation for each layer: give it a name or what makes one, "
        "as nn.ELU or lambda: nn.ELU(0.5); got None"),
    "what makes no module": (
        lambda: nn.MLP(3, 4, 1, activation=lambda: 3), TypeError,
        "MLP: activation must make a module; it made 3"),
    "a name that is misspelt": (
        lambda: nn.MLP(3, 4, 1, activation="sigmod"), ValueError,
        "there is no activation 'sigmod': did you mean 'sigmoid'?"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_misuse_is_explained(name: str) -> None:
    call, error, message = REFUSED[name]
    assert refused(call, error) == message
