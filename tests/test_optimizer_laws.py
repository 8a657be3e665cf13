"""What holds for every optimizer by its name: the kernel is the rule, a step allocates nothing, a saved run goes on."""

import copy
import json
import re
import tracemalloc

import numpy as np
import pytest

from tinygrad_opt import Value
from tinygrad_opt.optim import registry
from tinygrad_opt.optim.core.packing import SMALL

MATRICES_ONLY = {"Muon"}
ALLOCATING = {name for name, kind in registry.KINDS.items() if kind.granularity == "array"}
STEPS = 7

# one scalar, one matrix, and both beside a vector and one that is too large to be gathered
SHAPES = {
    "scalar": [()],
    "matrix": [(6, 5)],
    "mixed": [(), (7,), (3, 4), (SMALL + 5,), (2, 3)],
}


def variants():
    """Every optimizer as it is, by each of its presets, by every word of its choices, every switch, and with decay."""
    for name, kind in registry.KINDS.items():
        yield name, {}
        for library, preset in kind.presets.items():
            yield f"{name}.{library}", preset
        for setting, value in changes(kind):
            yield f"{name}.{setting}={value}", {**companions(kind, setting), setting: value}


def changes(kind):
    """Every hyperparameter that selects a form of the rule, with the values that are not its default."""
    for setting, default in kind.fields.items():
        if isinstance(default, bool):
            yield setting, not default
        for word in kind.kinds[setting].choices:
            if word != default:
                yield setting, word
        if setting == "weight_decay" and not default:
            yield setting, 0.1


def companions(kind, setting):
    """What must be on for a choice to show: forms of the momentum need one."""
    return {"momentum": 0.9} if kind.fields.get("momentum") == 0 and setting != "weight_decay" else {}


VARIANTS = dict(variants())
KINDS = sorted(registry.KINDS)


def shapes_for(name, kind):
    return [shape for shape in SHAPES[kind] if name.partition(".")[0] not in MATRICES_ONLY or len(shape) == 2]


def make(name, shapes, dtype=np.float64, **settings):
    """An optimizer of random parameters, always the same ones."""
    rng = np.random.default_rng(1)
    params = [Value(rng.normal(size=shape).astype(dtype), name=f"w{i}") for i, shape in enumerate(shapes)]
    if dtype == np.float64:
        params = [Value(float(p.data), name=p.name) if p.shape == () else p for p in params]
    return registry.KINDS[name.partition(".")[0]](params, **{**VARIANTS[name], **settings})


def step(optimizer, t, skipping=False):
    """A step at random gradients; with skipping, at random some of the parameters have none."""
    rng = np.random.default_rng(100 + t)
    for p in optimizer.params:
        g = rng.normal(size=p.shape)
        p.grad = float(g) if isinstance(p.data, float) else g.astype(p.dtype)
    if skipping:
        for p, is_there in zip(optimizer.params, rng.random(len(optimizer.params)) < 0.6, strict=True):
            p.grad = p.grad if is_there else None
    return optimizer.step(1.0 + 1 / (1 + t))


def walk(optimizer, steps, skipping=False):
    for t in steps:
        step(optimizer, t, skipping)
    return everything(optimizer)


def everything(optimizer):
    """All numbers of an optimizer as bytes."""
    data = [np.asarray(p.data).tobytes() for p in optimizer.params]
    parameters = optimizer.state_dict()["parameters"]
    slots = [array.tobytes() for p in parameters for array in p["slots"].values()]
    return data, slots, [p["scalars"] for p in parameters], [p["steps"] for p in parameters]


