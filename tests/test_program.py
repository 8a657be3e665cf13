"""A program computes what the engine computes, bit by bit, or refuses to."""

import numpy as np
import pytest
from losses.table import CASES as LOSSES
from networks import FAMILIES, cases_of
from networks.cases import filled, inputs

from tinygrad_opt import Value, nn
from tinygrad_opt.program import NotStatic, compile

LAYERS = [pytest.param(case, id=f"{family}: {case.name}") for family in FAMILIES for case in cases_of(family)]
NOT_STATIC_LAYERS = ("Dropout", "dropout", "noise", "Noise", "DropConnect", "BatchNorm", "InstanceNorm", "padding_idx")


def by_engine(f, parameters, *arrays):
    for p in parameters:
        p.grad = None
    loss = f(*arrays)
    loss.backward()
    return [np.float64(loss.item()), *(p.grad for p in parameters)]


def by_program(program, parameters, *arrays):
    for p in parameters:
        p.grad = None
    return [np.float64(program(*arrays)), *(p.grad for p in parameters)]


def assert_same_bits(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        if a is None or b is None:
            assert a is b is None
            continue
        assert type(a) is type(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def agrees(f, parameters, *batches):
    """Whether f has a program, which then agrees with the engine on all batches, also when parameters move."""
    program = compile(f)
    try:
        program(*batches[0])
    except NotStatic:
        return False
    for arrays in (*batches, *batches):
        assert_same_bits(by_program(program, parameters, *arrays), by_engine(f, parameters, *arrays))
        for p in parameters:
            if p.grad is not None:
                p.data = p.data - 0.1 * p.grad if type(p.data) is float else (p.data - 0.1 * p.grad).astype(p.dtype)
    return True


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", LAYERS)
def test_layers(case, dtype):
    module = filled(case).astype(dtype)
    scale = Value(np.asarray(1.5, dtype))
    x = inputs(case)[0]
    batches = [x, x[::-1].copy()] if x.dtype.kind != "f" else [x.astype(dtype), (0.5 - x).astype(dtype)]
    f = lambda x: np.sum(np.tanh(scale * module(x)))  # noqa: E731
    print(agrees(f, [scale, *module.parameters()], *([b] for b in batches)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("case", LOSSES, ids=lambda case: case.name)
def test_losses(case, reduction, dtype):
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in map(np.asarray, case.operands)]
    live = [Value(arrays[i]) for i in case.live]
    rest = [a for i, a in enumerate(arrays) if i not in case.live]

    def f(*rest):
        given, learned = iter(rest), iter(live)
        operands = [next(learned) if i in case.live else next(given) for i in range(len(arrays))]
        return case.ours(*operands, reduction=reduction)

    print(agrees(f, live, rest))
