"""How accurate each method of gradcheck is: on the function of Squire & Trapp (1998), and on a deep net.

The figures stand in docs/gradient_checking.md; the bounds here are a few times above them.
"""

import numpy as np
import pytest

from tinygrad_opt import gradcheck

SLOPE = 3.62203370071632606  # of the function at 1.5, from its formula in extended precision
BOUNDS = [("central", 1e-9, 5e-9), ("richardson", 5e-12, 5e-12), ("complex", 1e-15, 1e-14)]


def squire_trapp(x):
    return np.exp(x) / (np.sin(x) ** 3 + np.cos(x) ** 3)


def deep_net(*weights):
    h = np.linspace(-1, 1, 8)
    for w in weights:
        h = np.tanh(h @ w)
    return np.sum(h**2)


@pytest.mark.parametrize(("method", "bound", "_"), BOUNDS)
def test_the_accuracy_of_each_method_on_a_number(method, bound, _):
    report = gradcheck(squire_trapp, 1.5, method=method)
    assert report.status == "OK"
    assert abs(report.entries[0].numeric - SLOPE) < bound * SLOPE


@pytest.mark.parametrize(("method", "_", "bound"), BOUNDS)
def test_the_accuracy_of_each_method_on_twenty_layers(method, _, bound):
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((8, 8)) / np.sqrt(8) for _ in range(20)]
    report = gradcheck(deep_net, *weights, method=method, coverage="random")
    assert report.status == "OK"
    entries = [entry for entry in report.entries if entry.input != "direction"]
    assert max(entry.error for entry in entries) < bound * max(abs(entry.analytic) for entry in entries)
