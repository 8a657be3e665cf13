"""What is refused, and the words in which it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import Value, differentiable, no_grad
from tinygrad_opt.functional import leaky_relu, relu, softmax
from tinygrad_opt.ops import RULES
from tinygrad_opt.ops.rules import GradientShapeError


def v() -> Value:
    return Value([1.0, 2.0, 3.0], name="v")


def m() -> Value:
    return Value(np.ones((2, 3)))


def s() -> Value:
    return Value(2.0)


# -- what a Value holds ------------------------------------------------------------------------
COMPLEX = ": take np.real or np.abs first"
STRING = ": convert it with float(...)"
DATA: Refusals = {
    "a complex number": (
        lambda: Value(1j), TypeError,
        f"a Value must be real numbers; got complex data (complex, dtype complex128){COMPLEX}"),
    "a complex array": (
        lambda: Value(np.ones(2) * 1j), TypeError,
        f"a Value must be real numbers; got complex data (ndarray, dtype complex128){COMPLEX}"),
    "an object array": (
        lambda: Value(np.array([1, None])), TypeError,
        "a Value must be real numbers; got objects (ndarray, dtype object)"),
    "None": (lambda: Value(None), TypeError, "a Value must be real numbers; got None"),
    "a string": (
        lambda: Value("1.5"), TypeError, f"a Value must be real numbers; got a string (str, dtype <U3){STRING}"),
    "a list of strings": (
        lambda: Value(["a"]), TypeError, f"a Value must be real numbers; got a string (list, dtype <U1){STRING}"),
    "bytes": (lambda: Value(b"1"), TypeError, "a Value must be real numbers; got bytes (bytes, dtype |S1)"),
    "dates": (
        lambda: Value(np.array("2020-01-01", "M8[D]")), TypeError,
        "a Value must be real numbers; got dates (ndarray, dtype datetime64[D])"),
    "a list of Values": (
        lambda: Value([s(), 2.0]), TypeError,
        "a Value cannot be a list of Values: join them with np.stack or np.concatenate"),
    "a tuple of Values": (
        lambda: Value((s(), s())), TypeError,
        "a Value cannot be a tuple of Values: join them with np.stack or np.concatenate"),
    "a Value": (lambda: Value(s()), TypeError, "a Value was to be made of a Value: use it as it is, or its .data"),
    "a masked array": (
        lambda: Value(np.ma.masked_array([1.0, 2.0], [0, 1])), TypeError,
        "a Value cannot be a masked array: fill it first, x.filled(0)"),
    "float16": (
        lambda: Value(np.ones(2, np.float16)), TypeError,
        "a Value holds float32 or float64; got float16: convert it with .astype first"),
}  # fmt: skip

# -- what stands beside one --------------------------------------------------------------------
OPERANDS: Refusals = {
    "a complex number": (
        lambda: v() + 1j, TypeError,
        f"an operand of a Value must be real numbers; got complex data (complex, dtype complex128){COMPLEX}"),
    "a string": (
        lambda: v() * "a", TypeError,
        f"an operand of a Value must be real numbers; got a string (str, dtype <U1){STRING}"),
    "an object array": (
        lambda: v() - np.array([1, None, 2]), TypeError,
        "an operand of a Value must be real numbers; got objects (ndarray, dtype object)"),
    "a list of Values": (
        lambda: v() * [s(), s(), s()], TypeError,
        "an operand of a Value cannot be a list of Values: join them with np.stack or np.concatenate"),
    "a masked array": (
        lambda: v() + np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0]), TypeError,
        "an operand of a Value cannot be a masked array: fill it first, x.filled(0)"),
    "a ragged list": (
        lambda: np.add(Value([[1.0]]), [[1], [2, 3]]), ValueError,
        "an operand of a Value must be rectangular; got a ragged list: make its rows equal"),
    "None": (lambda: v() * None, TypeError, "an operand of a Value must be real numbers; got None"),
}  # fmt: skip

# -- shapes ------------------------------------------------------------------------------------
SHAPES: Refusals = {
    "a comparison": (
        lambda: v() < np.ones(4), ValueError,
        "comparison: shapes (3,) and (4,) do not broadcast: axis -1 has 3 and 4; they must be equal, or one of them 1"),
    "vector times matrix": (
        lambda: v() @ m(), ValueError,
        "matmul: shapes (3,) and (2, 3) do not fit: the left's last axis is 3, the right's last axis but one is 2; "
        "they must be equal"),
    "matrix times vector": (
        lambda: np.matmul(m(), np.ones(4)), ValueError,
        "matmul: shapes (2, 3) and (4,) do not fit: the left's last axis is 3, the right's length is 4; "
        "they must be equal"),
    "scalar product with @": (
        lambda: s() @ v(), ValueError, "matmul: shapes () and (3,): a scalar has no axis to sum over; use *"),
    "batches of different length": (
        lambda: np.ones((2, 2, 3)) @ Value(np.ones((5, 3, 4))), ValueError,
        "matmul: shapes (2, 2, 3) and (5, 3, 4) do not broadcast: axis -3 has 2 and 5; "
        "they must be equal, or one of them 1"),
    "addition": (
        lambda: v() + np.ones(4), ValueError,
        "add: shapes (3,) and (4,) do not broadcast: axis -1 has 3 and 4; they must be equal, or one of them 1"),
    "multiplication": (
        lambda: np.multiply(m(), np.ones((5, 4, 3))), ValueError,
        "multiply: shapes (2, 3) and (5, 4, 3) do not broadcast: axis -2 has 2 and 4; "
        "they must be equal, or one of them 1"),
    "where": (
        lambda: np.where(np.ones(4, bool), v(), 0), ValueError,
        "where: shapes (4,) and (3,) and () do not broadcast: axis -1 has 4 and 3; "
        "they must be equal, or one of them 1"),
    "clip": (
        lambda: v().clip(np.ones(4), 5), ValueError,
        "clip: shapes (3,) and (4,) and () do not broadcast: axis -1 has 3 and 4; "
        "they must be equal, or one of them 1"),
    "reshape": (
        lambda: v().reshape(2, 2), ValueError,
        "reshape of shape (3,), shape=(2, 2): cannot reshape array of size 3 into shape (2,2)"),
    "stack": (
        lambda: np.stack([v(), s()]), ValueError,
        "stack of shape (3,), (): all input arrays must have the same shape"),
    "axis": (
        lambda: v().softmax(axis=1), np.exceptions.AxisError,
        "softmax of shape (3,), axis=1: axis 1 is out of bounds for array of dimension 1"),
    "axis of a function": (
        lambda: np.sum(v(), axis=-2), np.exceptions.AxisError,
        "sum of shape (3,), axis=-2: axis -2 is out of bounds for array of dimension 1"),
    "axis twice": (
        lambda: np.sum(v(), axis=(0, 0)), ValueError, "sum of shape (3,), axis=(0, 0): duplicate value in 'axis'"),
    "the largest of nothing": (
        lambda: np.max(Value(np.zeros(0))), ValueError,
        "max of shape (0,): zero-size array to reduction operation maximum which has no identity"),
    "index": (
        lambda: v()[5], IndexError, "indexing of shape (3,), index=5: index 5 is out of bounds for axis 0 with size 3"),
    "too many indices": (
        lambda: v()[0, 0], IndexError,
        "indexing of shape (3,), index=(0, 0): too many indices for array: array is 1-dimensional, but 2 were indexed"),
}  # fmt: skip

# -- backward ----------------------------------------------------------------------------------
WANTS = "backward(gradient=...) needs one number for each entry: shape"
BACKWARD: Refusals = {
    "from a vector": (
        lambda: v().backward(), ValueError,
        "backward() starts from a scalar, and this Value has shape (3,): reduce it first (.sum(), .mean()), "
        "or pass gradient=, an array of that shape"),
    "a gradient of another shape": (lambda: (v() * 2).backward(np.ones(4)), ValueError, f"{WANTS} (3,); got (4,)"),
    "one number for a vector": (lambda: (v() * 2).backward(2.0), ValueError, f"{WANTS} (3,); got ()"),
    "a vector for a number": (lambda: s().backward(np.ones(2)), ValueError, f"{WANTS} (); got (2,)"),
    "a constant": (
        lambda: Value(1.0, requires_grad=False).backward(), RuntimeError,
        "backward() on a Value that requires no gradient: it was made under no_grad() or from constants alone"),
    "keep": (lambda: s().backward(keep="x"), ValueError, 'keep must be "all" or "leaves"; got \'x\''),
}  # fmt: skip

# -- calls -------------------------------------------------------------------------------------
LEAVE_OUT = "Leave it out, or compute on .data"
NO_RULE = "has no derivative rule: add one with tinygrad_opt.differentiable"
PLAIN_INDEX = (
    "an index must be plain: integers, slices, masks or integer arrays; got a Value. "
    "Indices carry no gradient: use .data, or a comparison for a mask"
)
CALLS: Refusals = {
    "out of a ufunc": (
        lambda: np.add(v(), 1, out=np.zeros(3)), TypeError,
        "np.add(..., out=) with a Value would overwrite an array that the graph may need; "
        "write y = np.add(...) instead"),
    "a Value as out": (
        lambda: np.exp(np.ones(3), out=v()), TypeError,
        "np.exp(..., out=) with a Value would overwrite an array that the graph may need; "
        "write y = np.exp(...) instead"),
    "out of a function": (
        lambda: np.sum(v(), out=np.zeros(())), TypeError,
        "np.sum(..., out=) with a Value would overwrite an array that the graph may need; "
        "write y = np.sum(...) instead"),
    "where of a reduction": (
        lambda: np.sum(v(), where=[True, False, True]), TypeError,
        f"sum on a Value takes axis, keepdims; got where=. {LEAVE_OUT}"),
    "where of a ufunc": (
        lambda: np.add(v(), 1, where=[True, False, True]), TypeError,
        f"add on a Value takes no keyword; got where=. {LEAVE_OUT}"),
    "dtype": (
        lambda: np.mean(v(), dtype=np.float32), TypeError,
        f"mean on a Value takes axis, keepdims; got dtype=. {LEAVE_OUT}"),
    "order": (
        lambda: np.reshape(v(), (3, 1), order="F"), TypeError,
        f"reshape on a Value takes shape; got order=. {LEAVE_OUT}"),
    "a misspelt parameter": (
        lambda: leaky_relu(v(), slop=1), TypeError, f"leaky_relu on a Value takes slope; got slop=. {LEAVE_OUT}"),
    "PyTorch's dim": (
        lambda: softmax(v(), dim=0), TypeError, "softmax on a Value takes axis; got dim=: write axis=0"),
    "PyTorch's dim of a method": (
        lambda: m().mean(dim=1), TypeError, "mean on a Value takes axis, keepdims; got dim=: write axis=1"),
    "PyTorch's keepdim": (
        lambda: m().sum(1, keepdim=True), TypeError,
        "sum on a Value takes axis, keepdims; got keepdim=: write keepdims=True"),
    "keepdim where there is none": (
        lambda: softmax(v(), dim=0, keepdim=True), TypeError,
        f"softmax on a Value takes axis; got dim=, keepdim=. {LEAVE_OUT}"),
    "a method's unknown keyword": (
        lambda: v().sum(where=True), TypeError, f"sum on a Value takes axis, keepdims; got where=. {LEAVE_OUT}"),
    "too many operands": (lambda: relu(v(), 3), TypeError, "relu on a Value takes 1 positional operands; got 2"),
    "np.asarray": (
        lambda: np.asarray(v()), TypeError,
        "a Value is not an array: use .data for its numbers (they leave the graph), np.stack to join several into one"),
    "np.array of Values": (
        lambda: np.array([s(), s()]), TypeError,
        "a Value is not an array: use .data for its numbers (they leave the graph), np.stack to join several into one"),
    "a ufunc without a rule": (
        lambda: np.spacing(v()), NotImplementedError,
        f"np.spacing {NO_RULE}(np.spacing, rule), or compute on .data"),
    "a function without a rule": (
        lambda: np.unwrap(v()), NotImplementedError, f"np.unwrap {NO_RULE}(np.unwrap, rule), or compute on .data"),
    "a function of a submodule": (
        lambda: np.fft.fft(v()), NotImplementedError, f"np.fft.fft {NO_RULE}(np.fft.fft, rule), or compute on .data"),
    "a ufunc method without a rule": (
        lambda: np.divide.accumulate(v()), TypeError,
        "np.divide.accumulate has no derivative rule; use .data to compute without a graph"),
    "assignment": (
        lambda: v().__setitem__(0, 1), TypeError,
        "a Value's entries cannot be assigned: the graph may need the old ones. Write "
        "x = functional.index_put(x, index, new) or np.where(mask, new, x), or change x.data outside the graph"),
    "a Value as index": (lambda: v()[s()], TypeError, PLAIN_INDEX),
    "a Value within an index": (lambda: m()[0, s()], TypeError, PLAIN_INDEX),
    "len of a scalar": (lambda: len(s()), TypeError, "a scalar Value has no length"),
    "unpacking a scalar": (lambda: [*s()], TypeError, "a scalar Value has no length"),
    "float of a vector": (
        lambda: float(v()), TypeError,
        "only a Value of one entry is a number; this one has shape (3,): index it first"),
    "format of a vector": (
        lambda: f"{v():.2f}", TypeError,
        "only a Value of one entry is a number; this one has shape (3,): index it first"),
    "a function without rules": (
        lambda: differentiable(np.sinc), TypeError, "differentiable(sinc) needs at least one rule; got none"),
    "a rule that is no function": (
        lambda: differentiable(np.sinc, 3), TypeError,
        "differentiable(sinc): rule 0 must be a function rule(g, out, *inputs); got 3"),
    "a fact that is not known": (
        lambda: differentiable(np.sinc, lambda g, out, x: g, elementwize=True), TypeError,
        "differentiable(sinc) knows the facts scalar, elementwise, kink, domain, analytic, optional, keeps, name; "
        "got elementwize="),
}  # fmt: skip


def each(table: Refusals) -> Any:
    return pytest.mark.parametrize(("call", "error", "text"), table.values(), ids=table.keys())


@each(DATA)
def test_data_that_a_value_does_not_hold(call: Any, error: type[Exception], text: str) -> None:
    assert refused(call, error) == text


def test_a_ragged_list_is_named_as_such() -> None:
    text = refused(lambda: Value([[1, 2], [3]]), ValueError)
    assert text == "a Value must be rectangular; got a ragged list: make its rows equal"


@each(OPERANDS)
def test_operands_that_do_not_stand_beside_a_value(call: Any, error: type[Exception], text: str) -> None:
    assert refused(call, error) == text


@each(SHAPES)
def test_shapes_that_do_not_fit(call: Any, error: type[Exception], text: str) -> None:
    assert refused(call, error) == text


@each(BACKWARD)
def test_backward_that_has_no_answer(call: Any, error: type[Exception], text: str) -> None:
    assert refused(call, error) == text


@each(CALLS)
def test_calls_that_no_rule_covers(call: Any, error: type[Exception], text: str) -> None:
    assert refused(call, error) == text


def test_a_result_of_no_grad_cannot_go_backward() -> None:
    a = s()
    with no_grad():
        y = a * a
    assert "made under no_grad()" in refused(y.backward, RuntimeError)


def test_a_gradient_of_another_shape_before_backward() -> None:
    a = v()
    a.grad = np.zeros(2)
    assert refused(np.sum(a * a).backward, ValueError) == (
        "cannot add to v.grad: it has shape (2,), but .data has shape (3,). Set .grad to None first"
    )


def test_a_rule_that_gives_the_wrong_shape() -> None:
    for wrong in (np.ones(4), np.ones((3, 1)), 0.0, np.float64(0)):
        twice = differentiable(lambda x: x * 2, lambda g, out, x, wrong=wrong: wrong)
        text = refused(np.sum(twice(v())).backward, GradientShapeError)
        seen = f"a rule gave a gradient of shape {np.shape(wrong)} for an input of shape (3,)"
        assert text == f"{seen}; they must be equal"


def test_a_rule_added_by_the_user_makes_the_function_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, np.sinc, raising=False)
    differentiable(np.sinc, lambda g, out, x: g * (np.cos(np.pi * x) - out) / x)
    a = Value([0.5, 1.0])
    np.sum(np.sinc(a)).backward()
    np.testing.assert_allclose(a.grad, [-4 / np.pi, -1.0], rtol=1e-14)
    del RULES[np.sinc]


def test_what_is_refused_leaves_no_trace() -> None:
    a = v()
    for call in (lambda: a + np.ones(4), lambda: np.unwrap(a), lambda: (a * 2).backward(), lambda: softmax(a, axis=3)):
        with pytest.raises((ValueError, NotImplementedError)):
            call()
    np.sum(a * 2).backward()
    np.testing.assert_array_equal(a.grad, [2, 2, 2])
