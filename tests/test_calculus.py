"""grad and value_and_grad: gradients of functions, of any order, without touching any .grad."""

import numpy as np
import pytest

from tinygrad_opt import Value, grad, no_grad, value_and_grad


def test_numbers_in_numbers_out():
    value, gradient = value_and_grad(lambda x: x**3)(2.0)
    assert (value, gradient) == (8.0, 12.0)
    assert type(value) is type(gradient) is float


def test_arrays_in_arrays_of_their_shape_and_dtype_out():
    x = np.ones((2, 3), np.float32)
    gradient = grad(lambda x: (x * x).sum())(x)
    assert gradient.dtype == np.float32
    assert gradient.tolist() == [[2.0] * 3] * 2


def test_values_in_differentiable_values_out():
    x = Value(3.0)
    slope = grad(lambda x: x**3)(x)
    assert isinstance(slope, Value)
    slope.backward()
    assert (slope.data, x.grad) == (27.0, 18.0)


@pytest.mark.parametrize(("order", "expected"), [(1, 4 * 2.0**3), (2, 12 * 2.0**2), (3, 24 * 2.0), (4, 24.0), (5, 0.0)])
def test_every_order_of_a_power(order, expected):
    f = lambda x: x**4  # noqa: E731  # differentiated in a loop
    for _ in range(order):
        f = grad(f)
    assert f(2.0) == expected


def test_inner_gradient_keeps_to_its_own_argument():
    assert grad(lambda x: x * grad(lambda y: x * y)(Value(2.0)))(3.0) == 6.0


def test_mixed_derivatives_whichever_argument_the_inner_grad_takes():

    def f(x, y):
        return np.sin(x * y)

    mixed = np.cos(0.35) - 0.35 * np.sin(0.35)
    assert grad(grad(f, 0), 1)(0.5, 0.7) == pytest.approx(mixed, rel=1e-14)
    assert grad(grad(f, 1), 0)(0.5, 0.7) == pytest.approx(mixed, rel=1e-14)
    assert grad(lambda x: grad(lambda y: x * y * y)(3.0))(2.0) == 6.0
    assert grad(lambda x: x * grad(lambda y: x * y * y)(3.0))(2.0) == 24.0


def test_a_gradient_penalty_reaches_the_parameters():
    w = Value(3.0)
    slope = grad(lambda x: w * x * x)(2.0)
    (slope * slope).backward()
    assert (slope.data, w.grad) == (12.0, 2 * 12.0 * 4.0)


def test_argnum_and_keywords():

    def f(x, y, scale=1.0):
        return scale * x * y**2

    assert grad(f, argnum=1)(2.0, 3.0) == 12.0
    assert grad(f, argnum=-1)(2.0, 3.0, scale=10.0) == 120.0


def test_works_inside_no_grad():
    with no_grad():
        assert grad(lambda x: x * x)(3.0) == 6.0


def test_a_function_that_ignores_its_argument_has_gradient_zero():
    assert grad(lambda x: 5.0)(2.0) == 0.0
    assert grad(lambda x: Value(1.0, requires_grad=False) * 2)(np.ones(2)).tolist() == [0.0, 0.0]
    assert grad(lambda x: Value(1.0) * 2)(Value(2.0)).data == 0.0


def test_no_grad_attribute_is_touched():
    w = Value(2.0)
    assert grad(lambda x: w * x)(3.0) == 2.0
    assert w.grad is None


def test_bad_calls_say_what_is_wrong():
    with pytest.raises(TypeError, match=r"grad needs a function that returns a scalar; this one returned shape \(2,\)"):
        grad(lambda x: x * 2)(np.ones(2))
    with pytest.raises(TypeError, match="this one returned list"):
        grad(lambda x: [1.0, 2.0])(1.0)
    with pytest.raises(TypeError, match="this one returned NoneType"):
        grad(lambda x: None)(1.0)
    with pytest.raises(TypeError, match="cannot differentiate argument 2: 1 positional arguments were given"):
        grad(lambda x: x, argnum=2)(1.0)
