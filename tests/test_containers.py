"""Sequential, ModuleList and Residual, as one who builds networks with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import nn


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))


def names(model: nn.Module) -> list[str]:
    return [name for name, _ in model.named_parameters()]


def assigned(model: Any, index: Any, module: Any) -> None:
    model[index] = module


REFUSED: Refusals = {
    "a class": (
        lambda: nn.Sequential(nn.Linear(2, 2), nn.ReLU), TypeError,
        f"Sequential takes modules; got {nn.ReLU!r} as 1: write ReLU()"),
    "a list": (
        lambda: nn.Sequential([nn.ReLU()]), TypeError,
        "Sequential takes modules; got [ReLU()] as 0: write Sequential(*modules)"),
    "a function": (
        lambda: nn.ModuleList([np.tanh]), TypeError, "ModuleList takes modules; got <ufunc 'tanh'> as 0"),
    "one module for a list": (
        lambda: nn.ModuleList(nn.ReLU()), TypeError, "ModuleList takes a list of modules; got ReLU()"),
    "names that are numbers": (
        lambda: nn.Sequential({0: nn.ReLU()}), TypeError,
        "the modules of Sequential have strings for names; got 0"),
    "an index too large": (
        lambda: net()[3], IndexError, "Sequential has 3 modules, indexed by whole numbers; got 3"),
    "an index that is a name": (
        lambda: net()["0"], IndexError, "Sequential has 3 modules, indexed by whole numbers; got '0'"),
    "a function in a module's place": (
        lambda: assigned(net(), 1, np.tanh), TypeError, "Sequential takes modules; got <ufunc 'tanh'> as 1"),
    "something else in a detour": (
        lambda: nn.Residual(np.tanh), TypeError, "Residual takes modules; got <ufunc 'tanh'> as module"),
    "a class for a shortcut": (
        lambda: nn.Residual(nn.Linear(3, 4), nn.ReLU), TypeError,
        f"Residual takes modules; got {nn.ReLU!r} as shortcut: write ReLU()"),
    "a detour that changes the shape": (
        lambda: nn.Sequential(nn.Residual(nn.Linear(2, 3)))(np.zeros((5, 2))), ValueError,
        "Residual() at 0 adds its input to the module's output, which must have its shape; "
        "got (5, 2) and (5, 3): give a shortcut that changes the shape alike"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, error, words = REFUSED[name]
    assert refused(call, error) == words


def test_modules_run_in_order():
    model = net()
    x = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_array_equal(model(x).data, model[2](model[1](model[0](x))).data)
    assert nn.Sequential()(3.0) == 3.0


def test_named_modules():
    model = nn.Sequential({"hidden": nn.Linear(2, 3), "out": nn.Linear(3, 2)})
    assert names(model) == ["hidden.weight", "hidden.bias", "out.weight", "out.bias"]
    assert model.hidden is model[0]


def test_a_slice_is_of_the_same_modules_under_the_same_names():
    model = net()
    part = model[1:]
    assert isinstance(part, nn.Sequential)
    assert part[1] is model[2]
    assert names(part) == ["2.weight", "2.bias"]
    assert repr(part) == "Sequential(\n  (1): ReLU()\n  (2): Linear(3, 2)\n)"
    assert [p.name for p in model.parameters()] == names(model)


def test_an_item_is_replaced_in_its_place():
    model = nn.Sequential({"layers": net()})
    model.layers[-1] = nn.Linear(3, 7)
    assert names(model)[2:] == ["layers.2.weight", "layers.2.bias"]
    assert model.layers[2].weight.name == "layers.2.weight"
    assert model(np.zeros((5, 2))).shape == (5, 7)
    model.layers[0] = nn.Linear(4, 3)
    assert names(model)[0] == "layers.0.weight"


def test_appending_never_replaces():
    model = net()[1:].append(nn.ReLU())
    assert [path for path, _ in model.named_modules()] == ["", "1", "2", "3"]
    model = net()
    delattr(model, "0")
    assert [path for path, _ in model.append(nn.ReLU()).named_modules()] == ["", "1", "2", "3"]


def test_the_modules_of_a_list_are_found():
    class Net(nn.Module):
        def __init__(self):
            self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(2))
            self.layers.append(nn.Linear(2, 1))

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    model = Net()
    assert names(model)[-2:] == ["layers.2.weight", "layers.2.bias"]
    assert model(np.zeros((5, 2))).shape == (5, 1)
    assert (len(model.layers), len(model.layers[:2]), model.layers[-1].out_features) == (3, 2, 1)


def test_a_detour_adds():
    x = np.random.default_rng(0).normal(size=(5, 2))
    inner = nn.Linear(2, 2)
    np.testing.assert_array_equal(nn.Residual(inner)(x).data, x + inner(x).data)
    outer, shortcut = nn.Linear(2, 3), nn.Linear(2, 3)
    np.testing.assert_array_equal(nn.Residual(outer, shortcut)(x).data, shortcut(x).data + outer(x).data)
    assert names(nn.Residual(outer, shortcut)) == ["module.weight", "module.bias", "shortcut.weight", "shortcut.bias"]
