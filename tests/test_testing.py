"""What test authors are given: an assertion about gradients, and strategies for shapes, arrays, Values and programs."""

from __future__ import annotations

import operator
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

from tinygrad_opt import Value, testing
from tinygrad_opt.testing import (
    Program,
    arrays,
    assert_gradients,
    broadcastable_shapes,
    expression_graphs,
    values,
)

few = settings(max_examples=40, derandomize=True, deadline=None, database=None)


# -- assert_gradients --------------------------------------------------------------------------
def test_a_right_gradient_returns_its_report() -> None:
    assert assert_gradients(np.tanh, np.ones(3), order=2).order == 2


def test_a_wrong_gradient_is_an_assertion_error_with_the_report() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_gradients(lambda x: x**3, 2.0, gradient=lambda x: x**2)
    lines = str(caught.value).splitlines()
    assert lines[0] == "gradcheck FAIL: the gradient is wrong at 1 of 1 entry"
    assert lines[-1].startswith("x: 1/3 of what it should be")


def test_a_gradient_that_shows_nothing_does_not_pass() -> None:
    with pytest.raises(AssertionError, match="DEGENERATE"):
        assert_gradients(np.sign, [1.0, 2.0])


# -- without Hypothesis ------------------------------------------------------------------------
def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_assertion_needs_no_hypothesis_and_the_strategies_name_the_extra() -> None:
    program = """
import sys
sys.modules["hypothesis"] = None
from tinygrad_opt.testing import assert_gradients
assert_gradients(lambda x: x * x, 3.0)
try:
    from tinygrad_opt.testing import expression_graphs
except ImportError as error:
    print(error)
"""
    wanted = "tinygrad_opt.testing.expression_graphs needs Hypothesis: pip install 'tinygrad_opt[test]'"
    assert run(program) == wanted


def test_the_package_does_not_load_it() -> None:
    assert run("import sys, tinygrad_opt; print('tinygrad_opt.testing' in sys.modules)") == "False"


def test_every_name_is_there_and_no_other() -> None:
    for name in testing.__all__:
        assert getattr(testing, name)
    with pytest.raises(AttributeError, match=r"module 'tinygrad_opt.testing' has no attribute 'tensors'"):
        operator.attrgetter("tensors")(testing)


# -- shapes, arrays, Values --------------------------------------------------------------------
@few
@given(broadcastable_shapes(3))
def test_shapes_broadcast(shapes: Any) -> None:
    assert len(shapes) == 3
    np.broadcast_shapes(*shapes)


@few
@given(broadcastable_shapes(2, max_dims=2, max_side=3, ones=False, empty=False))
def test_shapes_keep_to_what_is_asked(shapes: Any) -> None:
    long, short = sorted(shapes, key=len, reverse=True)
    assert len(long) <= 2
    assert all(1 <= n <= 3 for n in long)
    assert long[len(long) - len(short) :] == short


@pytest.mark.parametrize(
    "wanted",
    [
        lambda shapes: 0 in shapes[0] and 1 in shapes[1],
        lambda shapes: len(shapes[0]) == 3 and shapes[1] == (),
        lambda shapes: np.broadcast_shapes(*shapes) not in shapes,
    ],
    ids=["empty beside one", "three axes beside none", "both stretched"],
)
def test_shapes_of_every_kind_come(wanted: Any) -> None:
    assert find(broadcastable_shapes(), wanted, settings=settings(few, max_examples=5000))


@few
@given(arrays(st.sampled_from([(), (2, 3), (0,)]), elements=(1, 2), dtype=np.float32))
def test_arrays_have_the_shape_dtype_and_range_asked(x: Any) -> None:
    assert type(x) is np.ndarray
    assert x.dtype == np.float32
    assert np.all((x >= 1) & (x <= 2))


@few
@given(values((3,), elements=lambda rng, shape: rng.permutation(3)))
def test_values_are_leaves(v: Any) -> None:
    assert isinstance(v, Value)
    assert v.op is None
    assert sorted(v.data) == [0, 1, 2]


# -- programs ----------------------------------------------------------------------------------
def test_a_program_prints_what_it_runs() -> None:
    program = Program("def f(x0, x1):\n    v0 = np.tanh(x0)\n    return v0 * x1 + v0", (np.ones(3), np.array(2.0)))
    assert repr(program) == f"# x0 (3,), x1 ()\n{program.source}"
    assert pretty(program) == repr(program)
    np.testing.assert_allclose(program(*program.inputs), 3 * np.tanh(np.ones(3)))
    assert isinstance(program(Value(1.0), 2.0), Value)


def test_a_program_runs_on_another_module() -> None:
    class Loud:
        tanh = staticmethod(lambda x: f"tanh({x})")

    assert Program("def f(x0):\n    return np.tanh(x0)", (np.ones(3),)).on(Loud)("x") == "tanh(x)"


@few
@given(expression_graphs(inputs=3, size=8, scalar=False))
def test_every_input_and_every_step_counts(program: Program) -> None:
    lines = program.source.splitlines()
    names = [f"x{i}" for i in range(3)] + [line.split()[0] for line in lines[1:-1]]
    body = "\n".join(line.partition("=")[2] if "return" not in line else line for line in lines[1:])
    assert all(name in body for name in names), program


@few
@given(expression_graphs(size=10, kinks=True, scalar=False))
def test_programs_are_tame(program: Program) -> None:
    y = program(*program.inputs)
    assert np.all(np.isfinite(y))
    assert np.all(np.isfinite(program(*(100 * x for x in program.inputs))))


@pytest.mark.parametrize(
    "wanted",
    [
        lambda p: p.source.count("v0") > 3,
        lambda p: "@" in p.source,
        lambda p: "maximum" in p.source,
        lambda p: "v1 = x0 * x0" in p.source,
    ],
    ids=["shared", "matrix product", "kinked", "fan-out"],
)
def test_programs_of_every_kind_come(wanted: Any) -> None:
    assert find(expression_graphs([(2, 3), (3,)], kinks=True), wanted, settings=settings(few, max_examples=5000))


@few
@given(expression_graphs([(2, 1), (3,)]))
def test_a_program_takes_the_shapes_given(program: Program) -> None:
    assert [x.shape for x in program.inputs] == [(2, 1), (3,)]
    assert np.ndim(program(*program.inputs)) == 0


def test_empty_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"needs inputs that have entries; got shapes \(2, 0\), \(\)"):
        find(expression_graphs([(2, 0), ()]), lambda program: True, settings=few)
