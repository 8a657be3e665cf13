"""The slides' lists of optimizers: each name is that of one here, or the refusal says where it is."""

import re

import numpy as np
import pytest

from tinygrad_opt import Value, optim

NAMES = {
    "Adagrad": optim.Adagrad,
    "Adadelta": optim.Adadelta,
    "Adam": optim.Adam,
    "adam": optim.Adam,
    "BFGS": optim.BFGS,
    "Momentum": optim.Momentum,
    "Nesterov": optim.Nesterov,
    "RMSProp": optim.RMSprop,
    "rmsprop": optim.RMSprop,
    "SGD": optim.SGD,
}

ELSEWHERE = {
    "Conjugate Gradients": "minimize(f, x0, method='cg')",
    "CG": "minimize(f, x0, method='cg')",
    "Newton's Method": "minimize(f, x0, method='newton')",
    "Newton": "minimize(f, x0, method='newton')",
    "GD": "minimize(f, x0, method='gd')",
    "Gradient Descent": "SGD with the gradient of the loss over all points",
    "Mini-batch Gradient Descent": "SGD with the gradient of the loss over some of the points",
    "Perceptron": "SGD with the gradient of optim.perceptron_loss",
    "Nesterov Momentum": "did you mean 'Nesterov'?",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_name_is_that_of_an_optimizer(name):
    assert type(optim.get(name)([Value(1.0)])) is NAMES[name]


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_refusal_says_where_it_is(name):
    with pytest.raises(ValueError, match=re.escape(ELSEWHERE[name])) as refusal:
        optim.get(name)
    assert repr(name) in str(refusal.value)


@pytest.mark.parametrize("method", ["cg", "newton", "gd"])
def test_what_the_refusals_point_to_is_there(method):
    found = optim.minimize(lambda x: np.sum((x - [1.0, 2.0]) ** 2), np.zeros(2), method=method)
    assert found.x == pytest.approx([1.0, 2.0])
    assert callable(optim.perceptron_loss)
