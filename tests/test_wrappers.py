"""What stands around an optimizer: lookahead, SAM, averages, accumulation, and schedule-free steps."""

import copy
import json

import numpy as np
import pytest

from tinygrad_opt import Value
from tinygrad_opt.optim import (
    EMA,
    SAM,
    SGD,
    SWA,
    Accumulate,
    Adam,
    ClipGlobalNorm,
    DecoupledDecay,
    Lookahead,
    NonNegative,
    Optimizer,
    Rate,
    RequireFinite,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
)


class Descent(Optimizer):
    lr: Rate = 0.1

    @staticmethod
    def rule(h, t, p, g):
        return p - h.lr * g


class Polyak(Optimizer):
    uses_loss = True

    @staticmethod
    def rule(h, t, p, g):
        return p - 0.1 * h.loss * g


def parameters():
    rng = np.random.default_rng(0)
    return [Value(rng.normal(size=3), name="a"), Value(np.float32(rng.normal(size=(2, 2))), name="b"), Value(0.5)]


def values(params):
    return [np.array(p.data).tobytes() for p in params]


def gradients(params, t):
    return [float(np.sin(t) + p.data) if p.ndim == 0 else np.sin(t) + p.data for p in params]


def step(optimizer, t):
    """One step of any wrapper, at a gradient that depends on the parameters and the step."""

    def closure():
        for p, g in zip(optimizer.params, gradients(optimizer.params, t), strict=True):
            p.grad = g
        return float(t)

    if isinstance(optimizer, SAM):
        return optimizer.step(closure)
    return optimizer.step(closure())


WRAPPED = {
    "lookahead": lambda ps: Lookahead(Adam(ps, lr=0.1), k=3),
    "sam": lambda ps: SAM(Adam(ps, lr=0.1)),
    "ema": lambda ps: EMA(Adam(ps, lr=0.1), decay=0.9),
    "ema debiased": lambda ps: EMA(Adam(ps, lr=0.1), decay=0.9, debias=True),
    "swa": lambda ps: SWA(Adam(ps, lr=0.1), start=2, every=2),
    "accumulate": lambda ps: Accumulate(Adam(ps, lr=0.1), every=3),
    "nested": lambda ps: EMA(Lookahead(Accumulate(Adam(ps, lr=0.1), every=2), k=2)),
    "schedule-free sgd": lambda ps: ScheduleFreeSGD(ps, lr=0.1),
    "schedule-free adamw": lambda ps: ScheduleFreeAdamW(ps, lr=0.1, weight_decay=0.1),
}
AVERAGED = ["ema", "ema debiased", "swa", "nested", "schedule-free sgd", "schedule-free adamw"]
each = pytest.mark.parametrize("make", WRAPPED.values(), ids=WRAPPED)
each_averaged = pytest.mark.parametrize("make", [WRAPPED[name] for name in AVERAGED], ids=AVERAGED)


# -- all of them -------------------------------------------------------------------------------
@each
def test_a_run_continues_bit_for_bit_from_any_step(make):
    for cut in range(8):
        one = make(parameters())
        for t in range(cut):
            step(one, t)
        saved = copy.deepcopy(one.state_dict())
        other = make(parameters())
        for p, q in zip(other.params, one.params, strict=True):
            p.data = copy.deepcopy(q.data)
        other.load_state_dict(saved)
        for t in range(cut, 8):
            assert step(one, t) == step(other, t)
        assert values(one.params) == values(other.params)
        if hasattr(one, "average"):
            assert [a.tobytes() for a in one.average()] == [a.tobytes() for a in other.average()]


