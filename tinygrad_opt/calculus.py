"""Derivatives of functions: gradients, Jacobians, Hessians, and their products with vectors.

f is written with NumPy's functions and operators and takes numbers, arrays, Values, or dicts and
lists of them.  A derivative comes in the shape of what it belongs to: numbers for a number, arrays
for an array, a dict for a dict.  Given Values it consists of Values that can be differentiated
again, and so it is where f depends on other Values that require a gradient, such as the argument of
an enclosing grad.  No .grad is touched.  Where f does not depend on an input, the derivative is 0.

Costs are counted in evaluations of f: one backward pass calls about as many NumPy functions as two
evaluations; one that builds a graph does the same and remembers it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .engine import newest_first, next_age, sweep
from .recording import enable_grad, is_recording
from .tree import filled, in_order_of, leaves, mapped
from .value import Value

Function = Callable[..., Any]


def grad(f: Function, argnum: int | tuple[int, ...] = 0) -> Function:
    """The gradient of f with respect to argument number argnum, as a function; see value_and_grad.

    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    with_value = value_and_grad(f, argnum)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return with_value(*args, **kwargs)[1]

    return gradient


def value_and_grad(f: Function, argnum: int | tuple[int, ...] = 0) -> Callable[..., tuple[Any, Any]]:
    """The function that returns f's value and its gradient with respect to argument number argnum.

    f returns a scalar.  A tuple of numbers gives a tuple of gradients.

    Costs one evaluation of f and one backward pass.
    Raises TypeError if f does not return a scalar.

    >>> value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    >>> grad(lambda p: p["w"] * 3 + p["b"])({"w": 2.0, "b": 1.0})
    {'w': 3.0, 'b': 1.0}
    """

    @functools.wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        at = Evaluation(f, args, kwargs, argnum)
        y = scalar(at.y, "grad")
        g = at.like_inputs(at.pull(y, y.seed(), at.again))
        return (y, g) if at.again else (y.data, g)

    return differentiated


def jacobian(f: Function, argnum: int | tuple[int, ...] = 0) -> Function:
    """The function that returns every derivative of f's results: J[i, j] = d f(x)[i] / d x[j].

    f returns an array of any shape, or a dict or list of them; J has the shape of the result
    followed by the shape of the input, inside the trees of the two.

    Costs one evaluation and the cheaper of two ways: a backward pass for each of the m results, or
    one backward pass that builds a graph and then, for each of the n inputs, one over that graph.

    >>> import numpy as np
    >>> jacobian(lambda x: np.stack([x[0] * x[1], x[0] ** 2]))(np.array([3.0, 4.0]))
    array([[4., 3.],
           [6., 0.]])
    """

    @functools.wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        at = Evaluation(f, args, kwargs, argnum)
        results = [as_value(y, "jacobian") for y in leaves(at.y)]
        m, n = sum(y.size for y in results), sum(x.size for x in at.inputs)
        way = by_rows if m <= n + COLUMNS_START else by_columns
        return filled(at.y, [at.like_inputs(way(at, y)) for y in results])

    return differentiated


