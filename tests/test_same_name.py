"""One name, several rules: how far apart fifty steps of the same walk bring the forms between which one may choose."""

import numpy as np
import pytest
from optimizers.cases import walk

from tinygrad_opt.optim import Adadelta, Adagrad, Adam, Adamax, AMSGrad, NAdam, RAdam, RMSprop

SHAPES = ((5,), (4, 3), ())


def falling(step):
    return 0.01 / (1 + step)


# What the other form is, the settings in common, those of the form, and the distance, rounded down.
FORMS = [
    ("epsilon hat, 1e-8", Adam, {"lr": 0.01}, {"eps_mode": "hat"}, 1e-7),
    ("epsilon hat, 1e-3", Adam, {"lr": 0.01, "eps": 1e-3}, {"eps_mode": "hat"}, 7e-3),
    ("eps inside, 1e-3", Adam, {"lr": 0.01, "eps": 1e-3}, {"eps_mode": "inside"}, 4e-3),
    ("no bias correction", Adam, {"lr": 0.01}, {"bias_correction": False}, 1.0),
    ("the maximum of v_hat", AMSGrad, {"lr": 0.01}, {"maximum_of": "hat"}, 8e-2),
    ("eps outside the maximum, 1e-3", Adamax, {"eps": 1e-3}, {"eps_mode": "outside"}, 1e-6),
    ("Keras' schedule", NAdam, {}, {"momentum_decay": 1.0}, 2e-3),
    ("no schedule", NAdam, {}, {"momentum_schedule": False}, 9e-3),
    ("eps after the correction, 1e-3", RAdam, {"lr": 0.01, "eps": 1e-3}, {"eps_mode": "outside"}, 5e-4),
    ("eps inside, 1e-7", Adagrad, {"eps": 1e-7}, {"eps_mode": "inside"}, 1e-6),
    ("a start at 0.1", Adagrad, {}, {"initial_accumulator_value": 0.1}, 9e-3),
    ("eps inside, 1e-7", RMSprop, {"lr": 0.01, "rho": 0.9, "eps": 1e-7}, {"eps_mode": "inside"}, 4e-5),
    ("bias correction", RMSprop, {"lr": 0.01, "rho": 0.9}, {"bias_correction": True}, 8e-2),
    ("lr in the buffer", RMSprop, {"lr": falling, "momentum": 0.9}, {"lr_in_buffer": True}, 1.0),
    ("eps outside, 1e-5", Adadelta, {"eps": 1e-5}, {"eps_mode": "outside"}, 5e-1),
]


def apart(one, other):
    differences = [
        np.max(np.abs(a - b))
        for ours, theirs in zip(walk(one, SHAPES), walk(other, SHAPES), strict=True)
        for a, b in zip(ours, theirs, strict=True)
    ]
    return float(np.max(differences))


@pytest.mark.parametrize(
    ("kind", "common", "form", "distance"),
    [pytest.param(kind, *rest, id=f"{kind.__name__}: {name}") for name, kind, *rest in FORMS],
)
def test_the_forms_differ(kind, common, form, distance):
    found = apart(lambda ps: kind(ps, **common), lambda ps: kind(ps, **common, **form))
    assert distance <= found < 2 * distance


def test_a_buffer_with_lr_in_it_is_the_same_while_lr_stays():
    one, other = (lambda ps, inside=inside: RMSprop(ps, momentum=0.9, lr_in_buffer=inside) for inside in (False, True))
    assert apart(one, other) < 1e-12