@each
def test_a_state_survives_json_and_is_not_touched_by_the_run_that_loads_it(make):
    one = make(parameters())
    for t in range(4):
        step(one, t)
    states = [one.state_dict(), json.loads(json.dumps(one.state_dict(), default=lambda array: array.tolist()))]
    kept = repr(states[0])
    others = [make(parameters()), make(parameters())]
    for other, state in zip(others, states, strict=True):
        for p, q in zip(other.params, one.params, strict=True):
            p.data = copy.deepcopy(q.data)
        other.load_state_dict(state)
    for optimizer in (one, *others):
        for t in range(4, 8):
            step(optimizer, t)
    assert values(one.params) == values(others[0].params) == values(others[1].params)
    assert repr(states[0]) == kept


@each
def test_a_saved_state_does_not_change_with_the_run(make):
    one = make(parameters())
    for t in range(4):
        step(one, t)
    saved = one.state_dict()
    kept = repr(saved)
    for t in range(4, 8):
        step(one, t)
    assert repr(saved) == kept


@each
def test_kernel_and_rule_agree_to_the_last_bit(make):
    one, other = make(parameters()), make(parameters())
    inner = other
    while hasattr(inner, "optimizer"):
        inner = inner.optimizer
    for lane in inner.lanes:
        lane.uses_kernels = False
    for t in range(7):
        step(one, t)
        step(other, t)
    assert values(one.params) == values(other.params)


@each
def test_the_interface_is_that_of_an_optimizer(make):
    one = make(parameters())
    report = step(one, 1)
    assert report.step == one.t
    assert one.params[0].name == "a"
    assert "p[t]" in one.formula()
    assert type(one).__name__ in repr(one)
    one.zero_grad()
    assert all(p.grad is None for p in one.params)


@pytest.mark.parametrize("kind", [Lookahead, SAM, EMA, SWA, Accumulate])
def test_a_wrapper_wraps_an_optimizer(kind):
    with pytest.raises(TypeError, match=rf"^{kind.__name__} wraps an optimizer; got \[1\]$"):
        kind([1])


def test_a_state_of_another_wrapper_is_refused():
    saved = EMA(Adam(parameters())).state_dict()
    with pytest.raises(ValueError, match=r"^the state is one of EMA; this is SWA$"):
        SWA(Adam(parameters())).load_state_dict(saved)
    with pytest.raises(ValueError, match=r"^the state is one of Adam; this is SWA$"):
        SWA(Adam(parameters())).load_state_dict(Adam(parameters()).state_dict())


def test_a_state_of_other_shapes_is_refused_before_anything_changes():
    saved = Lookahead(Adam([Value(np.ones(2), name="w")])).state_dict()
    optimizer = Lookahead(Adam([Value(np.ones(3), name="w")]))
    with pytest.raises(ValueError, match=r"^the state has slow of shape \(2,\) for w, which has \(3,\)$"):
        optimizer.load_state_dict(saved)
    saved["own"]["slow"] *= 2
    with pytest.raises(ValueError, match=r"^the state has 2 arrays of slow for 1 parameters$"):
        optimizer.load_state_dict(saved)
    del saved["own"]["slow"]
    with pytest.raises(ValueError, match=r"^the state of Lookahead has no slow$"):
        optimizer.load_state_dict(saved)


def test_the_wrapper_says_what_is_inside():
    assert repr(Lookahead(Descent([Value(1.0)]), k=2)) == (
        "<Lookahead(k=2, alpha=0.5) around <Descent(lr=0.1) of 1 parameter, 0 steps taken>>"
    )


# -- lookahead ---------------------------------------------------------------------------------
def test_lookahead_goes_back_half_of_the_way():
    w = Value(1.0)
    optimizer = Lookahead(Descent([w]), k=2, alpha=0.5)
    seen = []
    for _ in range(4):
        w.grad = 1.0
        optimizer.step()
        seen.append(w.data)
    assert np.allclose(seen, [0.9, 0.9, 0.8, 0.8])  # 1 -> 0.9, 0.8 -> back to 0.9; and the same again


