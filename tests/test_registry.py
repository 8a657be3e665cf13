"""Optimizers by name: what get takes and what it refuses."""

import re

import pytest

from tinygrad_opt import Value
from tinygrad_opt.optim import L2, Adam, NonNegative, get, registry


def test_every_exported_rule_is_registered():
    from tinygrad_opt import optim

    rules = {
        name
        for name, kind in vars(optim).items()
        if isinstance(kind, type) and issubclass(kind, optim.Optimizer) and kind is not optim.Optimizer
    }
    assert rules == set(registry.KINDS)


def test_options_of_the_constructor_are_settings_too():
    settings = {"transforms": [L2(0.1)], "constraints": [NonNegative()], "kernels": False, "remember": True}
    optimizer = get("adam", lr=0.5, **settings)([Value(1.0)])
    assert isinstance(optimizer, Adam)
    assert optimizer.transforms == settings["transforms"]
    assert optimizer.lr == 0.5


@pytest.mark.parametrize("name", [3, None, Adam])
def test_what_is_not_a_name(name):
    with pytest.raises(TypeError, match=re.escape(f"get takes the name of an optimizer, such as 'adam'; got {name!r}")):
        get(name)


def test_hyperparameters_are_checked_at_once():
    with pytest.raises(ValueError, match=re.escape("Adam: lr must not be negative; got -1")):
        get("adam", lr=-1)


def test_the_parameters_are_not_a_setting():
    with pytest.raises(TypeError, match=r"Adam has no hyperparameter 'params'.*the parameters are the first argument"):
        get("adam", params=[Value(1.0)])