# one changed choice is tried where all shapes are together, which is enough for what it can change
CASES = [(name, kind) for name in VARIANTS for kind in SHAPES if kind == "mixed" or "=" not in name]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_kernel_is_the_rule_bit_for_bit(name, kind, dtype):
    shapes = shapes_for(name, kind)
    if not shapes:
        pytest.skip("for matrices only")
    by_kernel, by_rule = make(name, shapes, dtype), make(name, shapes, dtype, kernels=False)
    assert walk(by_kernel, range(STEPS)) == walk(by_rule, range(STEPS))
    assert all(np.asarray(p.data).dtype == dtype for p in by_kernel.params)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_kernel_is_the_rule_where_parameters_are_skipped(name):
    shapes = shapes_for(name, "mixed")
    by_kernel, by_rule = make(name, shapes), make(name, shapes, kernels=False)
    assert walk(by_kernel, range(STEPS), skipping=True) == walk(by_rule, range(STEPS), skipping=True)


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("name", KINDS)
def test_a_parameter_without_a_gradient_stays_as_it_is(name, kernels):
    optimizer = make(name, [(3, 2), (2, 2), (4, 3)], kernels=kernels)
    for t in range(STEPS):
        before = everything(optimizer)
        step(optimizer, t, skipping=True)
        for i, (p, old, new) in enumerate(zip(optimizer.params, before[0], everything(optimizer)[0], strict=True)):
            assert p.grad is not None or old == new, f"w{i} at step {t}"


@pytest.mark.parametrize("skipping", [False, True])
@pytest.mark.parametrize("name", KINDS)
def test_a_saved_run_goes_on_bit_for_bit(name, skipping):
    shapes = shapes_for(name, "mixed")
    without_a_stop = walk(make(name, shapes), range(STEPS), skipping)
    first = make(name, shapes)
    walk(first, range(4), skipping)
    saved = json.loads(json.dumps(first.state_dict(), default=lambda array: array.tolist()))
    second = make(name, shapes)
    for p, q in zip(second.params, first.params, strict=True):
        p.data = copy.deepcopy(q.data)
    second.load_state_dict(saved)
    assert walk(second, range(4, STEPS), skipping) == without_a_stop


@pytest.mark.parametrize("rows", [400, 2000])  # by one thread, by several
@pytest.mark.parametrize("name", sorted(set(KINDS) - ALLOCATING))
def test_a_step_takes_no_memory_to_speak_of(name, rows):
    optimizer = make(name, [(rows, 500), (600, 500), (100,), (300, 100)], np.float32)
    for p in optimizer.params:
        p.grad = np.ones(p.shape, p.dtype)
    for _ in range(6):  # until every branch on the step count has its kernel
        optimizer.step(1.0)
    speakable = 0.05 * sum(p.data.nbytes for p in optimizer.params)
    assert peak_of_a_step(optimizer) < speakable
    optimizer.params[1].grad = None
    optimizer.step(1.0)
    assert peak_of_a_step(optimizer) < speakable


def peak_of_a_step(optimizer):
    """The most memory, in bytes, that a step takes at once."""
    tracemalloc.start()
    optimizer.step(1.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("name", KINDS)
def test_gradients_are_left_as_they_are(name):
    optimizer = make(name, shapes_for(name, "mixed"))
    step(optimizer, 0)
    before = [np.array(p.grad) for p in optimizer.params]
    optimizer.step(1.0)
    for p, g in zip(optimizer.params, before, strict=True):
        np.testing.assert_array_equal(p.grad, g)


@pytest.mark.parametrize("name", KINDS)
def test_every_optimizer_writes_its_formula_and_its_last_step(name):
    optimizer = make(name, shapes_for(name, "matrix"))
    step(optimizer, 0)
    assert "p[t] = " in optimizer.formula()
    assert optimizer.formula(latex=True).startswith(r"\begin{aligned}")
    story = optimizer.explain("w0", 3)
    (new,) = [line.value for line in story.lines if line.name == "p[t]"]
    assert new == pytest.approx(optimizer.params[0].data.flat[3], rel=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_every_optimizer_goes_downhill(name):
    optimizer = make(name, [(4, 3)])
    start = float(np.sum(optimizer.params[0].data ** 2))
    for _ in range(30):
        p = optimizer.params[0]
        p.grad = 2 * p.data
        optimizer.step(float(np.sum(p.data**2)))
    assert float(np.sum(optimizer.params[0].data ** 2)) < start


@pytest.mark.parametrize("name", KINDS)
def test_every_optimizer_is_found_by_name_and_says_where_it_is_from(name):
    assert registry.get(name.upper()).func is registry.KINDS[name]
    assert re.search(r"\b(18|19|20)\d\d\b|arXiv[: ]\d{4}\.\d{4,5}", registry.KINDS[name].__doc__)