@pytest.mark.parametrize("k", [0, 2.5, True])
def test_lookahead_counts_in_whole_steps(k):
    with pytest.raises(ValueError, match=rf"^Lookahead: k must be a whole number, at least 1; got {k}$"):
        Lookahead(Descent([Value(1.0)]), k=k)


@pytest.mark.parametrize("alpha", [0, 1.5, float("nan")])
def test_lookahead_goes_between_slow_and_fast(alpha):
    with pytest.raises(ValueError, match=rf"^Lookahead: alpha must be a number above 0, at most 1; got {alpha}$"):
        Lookahead(Descent([Value(1.0)]), alpha=alpha)


# -- SAM ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("adaptive", [False, True])
def test_sam_takes_the_gradient_uphill(adaptive):
    a, b = Value(np.array([1.0, -2.0])), Value(0.5)
    optimizer = SAM(Descent([a, b]), rho=0.1, adaptive=adaptive)

    def loss():
        total = (a**4).sum() + b**2
        total.backward()
        return total.data

    p = np.array([1.0, -2.0, 0.5])
    for _ in range(5):  # the paper's algorithm, in plain NumPy
        g = np.append(4 * p[:2] ** 3, 2 * p[2])
        scale = np.abs(p) if adaptive else np.ones(3)
        q = p + 0.1 * scale**2 * g / np.linalg.norm(scale * g)
        p = p - 0.1 * np.append(4 * q[:2] ** 3, 2 * q[2]) * 0.1
        optimizer.optimizer.lr = 0.01
        report = optimizer.step(loss)
    assert np.allclose([*a.data, b.data], p, rtol=1e-10)
    assert report.updated == 2


def test_sam_reports_the_loss_where_the_parameters_are():
    w = Value(1.0)

    def closure():
        loss = w * w
        loss.backward()
        return loss.data

    assert SAM(Descent([w])).step(closure).loss == 1.0


def test_sam_restores_the_parameters_before_the_update_and_after_an_error():
    params = parameters()
    before = values(params)
    calls = []

    def closure():
        calls.append(values(params))
        if len(calls) == 2:
            raise RuntimeError("the data ran out")
        for p, g in zip(params, gradients(params, 1), strict=True):
            p.grad = g
        return 1.0

    with pytest.raises(RuntimeError, match="the data ran out"):
        SAM(Descent(params)).step(closure)
    assert calls[0] == before != calls[1]
    assert values(params) == before


def test_sam_with_a_rate_of_zero_changes_no_bit():
    params = parameters()
    before = values(params)
    step(SAM(Descent(params, lr=0.0)), 1)
    assert values(params) == before


def test_sam_at_a_gradient_of_zero_stays():
    w = Value(np.ones(2))
    optimizer = SAM(Descent([w]))
    optimizer.step(lambda: setattr(w, "grad", np.zeros(2)) or 0.0)
    assert w.data.tolist() == [1.0, 1.0]


def test_sam_needs_a_closure():
    with pytest.raises(TypeError, match=r"^SAM.step\(closure\) takes a function that computes the loss .*; got 1.0$"):
        SAM(Descent([Value(1.0)])).step(1.0)


# -- averages ----------------------------------------------------------------------------------
def walked(optimizer, steps):
    found = []
    for t in range(steps):
        step(optimizer, t)
        found.append([np.array(p.data) for p in optimizer.params])
    return found


@pytest.mark.parametrize("debias", [False, True])
def test_ema_weighs_the_past_by_powers_of_decay(debias):
    optimizer = EMA(Descent([Value(np.ones(3))]), decay=0.8, debias=debias)
    path = [step[0] for step in walked(optimizer, 6)]
    weights = np.array([0.2 * 0.8 ** (5 - i) for i in range(6)])
    weights = weights / (1 - 0.8**6) if debias else weights + np.eye(6)[0] * 0.8**6
    assert weights.sum() == pytest.approx(1)
    assert np.allclose(optimizer.average()[0], weights @ path, rtol=1e-12)


