"""Functions that move entries about, composed of others: values, slopes of both orders, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import assert_agrees, entries
from refusals import Refusals, refused

from tinygrad_opt import Value
from tinygrad_opt.functional import embedding, index_put

a, b, c, line = entries(2, 3), entries(2, 3) + 0.1, entries(2, 4, 3), entries(5)
MASK = np.array([True, False, True, True, False])

CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "flipud": (np.flipud, (a,)),
    "flipud of a vector": (np.flipud, (line,)),
    "fliplr": (np.fliplr, (c,)),
    "rollaxis": (lambda x: np.rollaxis(x, 2), (c,)),
    "rollaxis to the end": (lambda x: np.rollaxis(x, -3, 3), (c,)),
    "atleast_1d": (np.atleast_1d, (1.5,)),
    "atleast_2d": (lambda x, y, z: np.atleast_2d(x, y, z), (1.5, line, c)),
    "atleast_3d": (lambda x, y, z, w: np.atleast_3d(x, y, z, w), (1.5, line, a, c)),
    "broadcast_arrays": (np.broadcast_arrays, (a, entries(2, 1), 1.5)),
    "tile": (lambda x: np.tile(x, 3), (line,)),
    "tile a matrix": (lambda x: np.tile(x, (2, 1, 3)), (a,)),
    "tile with fewer numbers": (lambda x: np.tile(x, (2,)), (c,)),
    "tile a number": (lambda x: np.tile(x, (2, 2)), (1.5,)),
    "tile no times": (lambda x: np.tile(x, (0, 2)), (a,)),
    "repeat": (lambda x: np.repeat(x, 2), (a,)),
    "repeat an axis": (lambda x: np.repeat(x, 3, axis=-1), (c,)),
    "repeat by counts": (lambda x: np.repeat(x, [0, 2, 1], axis=1), (a,)),
    "repeat flat by counts": (lambda x: np.repeat(x, np.array([2, 0, 1, 1, 3, 1])), (a,)),
    "repeat no times": (lambda x: np.repeat(x, 0, axis=0), (a,)),
    "full_like": (lambda x: np.full_like(Value(a), x) if isinstance(x, Value) else np.full((2, 3), x), (1.5,)),
    "vstack": (lambda x, y: np.vstack([x, y]), (a, entries(3))),
    "vstack of numbers": (lambda x, y: np.vstack([x, y]), (1.5, 2.5)),
    "hstack": (lambda x, y: np.hstack([x, y]), (a, entries(2, 1))),
    "hstack of vectors": (lambda x, y: np.hstack([x, y]), (line, 1.5)),
    "dstack": (lambda x, y: np.dstack([x, y]), (a, c[:, :3])),
    "dstack of vectors": (lambda x, y: np.dstack([x, y]), (line, line + 1)),
    "column_stack": (lambda x, y: np.column_stack([x, y]), (entries(2), a)),
    "concat with a plain part": (lambda x: np.concat([x, [7.0, 8.0]]), (line,)),
    "block": (lambda x, y, z: np.block([[x, y], [z, np.ones((1, 2))]]), (a, entries(2, 2), entries(1, 3))),
    "block of a row": (lambda x, y: np.block([x, y]), (line, 1.5)),
    "block of one": (lambda x: np.block(x), (line,)),
    "append": (lambda x, y: np.append(x, y), (a, line)),
    "append along an axis": (lambda x, y: np.append(x, y, axis=0), (a, b)),
    "insert": (lambda x, y: np.insert(x, 1, y), (a, 1.5)),
    "insert rows": (lambda x, y: np.insert(x, [0, 2], y, axis=0), (a, b)),
    "insert a column": (lambda x, y: np.insert(x, -1, y, axis=1), (a, entries(2))),
    "insert one value often": (lambda x, y: np.insert(x, [0, 0, 3], y), (line, 1.5)),
    "delete": (lambda x: np.delete(x, 1), (a,)),
    "delete columns": (lambda x: np.delete(x, [0, -1], axis=1), (a,)),
    "delete a slice": (lambda x: np.delete(x, slice(None, None, 2)), (line,)),
    "split": (lambda x: np.split(x, 3, axis=1), (a,)),
    "split at": (lambda x: np.split(x, [1, 3]), (line,)),
    "split beyond": (lambda x: np.split(x, [2, 9, -1], axis=-1), (a,)),
    "array_split": (lambda x: np.array_split(x, 3), (line,)),
    "array_split into more": (lambda x: np.array_split(x, 7), (line,)),
    "vsplit": (lambda x: np.vsplit(x, 2), (a,)),
    "hsplit": (lambda x: np.hsplit(x, [1]), (a,)),
    "hsplit a vector": (lambda x: np.hsplit(x, [1]), (line,)),
    "dsplit": (lambda x: np.dsplit(x, 3), (c,)),
    "diagflat": (lambda x: np.diagflat(x, -1), (entries(2, 2),)),
    "trace": (np.trace, (a,)),
    "trace of a stack": (lambda x: np.trace(x, 1, 0, 2), (c,)),
    "take": (lambda x: np.take(x, [0, 5, 5, -1]), (a,)),
    "take an entry": (lambda x: np.take(x, 2), (line,)),
    "take along an axis": (lambda x: np.take(x, np.array([[0, 2], [2, 1]]), axis=-1), (a,)),
    "compress": (lambda x: np.compress([True, False, True], x, axis=1), (a,)),
    "compress flat": (lambda x: np.compress([False, True], x), (a,)),
    "extract": (lambda x: np.extract(MASK, x), (line,)),
    "select": (lambda x, y: np.select([MASK, ~MASK], [x, y * y], x * y), (line, 2 * line)),
    "select the first": (lambda x, y: np.select([MASK, MASK], [x, y], -1.0), (line, 2 * line)),
}
if hasattr(np, "unstack"):  # NumPy 2.1
    CASES |= {
        "unstack": (np.unstack, (a,)),
        "unstack an axis": (lambda x: np.unstack(x, axis=-2), (c,)),
    }


@pytest.mark.parametrize("name", CASES)
def test_a_composition_is_numpys_function_with_its_slopes(name: str) -> None:
    f, points = CASES[name]
    assert_agrees(f, *points)


# -- index_put and embedding, which NumPy does not have -----------------------------------------
def test_index_put_is_assignment_into_a_copy() -> None:
    for index, values in ((1, entries(3)), ((slice(None), [0, 2]), entries(2, 2)), (a > 0, 7.0), ((0, 1), 1.5)):
        expected = a.copy()
        expected[index] = values
        np.testing.assert_array_equal(index_put(Value(a), index, Value(values)).data, expected)
        np.testing.assert_array_equal(index_put(a, index, values), expected)
        assert_agrees(lambda x, y, index=index: index_put(x, index, y), a, values)
        assert_agrees(lambda x, y, index=index: index_put(x, index, y, accumulate=True), a, values)


def test_of_several_values_for_one_entry_the_last_stays() -> None:
    x, values = Value(line), Value([10.0, 20.0, 30.0])
    y = index_put(x, [1, 1, 4], values)
    np.testing.assert_array_equal(y.data, [line[0], 20, line[2], line[3], 30])
    np.sum(y).backward()
    np.testing.assert_array_equal(values.grad, [0, 1, 1])
    np.testing.assert_array_equal(x.grad, [1, 0, 1, 1, 0])
    added = index_put(x, [1, 1, 4], values, accumulate=True)
    np.testing.assert_array_equal(added.data - line, [0, 30, 0, 0, 30])
    assert_agrees(lambda x, y: index_put(x, [1, 1, 4], y, accumulate=True), line, entries(3))


@pytest.mark.parametrize("indices", [1, [0, 2, 2], [[1, 1], [3, 0]], np.zeros((0,), int), np.array([1], np.uint8)])
def test_embedding_reads_rows(indices: Any) -> None:
    weight = entries(4, 3)
    np.testing.assert_array_equal(embedding(indices, weight), weight[indices])
    assert_agrees(lambda w: embedding(indices, w), weight)


def test_a_row_gets_the_gradients_of_all_its_uses() -> None:
    rng = np.random.default_rng(0)
    indices, g = rng.integers(0, 50, 2000), rng.normal(size=(2000, 7))
    weight = Value(np.zeros((50, 7)))
    embedding(indices, weight).backward(g)
    expected = np.zeros((50, 7))
    np.add.at(expected, indices, g)
    np.testing.assert_allclose(weight.grad, expected, rtol=1e-12)


@pytest.mark.parametrize(("shape", "index"), [
    ((40, 50), np.arange(-30, 30)),
    ((40, 50), (np.arange(2000) % 40, np.arange(-2000, 0) % 7 - 7)),
    ((40, 1, 50), (np.full((30, 2), -1), np.zeros(2, int))),
    ((2, 40, 50), (slice(None), np.arange(60) % 40)),
])  # fmt: skip
def test_many_entries_are_added_where_few_would_be(shape: Any, index: Any) -> None:
    x = Value(np.zeros(shape))
    y = x[index]
    g = np.random.default_rng(0).normal(size=y.shape)
    y.backward(g)
    expected = np.zeros(shape)
    np.add.at(expected, index, g)
    np.testing.assert_allclose(x.grad, expected, rtol=1e-12, atol=1e-12)


# -- what carries no gradient ------------------------------------------------------------------
def test_questions_about_the_numbers_are_answered_plainly() -> None:
    x, y = Value([3.0, 1.0, 3.0]), Value([0.0, 1.0, 1.0])
    for answer, expected in (
        (np.zeros_like(x), [0, 0, 0]),
        (np.ones_like(x), [1, 1, 1]),
        (np.full_like(x, 2), [2, 2, 2]),
        (np.searchsorted([0.0, 2.0], x), [2, 1, 2]),
        (np.digitize(x, [2.0]), [1, 0, 1]),
        (np.histogram(x, 2)[0], [1, 2]),
        (np.lexsort((y, x)), [1, 0, 2]),
        (np.isin(x, [1.0]), [False, True, False]),
        (np.nanargmax(x), 0),
        (np.flatnonzero(y), [1, 2]),
        (np.argpartition(x, 0)[0], 1),
    ):
        assert not isinstance(answer, Value)
        np.testing.assert_array_equal(answer, expected)
    assert np.empty_like(x).shape == (3,)
    assert np.zeros_like(Value(np.ones(2, np.float32))).dtype == np.float32


# -- one pass over many pieces -----------------------------------------------------------------
@pytest.mark.parametrize("join", [np.concatenate, np.stack])
def test_each_of_many_pieces_gets_its_own_part(join: Any) -> None:
    leaves = [Value([float(i), 0.0]) for i in range(20_000)]
    out = join([*leaves, [1, 2]])
    g = np.arange(float(out.size)).reshape(out.shape)
    out.backward(g)
    np.testing.assert_array_equal([leaf.grad for leaf in leaves], g.reshape(-1, 2)[:-1])


def test_constants_between_values_are_kept_as_they_are() -> None:
    x = Value([1.0, 2.0])
    out = np.concatenate([[5], x, np.float32([3]), x])
    np.testing.assert_array_equal(out.data, [5, 1, 2, 3, 1, 2])
    np.sum(out * out).backward()
    np.testing.assert_array_equal(x.grad, [4, 8])


# -- refusals ----------------------------------------------------------------------------------
v = Value
REFUSED: Refusals = {
    "pad mode": (
        lambda: np.pad(v(line), 1, "linear_ramp"), ValueError,
        "pad of shape (5,), pad_width=1, mode='linear_ramp': mode must be one of constant, edge, reflect, symmetric, "
        "wrap; got 'linear_ramp': compute other borders on .data"),
    "pad width": (
        lambda: np.pad(v(a), ((1, 1), (1, 1), (1, 1))), ValueError,
        "pad of shape (2, 3), pad_width=((1, 1), (1, 1), (1, 1)): operands could not be broadcast together with "
        "remapped shapes [original->remapped]: (3,2)  and requested shape (2,2)"),
    "pad reflect type": (
        lambda: np.pad(v(line), 1, "reflect", reflect_type="odd"), TypeError,
        "pad on a Value takes pad_width, mode, constant_values; got reflect_type=. Leave it out, or compute on .data"),
    "equal parts": (
        lambda: np.split(v(line), 2), ValueError,
        "np.split: axis 0 of length 5 has no 2 equal parts: np.array_split makes them nearly equal"),
    "no parts": (lambda: np.array_split(v(line), 0), ValueError,
        "np.array_split: axis 0 of length 5 has no 0 equal parts"),
    "split axis": (
        lambda: np.split(v(a), 2, axis=2), np.exceptions.AxisError,
        "np.split: axis 2 is out of bounds for array of dimension 2"),
    "too few axes": (lambda: np.vsplit(v(line), 5), ValueError, "np.vsplit needs 2 or more axes; got shape (5,)"),
    "take mode": (
        lambda: np.take(v(line), [9], mode="wrap"), ValueError,
        "np.take on a Value takes mode=\"raise\"; got 'wrap': bring the indices into range first"),
    "take range": (
        lambda: np.take(v(line), [9]), IndexError,
        "indexing of shape (5,), index=array([9]): index 9 is out of bounds for axis 0 with size 5"),
    "take axis": (
        lambda: np.take(v(line), [1], axis=1), np.exceptions.AxisError,
        "np.take: axis 1 is out of bounds for array of dimension 1"),
    "flip axis": (
        lambda: np.flip(v(a), 2), np.exceptions.AxisError,
        "flip of shape (2, 3), axis=2: axis 2 is out of bounds for array of dimension 2"),
    "roll axis": (
        lambda: np.roll(v(a), 1, -3), np.exceptions.AxisError,
        "roll of shape (2, 3), shift=1, axis=-3: axis -3 is out of bounds for array of dimension 2"),
    "repeats": (
        lambda: np.repeat(v(line), v(2.0)), TypeError,
        "np.repeat takes a plain repeats, which gets no gradient; got a Value: use its .data"),
    "tile by a Value": (
        lambda: np.tile(line, v(2.0)), TypeError,
        "np.tile takes a plain reps, which gets no gradient; got a Value: use its .data"),
    "delete by a Value": (
        lambda: np.delete(line, v(2.0)), TypeError,
        "np.delete takes a plain obj, which gets no gradient; got a Value: use its .data"),
    "insert by a Value": (
        lambda: np.insert(line, v(2.0), 1.0), TypeError,
        "np.insert takes a plain obj, which gets no gradient; got a Value: use its .data"),
    "delete beyond": (
        lambda: np.delete(v(line), 5), IndexError, "index 5 is out of bounds for axis 0 with size 5"),
    "counts": (
        lambda: np.repeat(v(line), [1, 2]), ValueError,
        "np.repeat takes one count, or one for each of 5 entries; got (2,)"),
    "rollaxis": (
        lambda: np.rollaxis(v(a), 2), np.exceptions.AxisError,
        "np.rollaxis: axis 2 is out of bounds for array of dimension 2"),
    "negative repeats": (
        lambda: np.repeat(v(line), -1), ValueError, "np.repeat: counts must be 0 or more; got -1"),
    "diagonal of a vector": (
        lambda: np.diagonal(v(line)), ValueError,
        "diagonal of shape (5,): diag requires an array of at least two dimensions"),
    "diagonal of one axis": (
        lambda: np.diagonal(v(a), 0, 1, 1), ValueError,
        "diagonal of shape (2, 3), offset=0, axis1=1, axis2=1: axis1 and axis2 cannot be the same"),
    "diag of a stack": (lambda: np.diag(v(c)), ValueError, "diag of shape (2, 4, 3): Input must be 1- or 2-d."),
    "take_along_axis": (
        lambda: np.take_along_axis(v(a), np.array([0, 1]), axis=1), ValueError,
        "take_along_axis of shape (2, 3), indices=array([0, 1]), axis=1: "
        "`indices` and `arr` must have the same number of dimensions"),
    "select": (
        lambda: np.select([MASK], [v(line), v(line)]), ValueError,
        "np.select needs a condition for each choice; got 1 conditions, 2 choices"),
    "index_put shape": (
        lambda: index_put(v(a), 0, v([1.0, 2.0])), ValueError,
        "assigned of shape (2, 3), (2,), index=0: values of shape (2,) do not broadcast to the entries, shape (3,)"),
    "index_put accumulate": (
        lambda: index_put(v(a), 0, v([1.0, 2.0]), accumulate=True), ValueError,
        "values of shape (2,) do not broadcast to the entries, shape (3,)"),
    "weights of a histogram": (
        lambda: np.histogram(line, weights=v(line)), TypeError,
        "np.histogram takes a plain weights, which gets no gradient; got a Value: use its .data"),
    "index_put range": (
        lambda: index_put(v(line), 7, 1.0), IndexError,
        "assigned of shape (5,), (), index=7: index 7 is out of bounds for axis 0 with size 5"),
    "index_put by a Value": (
        lambda: index_put(v(line), v(1.0), 1.0), TypeError,
        "an index must be plain: integers, slices, masks or integer arrays; got a Value. "
        "Indices carry no gradient: use .data, or a comparison for a mask"),
    "embedding of floats": (
        lambda: embedding([1.0], v(a)), TypeError,
        "embedding needs integer indices; got float64: convert them with .astype(int)"),
    "embedding range": (
        lambda: embedding([0, 2], v(a)), IndexError, "indices must be from 0 to 1; got 0 to 2"),
    "embedding below": (
        lambda: embedding([[-1]], v(a)), IndexError, "indices must be from 0 to 1; got -1 to -1"),
    "embedding weight": (
        lambda: embedding([0], v(line)), ValueError,
        "embedding needs a weight (V, D), one row for each index; got shape (5,)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_said(name: str) -> None:
    call, kind, text = REFUSED[name]
    assert refused(call, kind) == text
