"""Value: a number or an array that remembers how it was made."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import numpy as np

from .data import FLOAT32, FLOAT64, FLOATS, as_data, as_operand, as_result, broadcast_clash, refusal
from .engine import fit, newest_first, next_age, sweep
from .methods import Methods
from .ops import RULES, Operation
from .ops.aside import listener
from .ops.indexing import check_index, getitem
from .ops.operation import NO_PARAMS, NUMBERS
from .ops.shapes import cast
from .recording import enable_grad, is_recording

AS_IT_IS = contextlib.nullcontext()
PLAIN = NUMBERS | {np.ndarray}
NEGATIVE, POSITIVE, ABSOLUTE = (RULES[f] for f in (np.negative, np.positive, np.absolute))


def operators(fn: Callable[..., Any]) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """A Python operator and its reflection, by a short path; what is unusual takes `record`, which explains.

    One frame from the operator to the finished node: a call more would cost a tenth of it.
    """
    op = RULES[fn]
    compute: Callable[[Any, Any], Any] = op.scalar  # type: ignore[assignment]  # every operator has one

    def direct(self: Value, other: Any) -> Value:
        if type(other) is Value:
            y, live = other.data, self.requires_grad or other.requires_grad
        elif type(other) in PLAIN:
            y, live = other, self.requires_grad
        else:
            return Value.record(op, (self, other), NO_PARAMS)
        try:
            data = compute(self.data, y)
        except (ArithmeticError, ValueError, TypeError):
            return Value.record(op, (self, other), NO_PARAMS)
        if type(data) is float and live and is_recording():
            v = new(Value)
            v.data, v.op, v.args, v.params, v.requires_grad = data, op, (self, other), NO_PARAMS, True
            v.grad = v.name = None
            v.age = next_age()
            return v
        if type(data) is complex:
            return Value.record(op, (self, other), NO_PARAMS)
        return node(data, op, (self, other), NO_PARAMS, live)

    def reflected(self: Value, other: Any) -> Value:
        if type(other) not in PLAIN:
            return Value.record(op, (other, self), NO_PARAMS)
        try:
            data = compute(other, self.data)
        except (ArithmeticError, ValueError, TypeError):
            return Value.record(op, (other, self), NO_PARAMS)
        if type(data) is complex:  # Python's answer to (-8.0) ** (1/3); NumPy's, and so ours, is nan
            return Value.record(op, (other, self), NO_PARAMS)
        return node(data, op, (other, self), NO_PARAMS, self.requires_grad)

    return direct, reflected


class Value(Methods):
    """A number or array that remembers how it was made, so that it can be differentiated.

    data           a Python float for a Python number, else an array of float32 or float64 (a copy;
                   ints and bools become float64)
    grad           d(root)/d(self) after ``root.backward()``; leaves add up, intermediates are set afresh
    name           shown in explanations and pictures
    requires_grad  False for a constant: nothing flows into it

    Raises TypeError for complex, object or string data, ValueError for a ragged list.

    >>> a, b = Value(2.0, name="a"), Value(3.0, name="b")
    >>> c = a * b + a
    >>> c.backward()
    >>> a.grad, b.grad
    (4.0, 2.0)
    """

    __slots__ = ()

    def __init__(self, data: Any, name: str | None = None, requires_grad: bool = True):
        self.data = float(data) if type(data) in NUMBERS else as_data(data)
        if name is not None and not isinstance(name, str):
            raise TypeError(f"a name is a string; got {name!r}")
        self.grad = None
        self.name = name
        self.op = None
        self.args = ()
        self.params = NO_PARAMS
        self.age = next_age()
        self.requires_grad = requires_grad

    # -- what it is ----------------------------------------------------------------------------
    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.data)

    @property
    def ndim(self) -> int:
        return np.ndim(self.data)

    @property
    def size(self) -> int:
        return np.size(self.data)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype if isinstance(self.data, np.ndarray) else FLOAT64

    def item(self) -> float:
        """The only entry, as a Python float."""
        if self.size != 1:
            raise TypeError(f"only a Value of one entry is a number; this one has shape {self.shape}: index it first")
        numbers = self.concrete()
        return float(numbers if self.ndim == 0 else numbers.item())

    __float__ = item

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.concrete())

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a scalar Value has no length")
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Value]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        return f"Value(data={brief(self.data)}, grad={brief(self.grad)}{name})"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    # -- the graph -----------------------------------------------------------------------------
    def backward(
        self, gradient: Any = None, create_graph: bool = False, keep: Literal["all", "leaves"] = "all"
    ) -> None:
        """Fill .grad with the gradient of self, for every Value it was computed from.

        Leaves add to the .grad they have; intermediates are set afresh, or with keep="leaves" hold
        none, which saves memory.  gradient is d(loss)/d(self), of self's shape; a scalar needs none.
        With create_graph=True gradients are Values and can be differentiated again.

        Raises ValueError for a non-scalar without gradient and for a gradient of another shape,
        RuntimeError if nothing here requires a gradient.
        """
        if not self.requires_grad:
            raise RuntimeError(
                "backward() on a Value that requires no gradient: it was made under no_grad() or from constants alone"
            )
        if keep not in ("all", "leaves"):
            raise ValueError(f'keep must be "all" or "leaves"; got {keep!r}')
        with enable_grad() if create_graph else AS_IT_IS:
            grads = sweep(self, seed_gradient(self, gradient, create_graph), create_graph, keep == "all")
            for node, g in grads.items():
                if node.op is None and (node.grad is not None or type(g) is not type(node.data)):
                    grads[node] = added(node, g)
        for node, total in grads.items():  # only now, when nothing can fail any more
            node.grad = total

    def detach(self) -> Value:
        """A constant of the same data, which it shares, outside the graph: no gradient flows through it.

        >>> x = Value(3.0)
        >>> (x * x.detach()).backward()
        >>> x.grad
        3.0
        """
        return node(self.data, None, (), NO_PARAMS, live=False, name=self.name)

    def astype(self, dtype: Any) -> Value:
        """The same numbers as float32 or float64; the gradient comes back in the dtype of this Value.

        Raises TypeError for any other dtype.
        """
        if np.dtype(dtype) not in (FLOAT64, FLOAT32):
            raise TypeError(
                f"astype: a Value holds float32 or float64; got {np.dtype(dtype)}: for labels and masks use .data"
            )
        return cast(self, dtype=np.dtype(dtype))  # type: ignore[no-any-return]

    def concrete(self) -> Any:
        listens = listener()
        return self.data if listens is None else listens.lend(self.data)

    def constant(self, data: Any) -> Value:
        return Value(data, requires_grad=False)

    def seed(self, gradient: Any = None) -> Any:
        """The number or array that a backward pass from here starts from, checked."""
        return seed_gradient(self, gradient, create_graph=False)

    @staticmethod
    def record(operation: Operation, args: tuple[Any, ...], params: Mapping[str, Any]) -> Value:
        inputs, live, replaced = [], False, False
        for a in args:
            if isinstance(a, Value):
                live = live or a.requires_grad
                inputs.append(a.data)
            elif type(a) in NUMBERS or (a is None and operation.optional):
                inputs.append(a)
            else:
                x = as_operand(a)
                inputs.append(x)
                replaced = replaced or x is not a
        if replaced:
            args = tuple(a if isinstance(a, Value) else x for a, x in zip(args, inputs, strict=True))
        live = live and is_recording()
        if live and operation.keeps:
            params = {**params, "kept": []}
        compute = operation.fn if type(inputs[0]) is np.ndarray and not operation.sequence else operation.evaluate
        try:
            data = compute(*inputs, **params) if params else compute(*inputs)
        except (ValueError, TypeError, IndexError, AttributeError) as error:
            raise refusal(operation, inputs, operation.given(params), error) from None
        return node(data, operation, args, params, live)

    def __copy__(self) -> Value:
        """A second node of the same making: same inputs, own data, no gradient yet."""
        with enable_grad():
            return node(own(self.data), self.op, self.args, self.params, self.requires_grad, self.name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        """The whole graph again, with data of its own."""
        with enable_grad():
            for old in reversed(newest_first(self)):
                if id(old) not in memo:
                    args = tuple(memo[id(a)] if isinstance(a, Value) else a for a in old.args)
                    new = node(own(old.data), old.op, args, old.params, old.requires_grad, old.name)
                    new.grad = own(old.grad)
                    memo[id(old)] = new
        copied: Value = memo[id(self)]
        return copied

    def __reduce__(self) -> Any:
        if self.op is not None:
            raise TypeError("a computed Value cannot be pickled with its graph: pickle its .data")
        return Value, (self.data, self.name, self.requires_grad)

    # -- operators -----------------------------------------------------------------------------
    # fmt: off
    __add__,      __radd__      = operators(np.add)
    __sub__,      __rsub__      = operators(np.subtract)
    __mul__,      __rmul__      = operators(np.multiply)
    __truediv__,  __rtruediv__  = operators(np.divide)
    __floordiv__, __rfloordiv__ = operators(np.floor_divide)
    __mod__,      __rmod__      = operators(np.remainder)
    __pow__,      __rpow__      = operators(np.power)
    __matmul__,   __rmatmul__   = operators(np.matmul)

    def __neg__(self) -> Value:       return Value.record(NEGATIVE, (self,), NO_PARAMS)
    def __pos__(self) -> Value:       return Value.record(POSITIVE, (self,), NO_PARAMS)
    def __abs__(self) -> Value:       return Value.record(ABSOLUTE, (self,), NO_PARAMS)

    def __lt__(self, y: Any) -> Any:          return compare(operator.lt, self, y)
    def __le__(self, y: Any) -> Any:          return compare(operator.le, self, y)
    def __gt__(self, y: Any) -> Any:          return compare(operator.gt, self, y)
    def __ge__(self, y: Any) -> Any:          return compare(operator.ge, self, y)
    def __eq__(self, y: Any) -> Any:          return compare(operator.eq, self, y)
    def __ne__(self, y: Any) -> Any:          return compare(operator.ne, self, y)
    __hash__ = object.__hash__
    # fmt: on

    def __getitem__(self, index: Any) -> Value:
        return getitem(self, index=check_index(index))  # type: ignore[no-any-return]

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "a Value's entries cannot be assigned: the graph may need the old ones. Write "
            "x = functional.index_put(x, index, new) or np.where(mask, new, x), or change x.data outside the graph"
        )


def brief(x: Any) -> str:
    """Data as repr shows it: a number in full, an array summarized."""
    if isinstance(x, np.ndarray):
        return np.array2string(x, threshold=16, edgeitems=2, separator=", ")
    return repr(x)


def own(x: Any) -> Any:
    """A copy of data that nothing else writes to."""
    return x.copy() if isinstance(x, np.ndarray) else x


new = object.__new__


def node(
    data: Any,
    op: Operation | None,
    args: tuple[Any, ...],
    params: Mapping[str, Any],
    live: bool,
    name: str | None = None,
) -> Value:
    """A result, with its history if a gradient is wanted."""
    if type(data) is not float and (type(data) is not np.ndarray or data.dtype not in FLOATS):
        data = as_result(data, op)
    v = new(Value)
    v.data = data
    if live and is_recording():
        v.op, v.args, v.params, v.requires_grad = op, args, params, True
    elif listener() is not None:  # a program computes constants too, such as what a frozen layer gives
        v.op, v.args, v.params, v.requires_grad = op, args, params, False
    else:
        v.op, v.args, v.params, v.requires_grad = None, (), NO_PARAMS, False
    v.grad = None
    v.name = name
    v.age = next_age()
    return v


def compare(ask: Callable[[Any, Any], Any], a: Value, b: Any) -> Any:
    """A mask: True where the comparison holds."""
    b = b.data if isinstance(b, Value) else np.asarray(b) if isinstance(b, list | tuple) else b
    try:
        return ask(a.concrete(), b)
    except ValueError as error:
        clash = broadcast_clash([a.shape, np.shape(b)], 0)
        raise ValueError(f"comparison: shapes {a.shape} and {np.shape(b)} do not broadcast: {clash or error}") from None


def seed_gradient(root: Value, gradient: Any, create_graph: bool) -> Any:
    """What the backward sweep starts from: 1, or the checked gradient the caller gives."""
    if gradient is None:
        if type(root.data) is float and not create_graph:
            return 1.0
        data = root.data
        if type(data) is np.ndarray and data.size == 1 and not create_graph:
            return np.ones(data.shape, data.dtype)
        if root.size != 1:
            raise ValueError(
                f"backward() starts from a scalar, and this Value has shape {root.shape}: reduce it first "
                "(.sum(), .mean()), or pass gradient=, an array of that shape"
            )
        gradient = 1.0
    shape = np.shape(gradient)
    if shape != root.shape and (shape or root.size != 1):
        raise ValueError(f"backward(gradient=...) needs one number for each entry: shape {root.shape}; got {shape}")
    if create_graph and isinstance(gradient, Value):
        return fit(gradient + np.zeros(root.shape), root.data)
    seed = as_data(gradient.data if isinstance(gradient, Value) else gradient)
    seed = np.full(root.shape, seed, root.dtype) if isinstance(root.data, np.ndarray) else float(seed)
    return Value(seed, requires_grad=False) if create_graph else seed


def added(leaf: Any, g: Any) -> Any:
    """A leaf's gradient after a pass: what it held before plus what the pass brought, in a new array."""
    held = leaf.grad
    if held is not None:
        if np.shape(held) not in (leaf.shape, ()):
            raise ValueError(
                f"cannot add to {leaf.name or 'a leaf'}.grad: it has shape {np.shape(held)}, "
                f"but .data has shape {leaf.shape}. Set .grad to None first"
            )
        g = (held.data if isinstance(held, Value) and not isinstance(g, Value) else held) + g
    if isinstance(g, Value):
        return g
    return np.asarray(g, leaf.dtype) if isinstance(leaf.data, np.ndarray) else float(g)