def test_swa_is_the_mean_of_every_second_step_after_the_start():
    optimizer = SWA(Descent([Value(np.ones(3))]), start=3, every=2)
    path = [step[0] for step in walked(optimizer, 9)]
    assert np.allclose(optimizer.average()[0], np.mean([path[4], path[6], path[8]], axis=0), rtol=1e-14)


@each_averaged
def test_the_average_is_applied_and_the_parameters_come_back_to_the_bit(make):
    optimizer = make(parameters())
    walked(optimizer, 6)
    before, average = values(optimizer.params), [a.tobytes() for a in optimizer.average()]
    with optimizer.applied():
        assert values(optimizer.params) == average != before
    assert values(optimizer.params) == before


@each_averaged
def test_the_average_stays_when_it_is_applied_for_good(make):
    optimizer = make(parameters())
    walked(optimizer, 6)
    average = [a.tobytes() for a in optimizer.average()]
    with optimizer.applied(), pytest.raises(ValueError, match=r"leave the block of applied\(\) first"):
        optimizer.apply()
    optimizer.apply()
    assert values(optimizer.params) == average
    optimizer.params[0].data[...] = 9.0
    if isinstance(optimizer, EMA | SWA):  # a schedule-free optimizer finds its average from the parameters
        assert [a.tobytes() for a in optimizer.average()] == average


@each_averaged
def test_the_parameters_come_back_after_an_error(make):
    optimizer = make(parameters())
    walked(optimizer, 6)
    before = values(optimizer.params)
    with pytest.raises(KeyError), optimizer.applied():
        raise KeyError
    assert values(optimizer.params) == before
    assert step(optimizer, 6)


@each_averaged
def test_no_step_is_taken_from_the_average(make):
    optimizer = make(parameters())
    walked(optimizer, 6)
    told = r"^the parameters hold the average: leave the block of applied\(\) first$"
    with optimizer.applied(), pytest.raises(ValueError, match=told):
        step(optimizer, 6)
    with optimizer.applied(), pytest.raises(ValueError, match=told), optimizer.applied():
        pass


def test_there_is_no_average_before_the_first():
    optimizer = SWA(Descent([Value(1.0)]), start=3)
    walked(optimizer, 2)
    with pytest.raises(ValueError, match=r"^SWA has no average yet after 2 steps$"), optimizer.applied():
        pass


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda opt: EMA(opt, debias="no"), "EMA: debias must be True or False; got 'no'"),
        (lambda opt: EMA(opt, debias=1), "EMA: debias must be True or False; got 1"),
        (lambda opt: SAM(opt, adaptive=0.5), "SAM: adaptive must be True or False; got 0.5"),
        (lambda opt: SAM(opt, rho=0), "SAM: rho must be a finite number above 0; got 0"),
        (lambda opt: SAM(opt, rho="far"), "SAM: rho must be a finite number above 0; got 'far'"),
        (lambda opt: SWA(opt, start=True), "SWA: start must be a whole number, at least 0; got True"),
    ],
)
def test_switches_are_true_or_false(make, words):
    with pytest.raises(ValueError, match=f"^{words}$"):
        make(Descent([Value(1.0)]))


@pytest.mark.parametrize("decay", [1.0, -0.1, float("nan")])
def test_the_decay_of_an_average_is_a_fraction(decay):
    with pytest.raises(ValueError, match=rf"^EMA: decay must be a number of 0 or more and less than 1; got {decay}$"):
        EMA(Descent([Value(1.0)]), decay=decay)


