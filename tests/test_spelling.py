"""Names in any spelling, and what is said of one that is not known."""

import pytest
from refusals import Refusals, refused

from tinygrad_opt.spelling import closest, meant, named, plain

KNOWN = {"LeakyReLU": 1, "leaky_relu": 2, "tanh": 3}


@pytest.mark.parametrize("name", ["Leaky ReLU", "leaky-relu", "leakyrelu", "LEAKY_RELU"])
def test_spellings_are_one_name(name):
    assert plain(name) == "leakyrelu"
    assert named("activation", name, KNOWN) == 1  # of two names of one spelling the first counts


def test_a_bare_spelling_of_ones_own():
    assert named("loss", "MSE_loss", {"mse": 1}, bare=lambda name: plain(name).removesuffix("loss")) == 1


def test_the_closest_name():
    assert (closest("tahn", KNOWN), closest("xyzzy", KNOWN), closest(3, KNOWN)) == ("tanh", None, None)
    assert (meant("tahn", KNOWN), meant("xyzzy", KNOWN)) == ("; did you mean 'tanh'?", "")


REFUSED: Refusals = {
    "a slip": (
        lambda: named("activation", "leaky_rel", KNOWN), ValueError,
        "there is no activation 'leaky_rel': did you mean 'LeakyReLU'?"),
    "nothing like it": (
        lambda: named("activation", "xyzzy", KNOWN), ValueError,
        "there is no activation 'xyzzy': there are LeakyReLU, leaky_relu, tanh"),
    "a name of something else": (
        lambda: named("activation", "Soft-max", KNOWN, {"softmax": "is a function"}), ValueError,
        "'Soft-max' is a function"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refusals(what):
    call, error, words = REFUSED[what]
    assert refused(call, error) == words