def hessian(f: Function, argnum: int = 0) -> Function:
    """The function that returns the second derivatives of a scalar f: H[i, j] = d2 f(x) / d x[i] d x[j].

    H has the shape of x twice over; for a dict or list it is one of dicts or lists.

    Costs one evaluation, one backward pass that builds a graph, and for each of the n inputs a
    backward pass over that.  For large n take `hvp`, whose cost does not depend on n.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 5.0])
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    return functools.wraps(f)(jacobian(grad(f, argnum), argnum))


def vjp(f: Function, x: Any, u: Any) -> Any:
    """The product of a vector with the Jacobian, u @ J: the gradient of sum(u * f(x)) for x.

    u has the shape of f(x), the result that of x.  Costs one evaluation and one backward pass.

    >>> vjp(lambda x: x**2, [1.0, 2.0], [1.0, 10.0])
    array([ 2., 40.])
    """
    at = Evaluation(f, (x,), {}, 0, u)
    total = inner(as_results(at.y, "vjp"), leaves(in_order_of(at.y, u, "vjp: u")), "vjp", "u", "f(x)")
    return at.like_inputs(at.pull(total, total.seed(), at.again))


def jvp(f: Function, x: Any, v: Any) -> Any:
    """The product of the Jacobian with a vector, J @ v: how f(x) changes as x moves along v.

    v has the shape of x, the result that of f(x).  The gradient of sum(u * f(x)) for x is linear in
    u, and its own gradient for u along v is J @ v; so backward rules are all it needs.

    Costs one evaluation, one backward pass that builds a graph, and one over that.

    >>> jvp(lambda x: x**2, [1.0, 2.0], [1.0, 10.0])
    array([ 2., 40.])
    """
    at = Evaluation(f, (x,), {}, 0, v)
    results = as_results(at.y, "jvp")
    vs = leaves(in_order_of(x, v, "jvp: v"))
    check_shapes(at.inputs, vs, "jvp", "v", "x")
    return filled(at.y, [pushed(at, y, vs) for y in results])


def hvp(f: Function, x: Any, v: Any) -> Any:
    """The product of the Hessian of a scalar f with a vector: how the gradient changes as x moves along v.

    v and the result have the shape of x (Pearlmutter, 1994: the gradient of sum(v * gradient)).

    Costs one evaluation, one backward pass that builds a graph, and one over that, whatever the
    number of inputs: less than four evaluations of the gradient.

    >>> hvp(lambda x: x[0] ** 2 * x[1], [3.0, 5.0], [1.0, 0.0])
    array([10.,  6.])
    """
    at = Evaluation(f, (x,), {}, 0, v)
    y = scalar(at.y, "hvp")
    vs = leaves(in_order_of(x, v, "hvp: v"))
    slope = inner(at.pull(y, y.seed(), graph=True), vs, "hvp", "v", "x")
    return at.like_inputs(at.pull(slope, slope.seed(), at.again))


class Evaluation:
    """f evaluated once, on Values: its inputs, its result, and what derivatives are to be made of.

    y       what f returned
    inputs  the leaves of the arguments that are differentiated, as Values
    again   whether derivatives are Values, to be differentiated again
    """

    def __init__(self, f: Function, args: tuple[Any, ...], kwargs: dict[str, Any], argnum: Any, vector: Any = None):
        numbers = positions(argnum, len(args))
        self.start = next_age()
        self.single = isinstance(argnum, int)
        with enable_grad():
            made = {i: mapped(as_input, args[i]) for i in numbers}
            self.y = f(*(made.get(i, a) for i, a in enumerate(args)), **kwargs)
        self.trees = [made[i] for i in numbers]
        self.inputs: list[Value] = [x for tree in self.trees for x in leaves(tree)]
        given = [leaf for i in numbers for leaf in leaves(args[i])] + leaves(vector)
        self.again = any(isinstance(leaf, Value) for leaf in given)
        if is_recording() and not self.again:
            self.again = any(self.depends_on_others(y) for y in leaves(self.y) if isinstance(y, Value))

    def depends_on_others(self, y: Value) -> bool:
        """Whether y has a gradient for what was there before: the argument of an enclosing grad, or a parameter."""
        return any(node.op is None and node.requires_grad and node.age < self.start for node in newest_first(y))

    def pull(self, y: Value, seed: Any, graph: bool) -> list[Any]:
        """The gradient of y for each input, as Values if it is to be differentiated again."""
        found: dict[Any, Any] = {}
        if y.requires_grad:
            with enable_grad():
                start = Value(seed, requires_grad=False) if graph and not isinstance(seed, Value) else seed
                found = sweep(y, start, graph, toward=self.inputs)
        return [found[x] if x in found else zeros(x, graph) for x in self.inputs]

    def like_inputs(self, parts: Sequence[Any]) -> Any:
        """One derivative for each input, in the shape of the arguments."""
        remaining = iter(parts)
        trees = tuple(mapped(lambda _: next(remaining), tree) for tree in self.trees)
        return trees[0] if self.single else trees


def positions(argnum: Any, count: int) -> list[int]:
    """The arguments to differentiate, as numbers from 0."""
    numbers: tuple[Any, ...] = argnum if isinstance(argnum, tuple) else (argnum,)
    if not numbers or not all(isinstance(i, int) and -count <= i < count for i in numbers):
        raise TypeError(f"cannot differentiate argument {argnum!r}: {count} positional arguments were given")
    return [i % count for i in numbers]


def as_input(x: Any) -> Value:
    """An input of f as a Value that nothing else depends on: a new leaf, or a node over the one given."""
    if isinstance(x, Value):
        return +x if x.requires_grad else Value(x.data)
    return Value(x)


def as_value(y: Any, asked: str) -> Value:
    """What f returned, as a Value."""
    if isinstance(y, Value):
        return y
    if not isinstance(y, float | int | np.number | np.ndarray):
        raise TypeError(f"{asked} needs a function that returns numbers; this one returned {type(y).__name__}")
    return Value(y, requires_grad=False)


def as_results(y: Any, asked: str) -> list[Value]:
    return [as_value(leaf, asked) for leaf in leaves(y)]


def scalar(y: Any, asked: str) -> Value:
    """What f returned, as a Value of one entry."""
    if not isinstance(y, Value | float | int | np.number | np.ndarray):
        raise TypeError(f"{asked} needs a function that returns a scalar; this one returned {type(y).__name__}")
    value = as_value(y, asked)
    if value.size != 1:
        raise TypeError(f"{asked} needs a function that returns a scalar; this one returned shape {value.shape}")
    return value


def zeros(x: Value, graph: bool) -> Any:
    """The derivative of what does not depend on x."""
    zero = np.zeros_like(x.data) if isinstance(x.data, np.ndarray) else 0.0
    return Value(zero, requires_grad=False) if graph else zero


def check_shapes(ys: Sequence[Any], us: Sequence[Any], asked: str, name: str, of: str) -> None:
    """Refuse a vector that is not of the shape it stands beside, or not of real numbers."""
    for u in us:
        if not isinstance(u, Value) and np.asarray(u).dtype.kind not in "biuf":
            raise TypeError(f"{asked} needs {name} of real numbers; got {type(u).__name__} of {np.asarray(u).dtype}")
    shapes, given = [np.shape(y) for y in ys], [np.shape(u) for u in us]
    if shapes != given:
        wanted, seen = (", ".join(map(str, s)) for s in (shapes, given))
        raise ValueError(f"{asked} needs {name} of the shape of {of}: {wanted}; got {seen}")


def inner(ys: Sequence[Any], us: Sequence[Any], asked: str, name: str, of: str) -> Value:
    """The inner product of results or gradients with a vector of their shape."""
    check_shapes(ys, us, asked, name, of)
    with enable_grad():
        total = Value(0.0, requires_grad=False)
        for y, u in zip(ys, us, strict=True):
            total = total + np.sum(y * (u if isinstance(u, Value) else np.asarray(u, float)))
        return total


# -- the two ways to a Jacobian ----------------------------------------------------------------
COLUMNS_START = 3  # what the graph of the gradient costs before the first column, in backward passes


def units(shape: tuple[int, ...]) -> Any:
    """Arrays of zeros with a single one, at each entry in turn; for a number, 1."""
    for index in np.ndindex(shape):
        unit = np.zeros(shape)
        unit[index] = 1.0
        yield unit if shape else 1.0


def by_rows(at: Evaluation, y: Value) -> list[Any]:
    """The Jacobian of y for each input, one backward pass for each entry of y."""
    rows = [at.pull(y, y.seed(unit), at.again) for unit in units(y.shape)]
    return [joined([row[k] for row in rows], y.shape, x.shape, 0) for k, x in enumerate(at.inputs)]


def by_columns(at: Evaluation, y: Value) -> list[Any]:
    """The Jacobian of y for each input, one pass over the graph of its gradient for each entry of the input."""
    u, gradients = gradient_graph(at, y)
    found = []
    for x, g in zip(at.inputs, gradients, strict=True):
        columns = [along(g, unit, u, at.again) for unit in units(x.shape)]
        found.append(joined(columns, y.shape, x.shape, y.ndim))
    return found


def gradient_graph(at: Evaluation, y: Value) -> tuple[Value, list[Any]]:
    """A vector u, and the gradient of sum(u * y) for each input as a graph over u."""
    u = Value(y.seed(np.ones(y.shape)))
    return u, at.pull(y, u, graph=True)


def along(g: Value, direction: Any, u: Value, again: bool) -> Any:
    """d sum(g * direction) / d u."""
    found: dict[Any, Any] = {}
    if g.requires_grad:
        with enable_grad():
            seed = g.seed(direction)
            found = sweep(g, Value(seed, requires_grad=False) if again else seed, again, toward=[u])
    return found[u] if u in found else zeros(u, again)


def pushed(at: Evaluation, y: Value, vs: list[Any]) -> Any:
    """The Jacobian of y times a vector of the inputs' shapes."""
    u, gradients = gradient_graph(at, y)
    slope = inner(gradients, vs, "jvp", "v", "x")
    return along(slope, 1.0, u, at.again)


def joined(parts: list[Any], result: tuple[int, ...], given: tuple[int, ...], axis: int) -> Any:
    """Derivatives entry by entry as one array of the result's shape followed by the input's."""
    if not parts:
        return np.zeros(result + given)
    if not result and not given:
        return parts[0]
    return np.reshape(np.stack(parts, axis=axis), result + given)