# -- accumulation ------------------------------------------------------------------------------
@pytest.mark.parametrize("zeroes", [True, False])
def test_four_quarters_of_a_batch_are_the_batch(zeroes):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)), rng.normal(size=12)

    def backward(w, rows):
        (((Value(x[rows], requires_grad=False) @ w - y[rows]) ** 2).mean()).backward()

    whole, parts = Value(np.ones(3)), Value(np.ones(3))
    one, other = Adam([whole]), Accumulate(Adam([parts]), every=4)
    for _ in range(3):
        one.zero_grad()
        backward(whole, slice(None))
        one.step()
        for start in range(0, 12, 3):
            if zeroes:
                other.zero_grad()
            backward(parts, slice(start, start + 3))
            other.step()
    assert np.allclose(whole.data, parts.data, rtol=1e-12)
    assert other.t == 3


def test_accumulate_tells_whether_it_updated():
    w = Value(1.0)
    optimizer = Accumulate(Descent([w]), every=2)
    reports = []
    for grad, loss in ((1.0, 5.0), (3.0, 7.0), (1.0, 1.0)):
        w.grad = grad
        reports.append(optimizer.step(loss))
    assert [(r.step, r.updated, r.loss) for r in reports] == [(0, 0, 5.0), (1, 1, 6.0), (1, 0, 1.0)]
    assert w.data == pytest.approx(1.0 - 0.1 * 2.0)


def test_a_parameter_that_a_pass_did_not_reach_counts_as_zero():
    a, b = Value(1.0, name="a"), Value(1.0, name="b")
    optimizer = Accumulate(Descent([a, b]), every=2)
    a.grad = 4.0
    assert optimizer.step().skipped == ("b",)
    report = optimizer.step()
    assert (report.skipped, a.data, b.data) == (("b",), pytest.approx(0.8), 1.0)


def test_accumulate_hands_on_the_mean_of_the_losses():
    w = Value(1.0)
    optimizer = Accumulate(Polyak([w]), every=2)
    for loss in (2.0, 4.0):
        w.grad = 1.0
        optimizer.step(loss)
    assert w.data == pytest.approx(1.0 - 0.1 * 3.0)


def test_accumulate_asks_for_the_loss_at_every_pass():
    w = Value(1.0)
    w.grad = 1.0
    with pytest.raises(TypeError, match=r"^Polyak needs the value of the loss: call step\(loss\)$"):
        Accumulate(Polyak([w]), every=2).step()


def test_a_gradient_of_another_shape_is_refused_before_anything_is_taken():
    a, b = Value(np.ones(2), name="a"), Value(np.ones(2), name="b")
    optimizer = Accumulate(Descent([a, b]), every=2)
    a.grad, b.grad = np.ones(2), np.ones(3)
    with pytest.raises(ValueError, match=r"^the gradient of b has shape \(3,\); the parameter has \(2,\)$"):
        optimizer.step()
    assert a.grad.tolist() == [1.0, 1.0]
    assert optimizer.own_state()["passes"] == 0


def test_the_mean_is_clipped_not_its_parts():
    w = Value(0.0)
    optimizer = Accumulate(Descent([w], lr=1.0, transforms=[ClipGlobalNorm(1.0)]), every=2)
    for grad in (10.0, -9.0):
        w.grad = grad
        optimizer.step()
    assert w.data == pytest.approx(-0.5)


@pytest.mark.parametrize("between", [lambda optimizer: optimizer, EMA])
def test_accumulate_around_sam_is_refused_and_sam_around_accumulate_is_not(between):
    words = r"^Accumulate has only gradients for SAM, which takes a closure: use SAM\(Accumulate\(optimizer\)\)$"
    with pytest.raises(ValueError, match=words):
        Accumulate(between(SAM(Descent([Value(1.0)]))))
    optimizer = SAM(Accumulate(Descent([Value(1.0)]), every=2))
    assert [step(optimizer, t).updated for t in range(2)] == [0, 1]


def test_after_an_error_in_the_update_accumulation_starts_anew():
    w = Value(1.0, name="w")
    optimizer = Accumulate(Descent([w], transforms=[RequireFinite()]), every=2)
    w.grad = np.nan
    optimizer.step()
    w.grad = 1.0
    with pytest.raises(ValueError, match=r"^the gradient of w is nan"):
        optimizer.step()
    assert (w.data, w.grad, optimizer.own_state()["passes"]) == (1.0, None, 0)


