"""What a Value can hold and what can stand beside it: checks at the door, with messages that help."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import numpy as np

from .ops import Operand, Operation

Array = np.ndarray[Any, np.dtype[Any]]

FLOAT64 = np.dtype(np.float64)
FLOAT32 = np.dtype(np.float32)
FLOATS = frozenset({FLOAT64, FLOAT32})
COMPLEX = np.dtype(np.complex128)

stepping = contextvars.ContextVar("stepping", default=False)
is_complex_step = stepping.get


@contextlib.contextmanager
def complex_step() -> Iterator[None]:
    """Let results be complex, as a derivative by a complex step needs; leaves are made so by the one who takes it."""
    token = stepping.set(True)
    try:
        yield
    finally:
        stepping.reset(token)


def as_data(x: Any) -> float | Array:
    """A leaf's own data: a Python float for a Python number, else a new float32 or float64 array."""
    if isinstance(x, float | int):
        return float(x)
    array = as_array(x, "a Value")
    if array.dtype.kind in "biu":
        return np.array(array, FLOAT64)
    if array.dtype.newbyteorder("=") not in FLOATS:
        raise TypeError(f"a Value holds float32 or float64; got {array.dtype}: convert it with .astype first")
    return np.array(array, array.dtype.newbyteorder("="))


def as_operand(x: Any) -> Any:
    """A constant beside a Value: a number or an array of numbers."""
    if type(x) is np.ndarray and x.dtype.kind in "fiub":
        return x
    if isinstance(x, Operand) or type(x) in (float, int):
        return x
    if isinstance(x, float):
        return float(x)
    if isinstance(x, bool | int | np.bool_ | np.integer):
        return int(x)
    return as_array(x, "an operand of a Value")


def as_array(x: Any, role: str) -> Array:
    """x as an array of real numbers, or an error that says what it is instead."""
    if isinstance(x, Operand):
        raise TypeError(f"{role} was to be made of a {type(x).__name__}: use it as it is, or its .data")
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{role} cannot be a masked array: fill it first, x.filled(0)")
    if isinstance(x, list | tuple) and any(isinstance(entry, Operand) for entry in x):
        raise TypeError(f"{role} cannot be a {type(x).__name__} of Values: join them with np.stack or np.concatenate")
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"{role} must be rectangular; got a ragged {type(x).__name__}: make its rows equal") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{role} must be real numbers; got {describe_kind(x, array)}")
    return array


def describe_kind(x: Any, array: Array) -> str:
    """Name the kind of data that is refused."""
    if x is None:
        return "None"
    kinds = {"c": "complex data", "O": "objects", "U": "a string", "S": "bytes", "M": "dates", "m": "time spans"}
    kind = kinds.get(array.dtype.kind, str(array.dtype))
    advice = {"c": ": take np.real or np.abs first", "U": ": convert it with float(...)"}.get(array.dtype.kind, "")
    return f"{kind} ({type(x).__name__}, dtype {array.dtype}){advice}"


def as_result(data: Any, op: Operation | None) -> float | Array:
    """What an operation returned, as a Value's data; float64 scalars become Python floats."""
    if type(data) is np.float32:  # a loss, say
        return np.asarray(data)
    if isinstance(data, float | int):
        return float(data)
    array = np.asarray(data)
    if array.dtype.kind in "biu":
        return float(array) if array.ndim == 0 else array.astype(FLOAT64)
    if array.dtype not in FLOATS and not (array.dtype == COMPLEX and is_complex_step()):
        raise TypeError(f"{op.name if op else 'a copy'} gave {array.dtype}; a Value holds float32 or float64")
    return array


def refusal(op: Operation, inputs: list[Any], params: Any, error: Exception) -> Exception:
    """The error for a call that NumPy refused, in terms of what the user wrote."""
    shapes = [np.shape(x) for x in inputs if x is not None]
    if op.name == "matmul" and len(shapes) == 2:
        left, right = shapes
        if not left or not right:
            return ValueError(f"matmul: shapes {left} and {right}: a scalar has no axis to sum over; use *")
        if left[-1] != right[-2:][0]:
            where = "length" if len(right) == 1 else "last axis but one"
            return ValueError(
                f"matmul: shapes {left} and {right} do not fit: "
                f"the left's last axis is {left[-1]}, the right's {where} is {right[-2:][0]}; they must be equal"
            )
    if op.name == "solve" and len(shapes[0]) > 1 and shapes[0][-1] == shapes[0][-2] and shapes[1]:
        n, rows = shapes[0][-1], shapes[1][-2:][0]
        if n != rows:
            return ValueError(
                f"solve: shapes {shapes[0]} and {shapes[1]} do not fit: {n} equations, {rows} right sides"
            )
    core = 2 if op.name == "matmul" else 0
    clash = broadcast_clash(shapes, core) if op.elementwise or core else None
    if clash:
        return ValueError(f"{op.name}: shapes {' and '.join(map(str, shapes))} do not broadcast: {clash}")
    settings = "".join(f", {name}={value!r}" for name, value in params.items())
    name = "indexing" if op.name == "getitem" else op.name
    kinds = (np.linalg.LinAlgError, np.exceptions.AxisError, ValueError, TypeError, IndexError)
    kind = next((c for c in type(error).__mro__ if c in kinds), TypeError)
    advice = ADVICE.get(str(error), "")
    return kind(f"{name} of shape {', '.join(map(str, shapes))}{settings}: {error}{advice}")


# What to do about what LAPACK reports.
ADVICE = {
    "Singular matrix": ". Add a small multiple of the identity, or use np.linalg.lstsq or np.linalg.pinv",
    "Matrix is not positive definite": ". Add a small multiple of the identity, or look at np.linalg.eigvalsh",
    "SVD did not converge": ". Look for nan and inf in it",
    "Eigenvalues did not converge": ". Look for nan and inf in it",
}


def broadcast_clash(shapes: list[tuple[int, ...]], core: int) -> str | None:
    """The first axis, from the right and left of the core, on which shapes neither agree nor are 1."""
    for axis in range(1 + core, max(map(len, shapes), default=0) + 1):
        lengths = [shape[-axis] for shape in shapes if len(shape) >= axis]
        if len({n for n in lengths if n != 1}) > 1:
            return f"axis -{axis} has {' and '.join(map(str, lengths))}; they must be equal, or one of them 1"
    return None
