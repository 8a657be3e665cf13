"""Rules of special functions: the reciprocal root, the error functions, sinc and its derivatives.

At special points: sinc and its derivatives of every order are exact at 0, where rsqrt has the slope
-inf; erf and erfc are flat at plus and minus infinity.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .rules import differentiable


def rsqrt(x: Any) -> Any:
    """1 / sqrt(x)."""
    return 1 / np.sqrt(x)


# -- the error function ------------------------------------------------------------------------
# Rational approximations of W. J. Cody, "Rational Chebyshev approximations for the error function",
# Math. Comp. 23 (1969) 631-637, highest power first: of erf(x) / x in x*x up to NEAR, of
# exp(x*x) * erfc(x) in x up to FAR, and beyond it of a remainder in 1 / (x*x).
NEAR, FAR = 0.46875, 4.0
UNDERFLOW = 30.0  # where erfc is 0 in double precision
ROOT_PI = math.sqrt(math.pi)
NEAR_TOP = (
    1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
    3.20937758913846947e3,
)  # fmt: skip
NEAR_BOTTOM = (
    1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3,
)  # fmt: skip
MIDDLE_TOP = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
    2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
    1.23033935479799725e3,
)  # fmt: skip
MIDDLE_BOTTOM = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip
FAR_TOP = (
    1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
    1.60837851487422766e-2, 6.58749161529837803e-4,
)  # fmt: skip
FAR_BOTTOM = (
    1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
    2.33520497626869185e-3,
)  # fmt: skip


# Of log(erfc(x) * exp(x*x) / t) in t = 2 / (2 + x), for x from 0 to 10.5, beyond which erfc is 0 in single precision:
# the polynomial through its values at the Chebyshev points.  With it erfc is within 1.1e-8 of its size.
SINGLE = (
    -0.14881162396345768, 1.011947702683442, -2.889173004975829, 4.386361909651596, -3.691011287827356,
    1.7539963157881269, -0.7479752190531691, 0.23553370772853674, 0.3528721450849401, 1.0018376453157987,
    -1.2655782900136958,
)  # fmt: skip
IN_CACHE = 2**15  # entries at a time: 2**20 at once take 1.7 times as long


def ratio(top: tuple[float, ...], bottom: tuple[float, ...], x: Any) -> Any:
    """The quotient of two polynomials, by Horner's rule."""
    numerator, denominator = top[0], bottom[0]
    for a, b in zip(top[1:], bottom[1:], strict=False):
        numerator, denominator = numerator * x + a, denominator * x + b
    return numerator / denominator


def bell(x: Any) -> Any:
    """exp(-x*x) to full precision: rounding x*x would cost a digit for every one before its point."""
    coarse = np.trunc(16 * x) / 16
    return np.exp(-coarse * coarse) * np.exp((coarse - x) * (coarse + x))


def erf_near(x: Any) -> Any:
    return x * ratio(NEAR_TOP, NEAR_BOTTOM, x * x)


def erfc_middle(x: Any) -> Any:
    return bell(x) * ratio(MIDDLE_TOP, MIDDLE_BOTTOM, x)


def erfc_far(x: Any) -> Any:
    x = np.minimum(x, UNDERFLOW)
    inverse = 1 / (x * x)
    return bell(x) * (1 / ROOT_PI - inverse * ratio(FAR_TOP, FAR_BOTTOM, inverse)) / x


def erf(x: Any) -> Any:
    """Error function: 2/sqrt(pi) times the integral of exp(-t*t) from 0 to x.

    >>> from tinygrad_opt import Value
    >>> x = Value(0.0)
    >>> erf(x).backward()
    >>> print(round(x.grad, 6))  # 2 / sqrt(pi)
    1.128379
    """
    if isinstance(x, float | int):
        return math.erf(x)
    size = 1.0 * np.abs(x)
    parts = [erf_near, lambda y: 1 - erfc_middle(y), lambda y: 1 - erfc_far(y)]
    return np.copysign(np.piecewise(size, [size <= NEAR, (size > NEAR) & (size <= FAR)], parts), x)


def erfc(x: Any) -> Any:
    """Complement of the error function: 1 - erf(x), accurate where that is nearly 0."""
    if isinstance(x, float | int):
        return math.erfc(x)
    compute = erfc_single if x.dtype == np.float32 else erfc_double
    if x.size <= IN_CACHE:
        return compute(x)
    line = x.reshape(-1)
    out = np.empty_like(line)
    for start in range(0, x.size, IN_CACHE):
        out[start : start + IN_CACHE] = compute(line[start : start + IN_CACHE])
    return out.reshape(x.shape)


def erfc_double(x: Any) -> Any:
    size = 1.0 * np.abs(x)
    parts = [lambda y: 1 - erf_near(y), erfc_middle, erfc_far]
    right = np.piecewise(size, [size <= NEAR, (size > NEAR) & (size <= FAR)], parts)
    return np.where(x < 0, 2 - right, right)


def erfc_single(x: Any) -> Any:
    """To the last digit of float32, by one formula in float64: that takes a third of the time of the three parts."""
    size = np.abs(x, dtype=np.float64)
    t = 2 / (2 + size)
    power = np.full_like(t, SINGLE[0])
    for coefficient in SINGLE[1:]:
        power *= t
        power += coefficient
    power -= np.square(size)
    right = t * np.exp(power)
    return np.where(x < 0, 2 - right, right).astype(np.float32)


# -- sinc --------------------------------------------------------------------------------------
TERMS = 20  # of the series, for double precision


def bessel_over_power(z: Any, order: int) -> Any:
    """The spherical Bessel function j_n(z) / z**n, of order n: sin(z) / z for 0, each after it -1/z times the slope.

    Near 0 it is summed as a power series, elsewhere by recurrence on n (Abramowitz & Stegun 10.1.2, 10.1.19).
    """
    small = np.abs(z) < order + 1
    near, far = np.where(small, z, 0.0), np.where(small, 1.0, z)
    total: Any = 1.0 / math.prod(range(1, 2 * order + 2, 2))
    term = total
    for k in range(1, TERMS):
        term = term * near * near / (-2 * k * (2 * order + 2 * k + 1))
        total = total + term
    before, last = np.cos(far), np.sin(far) / far
    for n in range(order):
        before, last = last, ((2 * n + 1) * last - before) / (far * far)
    return np.where(small, total, last)


# fmt: off
rsqrt = differentiable(rsqrt, lambda g, out, x: -g * out / (2 * x), elementwise=True, domain=lambda x: x > 0)
erf  = differentiable(erf,  lambda g, out, x: g * (2 / ROOT_PI) * np.exp(-x * x),   elementwise=True, analytic=False)
erfc = differentiable(erfc, lambda g, out, x: -g * (2 / ROOT_PI) * np.exp(-x * x),  elementwise=True, analytic=False)
bessel_over_power = differentiable(bessel_over_power, lambda g, out, z, order:
                                   -g * z * bessel_over_power(z, order=order + 1), elementwise=True)
differentiable(np.sinc, lambda g, out, x: -g * np.pi**2 * x * bessel_over_power(np.pi * x, order=1), elementwise=True)
# fmt: on