# -- schedule-free -----------------------------------------------------------------------------
def test_schedule_free_evaluates_at_the_mean_of_z():
    """The paper's three sequences, kept one by one."""
    w = Value(np.array([1.0, -2.0]))
    optimizer = ScheduleFreeSGD([w], lr=0.3, beta1=0.9)
    z = x = np.array([1.0, -2.0])
    path = []
    for t in range(1, 20):
        y = 0.1 * z + 0.9 * x
        assert np.allclose(w.data, y, rtol=1e-12)
        z = z - 0.3 * np.array([1.0, 5.0]) * y
        path.append(z)
        x = x + (z - x) / t
        w.grad = np.array([1.0, 5.0]) * w.data
        optimizer.step()
    with optimizer.applied():
        assert np.allclose(w.data, x, rtol=1e-11)
        assert np.allclose(w.data, np.mean(path, axis=0), rtol=1e-11)


def test_schedule_free_does_nothing_while_the_rate_is_zero():
    w = Value(np.ones(2))
    optimizer = ScheduleFreeSGD([w], lr=lambda step: 0.1 * max(step - 1, 0))
    for _ in range(2):
        w.grad = np.ones(2)
        optimizer.step()
    assert np.allclose(w.data, 1.0, rtol=1e-15)
    w.grad = np.ones(2)
    optimizer.step()
    assert np.allclose(w.data, 0.9)


def test_steps_with_a_small_rate_weigh_little_in_the_average():
    w = Value(0.0)
    optimizer = ScheduleFreeSGD([w], lr=lambda step: (0.1, 0.3)[step])
    for _ in range(2):
        w.grad = -1.0
        optimizer.step()
    assert optimizer.average()[0] == pytest.approx((0.1**2 * 0.1 + 0.3**2 * 0.4) / (0.1**2 + 0.3**2))


def test_the_weight_stays_that_of_the_largest_rate():
    w = Value(0.0)
    optimizer = ScheduleFreeSGD([w], lr=lambda step: (0.3, 0.1)[step])
    for _ in range(2):
        w.grad = -1.0
        optimizer.step()
    assert optimizer.average()[0] == pytest.approx((0.3 + 0.4) / 2)


def test_parameters_that_missed_different_steps_have_averages_of_their_own():
    def walked(*patterns):
        params = [Value(1.0) for _ in patterns]
        optimizer = ScheduleFreeSGD(params, lr=lambda step: 0.1 * (step + 1))
        for there in zip(*patterns, strict=True):
            for p, is_there in zip(params, there, strict=True):
                p.grad = 1.0 if is_there else None
            optimizer.step()
            other = ScheduleFreeSGD(params, lr=lambda step: 0.1 * (step + 1))
            other.load_state_dict(optimizer.state_dict())
            optimizer = other
        return [p.data for p in params]

    early, late = (1, 0, 1, 1), (0, 1, 1, 1)
    assert walked(early, late) == [*walked(early), *walked(late)]


@pytest.mark.parametrize("kind", [ScheduleFreeSGD, ScheduleFreeAdamW])
def test_schedule_free_needs_beta1(kind):
    with pytest.raises(ValueError, match=rf"^{kind.__name__}: beta1 must be above 0; got 0$"):
        kind([Value(1.0)], beta1=0.0)


@pytest.mark.parametrize("kind", [ScheduleFreeSGD, ScheduleFreeAdamW])
def test_the_average_is_that_of_the_beta1_with_which_y_was_made(kind):
    w = Value(np.ones(2))
    optimizer = kind([w], lr=0.1, beta1=0.5)
    for _ in range(3):
        w.grad = w.data.copy()
        optimizer.step()
    x = optimizer.average()[0]
    other = kind([Value(w.data.copy(), name=w.name)])
    other.load_state_dict(optimizer.state_dict())
    optimizer.beta1 = 0.9
    assert optimizer.average()[0].tolist() == other.average()[0].tolist() == x.tolist()


