"""Settings: kept as Python numbers, whatever real number is given, and refused in one form."""

import math

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt.settings import ABOVE_0, FROM_0_TO_1, count, equal_groups, flag, number, one_of, whole_number


@pytest.mark.parametrize("given", [2, 2.0, np.float32(2), np.int64(2), np.float64(2)])
def test_numbers_become_python_floats(given):
    assert type(number("f", "a", given)) is float
    assert number("f", "a", given, ABOVE_0) == 2


@pytest.mark.parametrize("given", [3, np.int8(3), np.uint64(3)])
def test_whole_numbers_become_python_ints(given):
    assert type(count("f", "n", given)) is int
    assert equal_groups("f", "groups", given, 6, "channels") == 3


@pytest.mark.parametrize("given", [True, False, np.True_, np.False_])
def test_truths_become_pythons(given):
    assert flag("f", "bias", given) is bool(given)


@pytest.mark.parametrize("given", [math.nan, math.inf, -math.inf, 10**400, 1j, True, "1", None, np.ones(1)])
def test_what_is_no_finite_number_is_none(given):
    assert refused(lambda: number("f", "a", given), ValueError) == f"f: a must be a finite number; got {given!r}"


REFUSED: Refusals = {
    "a share above 1": (
        lambda: number("f", "a", 1.5, FROM_0_TO_1), ValueError, "f: a must be a number from 0 to 1; got 1.5"),
    "a size of 0": (lambda: count("f", "n", 0), ValueError, "f: n must be a whole number, at least 1; got 0"),
    "half a size": (lambda: whole_number("f", "n", 1.0), ValueError, "f: n must be a whole number; got 1.0"),
    "a truth for a size": (lambda: whole_number("f", "n", True), ValueError, "f: n must be a whole number; got True"),
    "groups that do not divide": (
        lambda: equal_groups("f", "groups", 4, 6, "channels"), ValueError,
        "f: groups=4 does not divide the 6 channels"),
    "no groups": (
        lambda: equal_groups("f", "groups", (2,), 6, "channels"), ValueError,
        "f: groups must be a whole number, at least 1; got (2,)"),
    "a word with a slip": (
        lambda: one_of("f", "mode", "clasic", ("classic", "inverted")), ValueError,
        "f: mode must be one of classic, inverted; got 'clasic'; did you mean 'classic'?"),
    "a word for a truth": (
        lambda: flag("f", "bias", "relu", ": say so"), ValueError, "f: bias must be True or False; got 'relu': say so"),
    "a number for a truth": (lambda: flag("f", "bias", 1), ValueError, "f: bias must be True or False; got 1"),
    "no word": (lambda: one_of("f", "mode", 3, ("a", "b")), ValueError, "f: mode must be one of a, b; got 3"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refusals(what):
    call, error, words = REFUSED[what]
    assert refused(call, error) == words
