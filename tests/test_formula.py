"""Formulas of rules: as they were written, for the settings of now."""

import numpy as np
import pytest

from tinygrad_opt import Value
from tinygrad_opt.optim import SGD, SM3, Muon, Optimizer, RAdam, Rate, Transform, named, norm, ratio, total


def formula_of(rule, granularity="element", shape=(2,), **hyper):
    """The formula of a rule without state."""
    names = {"granularity": granularity, "rule": staticmethod(rule), **hyper}
    kind = type("Made", (Optimizer,), {**names, "__annotations__": dict.fromkeys(hyper, Rate)})
    return kind([Value(np.ones(shape))]).formula()


WRITTEN = {
    "another value of a ratio": (
        lambda h, t, p, g: p - ratio(h.lr, norm(g), otherwise=h.lr) * g,
        "p[t] = p[t-1] - ratio(lr, norm(g[t]), lr) * g[t]",
    ),
    "a sum as the other value": (
        lambda h, t, p, g: p - ratio(h.lr, norm(p), otherwise=norm(g)) * g,
        "p[t] = p[t-1] - ratio(lr, norm(p[t-1]), norm(g[t])) * g[t]",
    ),
    "one as the other value": (
        lambda h, t, p, g: p - ratio(h.lr, norm(g)) * g,
        "p[t] = p[t-1] - ratio(lr, norm(g[t])) * g[t]",
    ),
    "a power of a sum of squares": (
        lambda h, t, p, g: p - total(g * g) ** h.power * g,
        "p[t] = p[t-1] - total(g[t] * g[t]) ** power * g[t]",
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_as_it_was_written(name):
    rule, text = WRITTEN[name]
    assert formula_of(rule, lr=1.0, power=0.5) == text


def test_named_functions_of_one_name_are_two():
    double, half = named(lambda x: 2 * x), named(lambda x: x / 2)

    def rule(h, t, p, g):
        one, other = double(g), half(g)
        return p - one - other

    assert formula_of(rule, granularity="array").splitlines()[:2] == ["one = <lambda>(g[t])", "other = <lambda>(g[t])"]


def test_a_choice_shows_at_once():
    optimizer = SGD([Value([1.0, 2.0])], momentum=0.9)
    plain = optimizer.formula()
    optimizer.nesterov = True
    assert optimizer.formula() == SGD([Value([1.0, 2.0])], momentum=0.9, nesterov=True).formula() != plain


def test_what_was_measured_is_that_of_the_latest_step():
    class Small(Optimizer):
        uses_loss = True
        lr: Rate = 0.1

        @staticmethod
        def rule(h, t, p, g):
            return p - h.lr * g if h.loss < 10 else p - g

    class Halved(Transform):
        measures = ("largest",)

        def measure(self, gradients):
            return {"largest": max(float(np.max(g)) for _, g in gradients)}

        @staticmethod
        def rule(h, t, p, g):
            return p, g / 2 if h.largest > 5 else g

    optimizer = Small([Value([1.0, 2.0])], transforms=[Halved()])
    assert optimizer.formula() == "p[t] = p[t-1] - lr * g[t]"
    optimizer.params[0].grad = np.array([6.0, 7.0])
    optimizer.step(20.0)
    assert optimizer.formula() == "g' = g[t] / 2\np[t] = p[t-1] - g'"


def test_latex_tells_how_long_a_form_holds():
    optimizer = RAdam([Value([1.0, 2.0])])
    text, latex = optimizer.formula(), optimizer.formula(latex=True)
    assert text.count("as long as") == latex.count(r"&\text{as long as ") == 1


@pytest.mark.parametrize("kind", [SM3, Muon])
def test_of_an_empty_matrix(kind):
    empty, least = kind([Value(np.zeros((0, 3)))]), kind([Value(np.ones((1, 3)))])
    assert empty.formula() == least.formula()
