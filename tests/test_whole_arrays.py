"""Rules that are given whole arrays: their formulas, and their steps explained."""

import re

import numpy as np
import pytest

from tinygrad_opt import Value
from tinygrad_opt.optim import Optimizer, Rate, named


def after(gradient, start):
    w = Value(np.array(start), name="w")
    w.grad = np.array(gradient)
    optimizer = Centered([w])
    optimizer.step()
    return optimizer


@named
def flipped(x):
    return x[::-1]


class Centered(Optimizer):
    """Gradient descent without the mean of each row, by a roundabout way."""

    granularity = "array"
    lr: Rate = 0.1

    @staticmethod
    def rule(h, t, p, g):
        centered = flipped(flipped(g - np.mean(g, axis=-1, keepdims=True)))
        return p - h.lr * centered


def test_rules_of_whole_arrays_have_formulas():
    optimizer = after(np.ones((4, 3)), np.ones((4, 3)))
    assert optimizer.formula() == (
        "centered = flipped(flipped(g[t] - mean(g[t], axis=-1, keepdims=True)))\np[t] = p[t-1] - lr * centered"
    )
    assert r"\mathrm{flipped}" in optimizer.formula(latex=True)


def test_they_are_explained_with_whole_arrays():
    optimizer = after([[1.0, 3.0]], [[0.0, 5.0]])
    assert str(optimizer.explain(index=1)) == (
        "Centered, step 1 of w[0, 1]:\n"
        "  centered = flipped(flipped(g[t] - mean(g[t], axis=-1, keepdims=True)))"
        " = flipped(flipped([[1, 3]] - mean([[1, 3]], axis=-1, keepdims=True))) = 1\n"
        "  p[t] = p[t-1] - lr * centered = [[0, 5]] - 0.1 * [[-1, 1]] = 4.9"
    )


def test_a_named_function_needs_whole_arrays():
    class Entrywise(Centered):
        granularity = "element"

        @staticmethod
        def rule(h, t, p, g):
            return p - h.lr * flipped(g)

    with pytest.raises(TypeError, match=re.escape("flipped needs whole arrays: set granularity = 'array'")):
        Entrywise([Value(np.ones(2))])
