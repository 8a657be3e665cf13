"""audit finds what is wrong with a rule, each thing under its own code, and nothing wrong with those of the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from samples import SAMPLES, Case

from tinygrad_opt import Value, audit, differentiable
from tinygrad_opt.check.given import misshaped
from tinygrad_opt.check.probes import PROBES
from tinygrad_opt.ops import RULES, concrete

X = np.array([0.5, -1.25, 2.0])
M = np.arange(1.0, 7.0).reshape(2, 3)


# -- every operation of the table --------------------------------------------------------------
WIDENS = {np.float_power}  # to float64, which is what NumPy has it for


@pytest.mark.parametrize("fn", SAMPLES, ids=[RULES[fn].name for fn in SAMPLES])
def test_the_rules_of_the_table_pass(fn: Any) -> None:
    def check(case: Case) -> None:
        operands = tuple(
            x if i in case.live or x is None or np.asarray(x).dtype.kind != "f" else Value(x, requires_grad=False)
            for i, x in enumerate(case.operands)
        )
        found = audit(fn, (list(operands),) if case.operation.sequence else operands, seed=case.seed, **case.params)
        assert set(found.codes) <= ({"TG204"} if fn in WIDENS else set()), str(found)

    few = settings(max_examples=3, derandomize=True, deadline=None, database=None, phases=[Phase.generate])
    few(given(SAMPLES[fn])(check))()


# -- one planted mistake, one finding ----------------------------------------------------------
def square(x: Any) -> Any:
    return x * x


def double(g: Any, out: Any, x: Any) -> Any:
    return g * 2 * x


def remembering() -> Any:
    """A rule that hands its operand a share once, as one that writes x.grad = would."""
    seen: list[Any] = []

    def rule(g: Any, out: Any, x: Any) -> Any:
        known = any(x is s for s in seen)
        seen.append(x)
        return 0 * g if known else double(g, out, x)

    return differentiable(square, rule)


def noisy_rule() -> Any:
    rng = np.random.default_rng(0)
    return differentiable(square, lambda g, out, x: g * 2 * x * (1 + 1e-3 * rng.random()))


def noisy_function() -> Any:
    rng = np.random.default_rng(0)

    def shifted(x: Any) -> Any:
        return x + rng.random()

    return differentiable(shifted, lambda g, out, x: g)


def buffered_rule() -> Any:
    buffer = np.empty(3)
    return differentiable(square, lambda g, out, x: kept(buffer, double(g, out, x)))


def buffered_function() -> Any:
    buffer = np.empty(3)

    def buffered(x: Any) -> Any:
        return kept(buffer, x * x)

    return differentiable(buffered, double)


def kept(buffer: Any, x: Any) -> Any:
    if type(x) is not np.ndarray or x.dtype != float:
        return x
    buffer[...] = x
    return buffer


def writing_rule(g: Any, out: Any, x: Any) -> Any:
    part = double(g, out, x)
    if isinstance(g, np.ndarray):
        g[...] = 0
    return part


def writing_function(x: Any) -> Any:
    out = x * x
    x[0] = 7
    return out


def absent(g: Any, out: Any, x: Any) -> Any:
    raise KeyError("slope")


def by_hand(g: Any, out: Any, x: Any) -> Any:
    return g * 2 * (x + 0 * np.spacing(x))


def by_method(g: Any, out: Any, x: Any) -> Any:
    return 2 * (g * x).reshape(np.shape(x))


def untyped(g: Any, out: Any, x: Any) -> Any:
    return double(g, out, x) if isinstance(g, np.ndarray | Value) else g * 3 * x


def widened(g: Any, out: Any, x: Any) -> Any:
    return g * (2 * x * np.ones(3))


def widening(x: Any) -> Any:
    return x * x * np.ones(3)


def normalized(x: Any) -> Any:
    return x / np.sum(x)


def normalized_rule(g: Any, out: Any, x: Any) -> Any:
    return (g - np.sum(g * out)) / np.sum(x)


def doubled(x: Any) -> Any:
    return np.concatenate([x, x])


def real_square(x: Any) -> Any:
    if np.iscomplexobj(x):
        raise TypeError("real numbers only")
    return x * x


def signed_square(x: Any) -> Any:
    return np.abs(x) * x


def misfit(out: Any, x: Any) -> Any:
    raise ValueError("no side")


# What is wrong, the operation, and the one finding.
PLANTED: dict[str, tuple[Callable[[], Any], str]] = {
    "a rule that raises": (
        lambda: differentiable(square, absent),
        "TG200 square: the rule for x raised KeyError: 'slope'. It is called as rule(g, out, *inputs, **params)",
    ),
    "a rule that remembers": (
        remembering,
        "TG201 square: x[2] used twice got gradient -2.1638940957447788, expected -4.3277881914895575 -> the "
        "rule remembers an earlier call. Return the contribution; the engine adds",
    ),
    "g dropped": (
        lambda: differentiable(square, lambda g, out, x: 2 * x),
        "TG202 square: doubling the upstream gradient did not double the gradient for x[2]: it was 4 and "
        "became 4 -> upstream gradient not multiplied in. Multiply the local derivative by g",
    ),
    "g squared": (
        lambda: differentiable(square, lambda g, out, x: g * g * x),
        "TG202 square: doubling the upstream gradient did not double the gradient for x[1]: it was -0.740714 "
        "and became -2.96286 -> g enters otherwise than as a factor. Use no g**2, abs(g), comparison or clip "
        "of g",
    ),
    "the size of g": (
        lambda: differentiable(square, lambda g, out, x: np.abs(g) * 2 * x),
        "TG202 square: the gradient for x[2] of a sum of upstream gradients is 2.75409, the sum of their "
        "gradients 7.08188 -> g enters otherwise than as a factor. Use no abs(g), comparison or clip of g",
    ),
    "a sum too many": (
        lambda: differentiable(square, lambda g, out, x: np.sum(g * 2 * x)),
        "TG203 square: gradient for x has shape (), x has (3,). Spread it over the axes that it lacks: "
        "np.broadcast_to(..., np.shape(x))",
    ),
    "an axis too few": (
        lambda: differentiable(square, lambda g, out, x: (g * 2 * x)[:2]),
        "TG203 square: gradient for x has shape (2,), x has (3,); they must be equal",
    ),
    "no rule but None": (
        lambda: differentiable(square, lambda g, out, x: None),
        "TG203 square: the rule for x returned None; return the gradient, or pass None as the rule of a constant",
    ),
    "a wide rule": (
        lambda: differentiable(square, widened),
        "TG204 square: the rule for x gave float64 for float32 operands; the engine rounds it, but the pass "
        "takes twice the time and memory. Write constants as Python numbers, masks as g * mask, zeros as "
        "np.zeros_like(x); cast whole numbers",
    ),
    "a wide function": (
        lambda: differentiable(widening, double),
        "TG204 widening: the function gave float64 for float32 operands. Write constants as Python numbers, "
        "masks as g * mask, zeros as np.zeros_like(x); cast whole numbers",
    ),
    "a wrong factor": (
        lambda: differentiable(square, lambda g, out, x: g * x),
        "TG205 square: the gradient for x[2] is -1.63496 by the rule, -3.26991 by differences; half of what it "
        "should be: one of two uses is not added (= for +=), or a factor 2 is missing. Correct the rule",
    ),
    "a second derivative cut": (
        lambda: differentiable(square, lambda g, out, x: g * 2 * concrete(x)),
        "TG206 square: the gradient of the gradient for x[2] is 0 by the rule, 1.64133 by differences; no "
        "gradient arrives, though f changes: the path is cut by .data, float(), a detached copy or a wrong "
        "mask. The rule gives right numbers, but loses what they depend on",
    ),
    "a function without a rule": (
        lambda: differentiable(square, by_hand),
        "TG206 square: the gradient cannot be differentiated again: NotImplementedError: np.spacing has no "
        "derivative rule: add one with tinygrad_opt.differentiable(np.spacing, rule), or compute on .data. "
        "Write the rules in functions that have rules, on g, out and the inputs as they come: no float(), "
        "math., np.asarray or loop over entries",
    ),
    "g overwritten": (
        lambda: differentiable(square, writing_rule),
        "TG207 square: the rule for x wrote to g: g[0] was -1.13696 and is 0 afterwards. Others still need "
        "it: compute into a new array",
    ),
    "x overwritten": (
        lambda: differentiable(writing_function, double),
        "TG207 writing_function: the function wrote to x: x[0] was 0.5 and is 7 afterwards. Others still need"
        " it: compute into a new array",
    ),
    "a buffer for gradients": (
        buffered_rule,
        "TG208 square: the rule for x returned the same memory at two calls: the later result overwrites the "
        "earlier. Return a new array, or .copy()",
    ),
    "a buffer for results": (
        buffered_function,
        "TG208 buffered: the function returned the same memory at two calls: the later result overwrites the "
        "earlier. Return a new array, or .copy()",
    ),
    "a random rule": (
        noisy_rule,
        "TG209 square: the rule for x gave -1.137886344 and then -1.137999455 at [0] for the same operands. "
        "Draw random numbers outside and pass them in; keep nothing between calls",
    ),
    "a random function": (
        noisy_function,
        "TG209 shifted: the function gave 1.412755577 and then 1.106635776 at [0] for the same operands. Draw"
        " random numbers outside and pass them in; keep nothing between calls",
    ),
    "methods": (
        lambda: differentiable(square, by_method),
        "TG210 square: the rule for x has no formula, so explain() fails: AttributeError: 'Expr' object has "
        "no attribute 'reshape'. Write it in operators and NumPy functions: np.sum(g), not g.sum()",
    ),
    "a question of type": (
        lambda: differentiable(square, untyped),
        "TG210 square: the formula for x gives [-1.705, 2.887, -3.246], its rule on numbers [-1.137, 1.924, "
        "-2.164]. Do not ask what type g is of",
    ),
    "a kink that raises": (
        lambda: differentiable(square, double, kink=misfit),
        "TG211 square: kink= raised ValueError: no side. It is called as kink(out, *inputs, **params), on "
        "numbers and on formulas",
    ),
    "a domain that raises": (
        lambda: differentiable(square, double, domain=lambda x: x.above(0)),
        "TG211 square: domain= raised AttributeError: 'numpy.ndarray' object has no attribute 'above'. It is "
        "called as domain(*inputs)",
    ),
    "abs, claimed analytic": (
        lambda: differentiable(signed_square, lambda g, out, x: g * 2 * np.abs(x)),
        "TG212 signed_square: a complex step gives the slope 3.08584, the rules 6.17167; abs, max, "
        "comparisons and real parts do not allow it: pass analytic=False",
    ),
    "complex numbers refused": (
        lambda: differentiable(real_square, double),
        "TG212 real_square: complex numbers, which analytic=True promises to take, raised TypeError: real "
        "numbers only; abs, max, comparisons and real parts do not allow it: pass analytic=False",
    ),
    "another scalar form": (
        lambda: differentiable(square, double, elementwise=True, scalar=lambda x: x + x),
        "TG213 square: scalar= gives 1 for (0.5), the function 0.25. Make them agree, or leave it out",
    ),
    "not elementwise": (
        lambda: differentiable(normalized, normalized_rule, elementwise=True),
        "TG214 normalized: the result[0] is 0.4, and 1 where its operands (0.5) stand alone: it depends on "
        "other entries; leave out elementwise=True",
    ),
    "another shape, claimed elementwise": (
        lambda: differentiable(doubled, lambda g, out, x: g[:3] + g[3:], elementwise=True),
        "TG214 doubled: the result has shape (6,), the operands broadcast to (3,); leave out elementwise=True",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_the_only_finding(name: str) -> None:
    make, finding = PLANTED[name]
    report = audit(make(), [(X,)])
    assert not report
    assert str(report).splitlines()[-1] == finding
    assert report.codes == [finding[:5]]


def test_every_probe_has_a_planted_mistake() -> None:
    assert {finding[:5] for _, finding in PLANTED.values()} == {probe.code for probe in PROBES}


SHAPES = [
    (
        (10,),
        (32, 10),
        "gradient for b has shape (32, 10), b has (10,). b was stretched along axis 0; sum the gradient over axis 0",
    ),
    ((3, 2), (2, 3), "gradient for b has shape (2, 3), b has (3, 2). It is the transpose; it needs .T"),
    (
        (3, 2),
        (3, 1),
        "gradient for b has shape (3, 1), b has (3, 2). Spread it over the axes that it lacks: "
        "np.broadcast_to(..., np.shape(b))",
    ),
    ((3,), (4,), "gradient for b has shape (4,), b has (3,); they must be equal"),
]


@pytest.mark.parametrize(("shape", "found", "message"), SHAPES)
def test_a_gradient_of_another_shape_is_told_with_its_cause(shape: Any, found: Any, message: str) -> None:
    assert misshaped("b", shape, found) == message


# -- what is audited, and how it looks ---------------------------------------------------------
def test_a_report_lists_every_probe_and_what_it_kept_from_running() -> None:
    report = audit(differentiable(square, lambda g, out, x: g * x), [(2.0,), (3.0,)])
    assert str(report).splitlines()[:-1] == REPORT.splitlines()
    assert report.findings[0].sample == 0
    assert report.findings[0].probe == "the gradient is the slope"


REPORT = """\
audit of square, 2 samples: 1 finding
  TG200  the function and its rules run                      ok
  TG201  an operand used twice gets both shares              ok
  TG202  linear in the upstream gradient                     ok
  TG203  each gradient can be summed to its operand's shape  ok
  TG204  float32 in, float32 out                             does not apply
  TG205  the gradient is the slope                           FAILED
  TG206  the gradient of the gradient is its slope           not run, after TG205
  TG207  operands, out and g stay as they were               ok
  TG208  each call returns memory of its own                 ok
  TG209  two runs give the same bits                         ok
  TG210  the rules have a formula                            not run, after TG206
  TG211  kink= and domain= can be asked                      does not apply
  TG212  analytic: a complex step is exact                   not run, after TG206
  TG213  scalar= agrees with the function                    does not apply
  TG214  elementwise: entries are independent                does not apply"""


def test_samples_are_calls_as_a_user_writes_them() -> None:
    assert audit(np.multiply, (2.0, X))
    assert audit(np.sum, [(M, 0), (M, -1)], keepdims=True)
    assert audit(np.concatenate, [([M, [[1.0, 2.0, 3.0]]],)])
    assert audit(np.power, (Value(X, requires_grad=False), 1.5)).codes == ["TG205"]  # powers of a negative number
    assert audit(np.power, (X, Value(3.0, requires_grad=False)))
    assert audit(np.power, (X, 3))
    assert audit(np.where, (X > 0, X, 0.0))


def test_the_finding_names_the_sample() -> None:
    rule = differentiable(square, lambda g, out, x: g * 2 * np.abs(x), analytic=False)
    assert audit(rule, [([1.0, 2.0],)])
    assert [f.sample for f in audit(rule, [([1.0, 2.0],), ([1.0, -2.0],)]).findings] == [1]


NOT_SAMPLES = "audit takes a list of tuples of arguments, such as [(x,), (y,)], or one tuple; got "
BAD_CALLS: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: audit(absent, (X,)),
        "audit probes a function that has rules, and absent has none: pass what differentiable(absent, ...) returned. "
        "A function composed of others has no rules of its own: check it with gradcheck",
    ),
    (lambda: audit(np.sin, X), NOT_SAMPLES + "ndarray"),
    (lambda: audit(np.sin, []), NOT_SAMPLES + "an empty list"),
    (lambda: audit(np.sin, [X]), NOT_SAMPLES + "a list of ndarray"),
    (
        lambda: audit(np.sin, (3,)),
        "audit(sin) has nothing to differentiate in a sample of 3: integers and masks stand as constants, "
        "and so do Values that require no gradient; give floats",
    ),
    (
        lambda: audit(np.sin, (X,), depth=3),
        "sin on a Value takes no keyword; got depth=. Leave it out, or compute on .data",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[message for _, message in BAD_CALLS])
def test_bad_calls_say_what_is_wrong(call: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message
