"""Rules whose sums join all parameters of a group, and parameters that are missing from some steps."""

import gc
import itertools
import weakref

import numpy as np
import pytest

from tinygrad_opt import Value
from tinygrad_opt.optim import L2, Adam, DoG, Optimizer, PolyakSGD, Prodigy, Rate, norm, total

JOINT = {"Prodigy": Prodigy, "DoG": DoG, "PolyakSGD": PolyakSGD}


class Growing(Optimizer):
    """Learns a number from all parameters together."""

    scalars = ("seen",)
    lr: Rate = 0.1

    @staticmethod
    def rule(h, t, p, g, seen):
        seen = seen + total(np.abs(g))
        return p - h.lr / seen * g, seen


def params(count=3):
    return [Value([float(i), i + 1.0], name=f"w{i}") for i in range(count)]


def step(optimizer, missing=()):
    for i, p in enumerate(optimizer.params):
        p.grad = None if i in missing else p.data - 10.0
    return optimizer.step(float(sum(np.sum((p.data - 10) ** 2) for p in optimizer.params)))


@pytest.mark.parametrize("late", range(3))
def test_what_was_learned_is_known_to_one_that_comes_late(late):
    optimizer = Growing(params())
    for _ in range(5):
        step(optimizer, missing={late})
    seen = optimizer.members[(late + 1) % 3].scalars["seen"]
    step(optimizer)
    assert all(m.scalars["seen"] > seen > 0 for m in optimizer.members)
    assert len({m.scalars["seen"] for m in optimizer.members}) == 1


@pytest.mark.parametrize("name", JOINT)
def test_the_kernel_is_the_rule_whoever_is_missing(name):
    found = []
    for kernels in (True, False):
        optimizer = JOINT[name](params(), kernels=kernels)
        for missing in [(), (1,), (0,), (0, 2), (), (0, 1, 2), (2,)]:
            step(optimizer, missing)
        found.append([p.data.tobytes() for p in optimizer.params] + [m.scalars for m in optimizer.members])
    assert found[0] == found[1]


@pytest.mark.parametrize("kernels", [True, False])
def test_one_that_is_missing_stays(kernels):
    optimizer = PolyakSGD(params(), kernels=kernels)
    step(optimizer)
    before = optimizer.params[1].data.copy()
    assert step(optimizer, missing={1}).skipped == ("w1",)
    np.testing.assert_array_equal(optimizer.params[1].data, before)


@pytest.mark.parametrize("split", ["dtype", "mask"])
def test_a_group_that_cannot_be_summed_as_one_is_refused(split):
    a, b = params(2)
    transforms = []
    if split == "dtype":
        b.data = b.data.astype(np.float32)
    else:
        transforms = [L2(0.1, only=lambda name, p: name == "w0")]
    with pytest.raises(ValueError, match=r"PolyakSGD sums over all parameters of a group, and these differ in dtype"):
        PolyakSGD([a, b], transforms=transforms)
    PolyakSGD([{"params": [a]}, {"params": [b]}], transforms=transforms)


def test_numbers_that_fail_after_a_sum_change_nothing():
    class Inverse(Optimizer):
        granularity = "tensor"
        slots = ("m",)
        lr: Rate = 0.1

        @staticmethod
        def rule(h, t, p, g, m):
            return p - h.lr * (1 / norm(g)) * g, m + g

    a, b = params(2)
    optimizer = Inverse([a, b])
    a.grad, b.grad = np.ones(2), np.zeros(2)
    with pytest.raises(ValueError, match=r"Inverse, step 1 of w1: float division by zero, with lr=0.1, sum1=0.0"):
        optimizer.step()
    np.testing.assert_array_equal(a.data, [0.0, 1.0])
    assert optimizer.t == optimizer.members[0].steps == 0
    assert not optimizer.members[0].slots["m"].any()


def test_patterns_of_missing_parameters_are_not_collected():
    optimizer = Adam(params(4))
    for count in range(4):
        for missing in itertools.combinations(range(4), count):
            step(optimizer, missing)
    assert len(optimizer.lanes[0].plans) == 1


def test_a_gradient_is_let_go_after_the_step():
    w = Value(np.ones(2**15))
    optimizer = Adam([w])
    gradient = np.ones(2**15)
    w.grad = gradient
    optimizer.step()
    alive = weakref.ref(gradient)
    del gradient
    optimizer.zero_grad()
    gc.collect()
    assert alive() is None


def test_parameters_do_not_keep_the_state_of_their_optimizer():
    w = Value(np.ones(1000))
    optimizer = Adam([w])
    state = weakref.ref(optimizer.lanes[0].packing.rows.base)
    del optimizer
    gc.collect()
    assert state() is None
    np.testing.assert_array_equal(w.data, np.ones(1000))