def test_schedule_free_follows_the_paper_while_beta1_changes():
    w = Value(np.array([1.0, -2.0]))
    optimizer = ScheduleFreeSGD([w], lr=0.3, beta1=lambda step: (0.5, 0.9, 0.7)[step])
    z = x = w.data.copy()
    for t, beta1 in enumerate((0.5, 0.9, 0.7), start=1):
        z = z - 0.3 * w.data
        x = x + (z - x) / t
        w.grad = w.data.copy()
        optimizer.step()
        assert np.allclose(w.data, (1 - beta1) * z + beta1 * x, rtol=1e-12)
        assert np.allclose(optimizer.average()[0], x, rtol=1e-12)


@pytest.mark.parametrize(
    ("around", "shown"),
    [
        ({"constraints": [NonNegative()]}, r"NonNegative\(\)"),
        ({"transforms": [DecoupledDecay(0.1)]}, r"DecoupledDecay\(strength=0.1\)"),
    ],
)
def test_nothing_moves_the_y_of_schedule_free_alone(around, shown):
    words = rf"^ScheduleFreeSGD: {shown} would move y and not z: leave it out \(weight decay is L2 here\)$"
    with pytest.raises(ValueError, match=words):
        ScheduleFreeSGD([Value(1.0)], **around)


@pytest.mark.parametrize("between", [lambda optimizer: optimizer, EMA])
def test_lookahead_around_schedule_free_is_refused(between):
    words = r"^Lookahead would move the parameters of ScheduleFreeSGD and not its z: use one without the other$"
    with pytest.raises(ValueError, match=words):
        Lookahead(between(ScheduleFreeSGD([Value(1.0)])))


def test_schedule_free_has_an_average_from_the_start():
    w = Value(1.0)
    with ScheduleFreeSGD([w]).applied():
        assert w.data == 1.0


WRITTEN = {
    "after every 5 steps: p = slow = slow + alpha * (p - slow)": Lookahead,
    "after every update: average = decay * average + (1 - decay) * p": EMA,
    "after every 1 updates, from update 1 on: average = average + (p - average) / n": SWA,
    "g is the gradient at p + g * (rho / size), where size is the norm of g": SAM,
    "g is the mean of the gradients of 4 steps": Accumulate,
}


@pytest.mark.parametrize("line", WRITTEN)
def test_a_wrapper_writes_what_it_does_around_the_rule(line):
    optimizer = WRITTEN[line](SGD([Value(1.0, name="w")], lr=0.1))
    assert optimizer.formula() == f"p[t] = p[t-1] - lr * g[t]\n{line}"
    assert optimizer.formula(latex=True).startswith(r"\begin{aligned}")


@pytest.mark.parametrize("kind", [EMA, SWA, Lookahead])
def test_only_updates_count(kind):
    """Passes that Accumulate only takes in are none, nor are steps at which nothing had a gradient."""
    found = []
    for wrapped in (True, False):
        w = Value(0.0, name="w")
        inner = SGD([w], lr=1.0)
        optimizer = kind(Accumulate(inner, every=2) if wrapped else inner)
        for _ in range(6 if wrapped else 3):
            w.grad = 1.0
            optimizer.step()
        w.grad = None
        optimizer.step()
        found.append((w.data, str(optimizer.own_state())))
    assert found[0] == found[1]


def test_the_story_of_a_step_says_what_it_is_inside():
    w = Value(1.0, name="w")
    optimizer = Lookahead(SGD([w], lr=0.1))
    w.grad = 1.0
    optimizer.step()
    assert str(optimizer.explain()).startswith("inside Lookahead: SGD, step 1 of w:")
