"""A program computes what the engine computes, bit by bit, or refuses to."""

import copy
import cProfile
import gc
import types

import numpy as np
import pytest
from losses.table import CASES as LOSSES
from networks import FAMILIES, cases_of
from networks.cases import filled, inputs
from programs import agrees, assert_same_bits, by_engine, by_program

from tinygrad_opt import Value, nn, no_grad
from tinygrad_opt.functional import dropout
from tinygrad_opt.nn.watching import watching
from tinygrad_opt.ops.random import drawing_from
from tinygrad_opt.program import NotStatic, compile

LAYERS = [pytest.param(case, id=f"{family}: {case.name}") for family in FAMILIES for case in cases_of(family)]
# Those that count batches for an average, that check what they derive, and that compute arrays besides.
REFUSED_LAYERS = (
    "BatchNorm1d, averages, train", "weight_norm", "AvgPool2d(3, 2, 1, ceil_mode", "count_include_pad=False",
)  # fmt: skip
REFUSED_LOSSES = (
    "maps of probabilities, weight", "nll_loss(weight=given", "nll_loss(ignore_index", "nll_loss(some",
    "nll_loss(images, weight", "categorical",
    "soft_margin", "multi_margin", "hinge_embedding", "cosine_embedding", "kl_div(certain", "poisson_nll_loss(full",
    "poisson_nll_loss(log_input=False, full", "absolute_percentage", "logarithmic_error(of negative",
)  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", LAYERS)
def test_layers(case, dtype):
    module = filled(case).astype(dtype)
    scale = Value(np.asarray(1.5, dtype))
    x = inputs(case)[0]
    floats = x.dtype.kind == "f"
    batches = [x.astype(dtype), np.asarray(0.5 - x, dtype)] if floats else [x, x[::-1].copy()]

    def f(x):
        return np.sum(np.tanh(scale * module(scale * x if floats else x)))

    if not agrees(f, [scale, *module.parameters()], *([b] for b in batches)):
        assert any(name in case.name for name in REFUSED_LAYERS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("case", LOSSES, ids=lambda case: case.name)
def test_losses(case, reduction, dtype):
    arrays = [np.asarray(a, dtype) if np.asarray(a).dtype.kind == "f" else np.asarray(a) for a in case.operands]
    live = [Value(arrays[i]) for i in case.live]
    rest = [a for i, a in enumerate(arrays) if i not in case.live]

    def f(*rest):
        given, learned = iter(rest), iter(live)
        operands = [next(learned) if i in case.live else next(given) for i in range(len(arrays))]
        return case.ours(*operands, reduction=reduction)

    if not agrees(f, live, rest, [a[::-1].copy() if a.ndim else a for a in rest]):
        assert any(name in case.name for name in REFUSED_LOSSES)


W = Value([1.0, 2.0, 3.0])
X = np.array([0.5, -1.0, 2.0])
OUTSIDE_OF_F = np.array([3.0, 1.0, 2.0])
LABELS = np.random.default_rng(2).integers(0, 3, 40)


# -- whole networks ----------------------------------------------------------------------------
def classifier(dtype, *layers):
    rng = np.random.default_rng(0)
    made = [layer(rng, dtype) for layer in layers]
    model, criterion = nn.Sequential(*made), nn.CrossEntropyLoss()
    return model, lambda x, labels: criterion(model(x), labels)


def linear(n, m):
    return lambda rng, dtype: nn.Linear(n, m, rng=rng, dtype=dtype)


def layer_norm(n):
    return lambda rng, dtype: nn.LayerNorm(n, dtype=dtype)


def plain(layer):
    return lambda rng, dtype: layer


NETWORKS = {
    "dense": ((20, 2), [linear(2, 16), plain(nn.ReLU()), linear(16, 16), plain(nn.Tanh()), linear(16, 3)]),
    "normalized": ((20, 2), [linear(2, 8), layer_norm(8), plain(nn.GELU()), linear(8, 3)]),
    "convolution": ((4, 1, 8, 8), [
        lambda rng, dtype: nn.Conv2d(1, 4, 3, rng=rng, dtype=dtype), plain(nn.ReLU()), plain(nn.MaxPool2d(2)),
        plain(nn.Flatten()), linear(36, 3),
    ]),
    "flat images": ((4, 1, 3, 3), [plain(nn.Flatten()), linear(9, 3)]),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name, dtype):
    shape, layers = NETWORKS[name]
    model, f = classifier(dtype, *layers)
    rng = np.random.default_rng(1)
    batches = [(rng.normal(size=shape).astype(dtype), rng.integers(0, 3, len(np.empty(shape)))) for _ in range(3)]
    batches.append(tuple(a[:3].copy() for a in batches[0]))  # the last of an epoch
    assert agrees(f, model.parameters(), *batches)


def test_a_residual_network_of_words():
    rng = np.random.default_rng(0)
    table, layer = nn.Embedding(10, 4, rng=rng), nn.Linear(4, 4, rng=rng)

    def f(words, target):
        h = table(words)
        h = h + layer(np.tanh(layer(h)))
        return nn.MSELoss()(h, target)

    batches = [(rng.integers(0, 10, (3, 5)), rng.normal(size=(3, 5, 4))) for _ in range(3)]
    assert agrees(f, [*table.parameters(), *layer.parameters()], *batches)


V = Value([1.0, 2.0, 3.0])
ALONGSIDE = {
    "a mask": lambda x: np.sum(np.where(V > 1.5, x * V, 0)),
    "arithmetic on an input": lambda x: np.sum(V * (x / 2 - 1)),
    "no_grad": lambda x: np.sum((V * x - constant(x)) ** 2),
    "a view of an array outside": lambda x: np.sum(V * OUTSIDE_OF_F.reshape(1, 3) * x),
}


def constant(x):
    with no_grad():
        return V * x * 2


@pytest.mark.parametrize("name", ALONGSIDE)
def test_what_is_computed_alongside(name):
    assert agrees(ALONGSIDE[name], [V], (X,), (X - 1,), (-X,))


def test_predictions_come_with_the_loss():
    model, f = classifier(np.float32, linear(2, 3))
    x = np.ones((4, 2), np.float32)

    def g(x, labels):
        prediction = model(x)
        return nn.CrossEntropyLoss()(prediction, labels), prediction

    program = compile(g)
    for labels in (np.array([0, 1, 2, 0]), np.array([0, -100, 2, 0])):  # by the program, by the engine
        loss, prediction = program(x, labels)
        assert loss == f(x, labels).item()
        assert type(loss) is float
        assert_same_bits([prediction], [model(x).data])


def test_gradients_add_up_and_are_the_callers_own():
    model, f = classifier(np.float64, linear(2, 3))
    x, labels = np.ones((4, 2)), np.array([0, 1, 2, 0])
    program = compile(f)
    (once, *_) = by_program(program, model.parameters(), x, labels)[1:]
    kept = once.copy()
    program(x, labels)
    np.testing.assert_array_equal(once, kept)
    np.testing.assert_array_equal(model.parameters()[0].grad, kept + kept)


def test_one_array_given_twice_is_two_inputs():
    w = Value([1.0, 2.0])

    def f(x, target):
        return np.sum((x * w - target) ** 2)

    a, b = np.array([1.0, 2.0]), np.array([5.0, -1.0])
    assert agrees(f, [w], (a, a), (a, b))


@pytest.mark.parametrize("view", [lambda a: a.T.copy().T, lambda a: a[:, ::2], lambda a: a[::-1], lambda a: a[:, :3]])
def test_inputs_of_any_order_in_memory(view):
    whole = np.random.default_rng(0).normal(size=(2, 40, 6))
    w, criterion = Value(0.7), nn.CrossEntropyLoss()
    assert agrees(lambda x: criterion(x * w, LABELS), [w], *((view(a),) for a in whole))
    model = nn.Linear(3, 3)
    assert agrees(lambda x: np.sum(model(x) ** 2), model.parameters(), *((view(a)[:, :3],) for a in whole))


def test_arrays_without_entries_are_left_to_the_engine():
    w = Value([1.0, 2.0, 3.0])
    assert agrees(lambda x: np.sum(w * x), [w], (X,), (np.empty((0, 3)),))


# -- what is noticed ---------------------------------------------------------------------------
RNG = np.random.default_rng(0)


def on_a_condition(x):
    y = np.sum(x * W)
    return y * 2 if y > 0 else y


def on_data(x):
    y = np.sum(x * W)
    return y * float(y.data)


REFUSED = {
    "a condition": (on_a_condition, "reads numbers besides the graph, by np.greater|by a condition"),
    "data": (on_data, "on_data .* uses data"),
    "item": (lambda x: np.sum(x * W) * np.sum(x * W).item(), r"besides the graph, by float"),
    "an input's numbers": (lambda x: np.sum(W * x) / x.max(), r"by \.max"),
    "a branch on an input": (lambda x: np.sum(W * x) if x[0] > 0 else np.sum(W), "by an index"),
    "a mean of an input": (lambda x: np.sum(W * (x - np.mean(x))), "by np.mean"),
    "a number of an input": (lambda x: np.sum(W * x) * np.multiply.reduce(x), "by np.multiply"),
    "an array made": (lambda x: np.sum(W * x * np.arange(3.0)), r"an array of shape \(3,\) at each call, in multiply2"),
    "a number of NumPy's": (lambda x: np.sum(W * x * np.float32(2.0)), r"a number of NumPy's, float32 \(write it as"),
    "what C reads": (lambda x: np.sum(W * x) * sum(np.ndarray.tobytes(x)), "not do the same twice"),
    "a parameter made": (lambda x: np.sum(Value([1.0, 2.0, 3.0]) * x), "makes a parameter"),
    "a number drawn": (lambda x: np.sum(W * x) * RNG.normal(), "not do the same twice"),
    "a generator made": (lambda x: np.sum(dropout(W * x, rng=np.random.default_rng(0))), "makes a generator of random"),
    "no loss": (lambda x: W * x, "must return its loss"),
    "no parameter": (lambda x: np.sum(x), "besides the graph"),
    "a constant": (lambda x: np.sum(W * x) * np.sum(W * x).detach(), "makes a constant Value"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_static_is_refused(name):
    f, message = REFUSED[name]
    program = compile(f)
    for _ in range(2):
        with pytest.raises(NotStatic, match=message):
            program(X)


def two_of(*layers):
    """A program and the function itself, each on a network of its own."""
    found = []
    for _ in range(2):
        model = nn.Sequential(nn.Linear(3, 4, rng=np.random.default_rng(0)), *(layer() for layer in layers))
        found.append((model, lambda x, labels, model=model: nn.CrossEntropyLoss()(model(x), labels)))
    (ours, f), (theirs, g) = found
    return ours, compile(f), theirs, g


BESIDE_THE_GRAPH = {
    "Dropout": lambda: nn.Dropout(rng=np.random.default_rng(1)),
    "AlphaDropout": lambda: nn.AlphaDropout(rng=np.random.default_rng(1)),
    "GaussianDropout": lambda: nn.GaussianDropout(rng=np.random.default_rng(1)),
    "GaussianNoise": lambda: nn.GaussianNoise(0.1, rng=np.random.default_rng(1)),
    "RReLU": lambda: nn.RReLU(rng=np.random.default_rng(1)),
    "BatchNorm1d": lambda: nn.BatchNorm1d(4),
}


@pytest.mark.parametrize("name", BESIDE_THE_GRAPH)
def test_what_is_drawn_and_what_follows_go_on_as_with_the_engine(name):
    ours, program, theirs, f = two_of(BESIDE_THE_GRAPH[name])
    rng = np.random.default_rng(0)
    for i in range(4):
        x, labels = rng.normal(size=(20, 3)), rng.integers(0, 4, 20)
        labels[i] = -100 if i == 2 else 0  # then it is the engine that goes on
        assert_same_bits(
            by_program(program, ours.parameters(), x, labels), by_engine(f, theirs.parameters(), x, labels)
        )
        for (_, a), (_, b) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_without_a_generator_of_its_own_a_layer_draws_from_the_one_of_the_call():
    ours, program, theirs, f = two_of(nn.Dropout)
    x, labels = np.ones((20, 3)), np.arange(20) % 4
    for seed in (0, 1):
        with drawing_from(seed):
            once = [by_program(program, ours.parameters(), x, labels) for _ in range(2)]
        with drawing_from(seed):
            for found in once:
                assert_same_bits(found, by_engine(f, theirs.parameters(), x, labels))
    assert once[0][0] != once[1][0]


def test_what_f_writes_to_is_refused_and_put_back():
    total = np.zeros(3)

    def g(x):
        np.add(total, 1, out=total)
        return np.sum(W * x)

    calls = []

    def f(x):
        calls.append(1)
        return np.sum(W * x)

    with pytest.raises(NotStatic, match="f changes what it finds at each call"):
        compile(f)(X)
    with pytest.raises(NotStatic, match="f writes to an array"):
        compile(g)(X)
    np.testing.assert_array_equal(total, np.zeros(3))


def test_checks_are_made_at_every_call():
    model, f = classifier(np.float64, linear(2, 3))
    program = compile(f)
    x = np.ones((4, 2))
    program(x, np.array([0, 1, 2, 0]))
    held = [p.grad.copy() for p in model.parameters()]
    with pytest.raises(ValueError, match="labels must be from 0 to 2; got 0 to 3"):
        program(x, np.array([0, 1, 2, 3]))
    for p, g in zip(model.parameters(), held, strict=True):
        np.testing.assert_array_equal(p.grad, g)


def test_a_batch_with_ignored_labels_is_left_to_the_engine():
    model, f = classifier(np.float64, linear(2, 3))
    x = np.ones((4, 2))
    assert agrees(f, model.parameters(), (x, np.array([0, 1, 2, 0])), (x, np.array([0, -100, 2, 0])))


def test_indices_beyond_the_table_are_refused_at_every_call():
    table = nn.Embedding(3, 2)
    program = compile(lambda i: np.sum(table(i)))
    program(np.array([0, 1]))
    with pytest.raises(IndexError, match="indices must be from 0 to 2; got 0 to 3"):
        program(np.array([0, 3]))


def test_modes_settings_and_frozen_or_new_parameters_are_noticed():
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5, rng=np.random.default_rng(0)), nn.Linear(4, 1)).eval()

    def f(x):
        return np.sum(model(x) ** 2)

    program = compile(f)
    x = np.ones((2, 3))
    assert_same_bits(by_program(program, model.parameters(), x), by_engine(f, model.parameters(), x))
    model.train()
    assert program(x) != program(x)
    model.eval()
    model[0].weight.requires_grad = False
    assert_same_bits(by_program(program, model.parameters(), x), by_engine(f, model.parameters(), x))
    model[0].weight = Value(np.ones((4, 3)))
    assert_same_bits(by_program(program, model.parameters(), x), by_engine(f, model.parameters(), x))
    model.astype(np.float32)
    for x in (np.ones((2, 3)), np.ones((2, 3), np.float32)):
        assert_same_bits(by_program(program, model.parameters(), x), by_engine(f, model.parameters(), x))


ALPHA = 1.0


def test_numbers_that_f_finds_outside_are_noticed(monkeypatch):
    beta = 2.0

    def f(x):
        return np.sum(W * x) * ALPHA * beta

    program = compile(f)
    assert program(X) == 2 * (0.5 - 2 + 6)
    monkeypatch.setitem(globals(), "ALPHA", 3.0)
    assert program(X) == 6 * (0.5 - 2 + 6)
    beta = 1.0
    assert program(X) == 3 * (0.5 - 2 + 6)


SCALED_IN_TRAINING = """
def f(x):
    loss = np.sum(settings.model(x))
    return loss * settings.numbers.alpha if settings.model.training else loss
"""


def test_settings_of_modules_of_python_are_noticed():
    settings = types.ModuleType("settings")
    settings.numbers, settings.model = types.ModuleType("numbers"), nn.Linear(3, 1).eval()
    settings.numbers.alpha = 2.0
    scope = {"settings": settings, "np": np}
    exec(SCALED_IN_TRAINING, scope)
    f, p = scope["f"], settings.model.parameters()
    program = compile(f)
    for change in (lambda: settings.model.train(), lambda: setattr(settings.numbers, "alpha", 3.0)):
        assert_same_bits(by_program(program, p, X), by_engine(f, p, X))
        change()
    assert_same_bits(by_program(program, p, X), by_engine(f, p, X))


def test_what_changes_at_each_call_is_named(monkeypatch):
    program = compile(lambda x: np.sum(W * x) * ALPHA)
    for i in range(8):
        monkeypatch.setitem(globals(), "ALPHA", float(i))
        program(X)
    monkeypatch.setitem(globals(), "ALPHA", 8.0)
    with pytest.raises(NotStatic, match=r"recorded 8 times .* ALPHA"):
        program(X)


def test_inputs_are_arrays():
    with pytest.raises(TypeError, match="a program takes arrays; got float"):
        compile(lambda x: np.sum(W * x))(2.0)


def test_the_source_is_numpy():
    program = compile(lambda x: np.sum(np.tanh(W * x)))
    with pytest.raises(RuntimeError, match="once it has been called"):
        _ = program.source
    program(X)
    assert (
        program.source
        == """def program(x, w):
    multiply = np.multiply(w, x)
    tanh = np.tanh(multiply)
    sum = float(np.sum(tanh))
    sum_grad = 1.0
    tanh_grad = spread(sum_grad, (3,), None, False)
    multiply_grad = tanh_grad * (1 - tanh * tanh)
    w_grad = multiply_grad * x
    return (sum,), (w_grad,)
"""
    )


class Settings:
    alpha = 2.0


class Slotted:
    __slots__ = ("alpha",)


OF_CLASS, IN_SLOTS, IN_ARRAY, IN_SET = Settings(), Slotted(), np.array([2.0, 1.0]), {"doubled"}
IN_SLOTS.alpha = 2.0
OUTSIDE = {
    "an attribute": (lambda x: np.sum(W * x) * OF_CLASS.alpha, lambda: setattr(OF_CLASS, "alpha", 3.0)),
    "of a class": (lambda x: np.sum(W * x) * OF_CLASS.alpha, lambda: setattr(Settings, "alpha", 5.0)),
    "a slot": (lambda x: np.sum(W * x) * IN_SLOTS.alpha, lambda: setattr(IN_SLOTS, "alpha", 3.0)),
    "an entry": (lambda x: np.sum(W * x) * float(IN_ARRAY[0]), lambda: IN_ARRAY.__setitem__(0, 3.0)),
    "a condition": (lambda x: np.sum(W * x) if IN_ARRAY.sum() > 0 else np.sum(W), lambda: IN_ARRAY.fill(-1.0)),
    "a set": (lambda x: np.sum(W * x) * (2 if "doubled" in IN_SET else 1), IN_SET.clear),
    "an array": (lambda x: np.sum(W[:2] * IN_ARRAY), lambda: IN_ARRAY.fill(4.0)),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_changes_outside_is_noticed(name):
    f, change = OUTSIDE[name]
    program = compile(f)
    program(X)
    change()
    assert_same_bits(by_program(program, [W], X), by_engine(f, [W], X))


def test_no_two_gradients_share_memory():
    a, b = Value([1.0, 2.0]), Value([3.0, 4.0])
    program = compile(lambda x: np.sum((a + b) * x))
    x = np.array([1.0, 2.0])
    program(x)
    assert not np.shares_memory(a.grad, b.grad)
    assert not np.shares_memory(a.grad, x)


def test_what_runs_when_garbage_is_collected_is_no_part_of_f():
    def count(phase, info):
        collections.append(phase)

    def f(x):
        kept.extend([] for _ in range(2 * gc.get_threshold()[0]))  # so many containers make the collector run
        kept.clear()
        return np.sum(W * x)

    collections, kept = [], []
    gc.callbacks.append(count)
    try:
        compile(f)(X)
    finally:
        gc.callbacks.remove(count)


def test_who_watches_a_model_is_not_left_out():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    program = compile(lambda x: np.sum(model(x)))
    program(X)
    seen = []
    with (
        watching(model, lambda module, output: seen.append(output.shape)),
        pytest.raises(NotStatic, match=r"f changes what it finds|f runs"),
    ):
        program(X)
    assert seen
    program(X)


def test_labels_in_any_order_of_bytes():
    model, f = classifier(np.float64, linear(2, 3))
    x, labels = np.ones((3, 2)), np.array([0, 1, 2])
    assert agrees(f, model.parameters(), *((x, labels.astype(kind)) for kind in (">i4", "<i8", "u1", ">u2")))


# -- how it is called --------------------------------------------------------------------------
def test_under_a_profiler():
    profile = cProfile.Profile()
    with profile:
        compile(lambda x: np.sum(np.tanh(W * x)))(X)
        np.linalg.norm(X)
    seen = {getattr(entry.code, "co_name", "") for entry in profile.getstats()}
    assert "norm" in seen or "test_under_a_profiler" in seen


@pytest.mark.parametrize("name", ["lambda", "float", "list", "slice", "np", "program", "x", "Changed", "\u00b2", "0.w"])
def test_parameters_of_any_name(name):
    w = Value([1.0, 2.0, 3.0], name=name)
    assert agrees(lambda x: np.sum((w * x)[1:] / 3), [w], (X,), (-X,))


def test_a_loss_of_one_entry():
    program, w = compile(lambda x: np.sum(w * x, keepdims=True)), Value([1.0, 2.0, 3.0])
    assert program(X) == program(X) == 4.5
    np.testing.assert_array_equal(w.grad, 2 * X)


def test_objects_are_left_to_the_engine_which_refuses_them():
    with pytest.raises(TypeError, match="gave object"):
        compile(lambda x: np.sum(W * x))(X.astype(object))


def test_under_no_grad_it_says_what_the_engine_says():
    program = compile(lambda x: np.sum(W * x))
    for _ in range(2):
        with no_grad(), pytest.raises(RuntimeError, match="requires no gradient"):
            program(X)
        program(X)


def test_strides_tell_recordings_apart():
    """They decide about the order of sums."""
    program = compile(lambda x: np.sum(np.sum(W * x, axis=0) ** 2))
    whole = np.random.default_rng(0).normal(size=(8, 3))
    for x in (whole, np.asfortranarray(whole), whole[::-1]):
        program(x)
    assert len(program.recorded) == 3


def test_a_copy_records_anew():
    program = compile(lambda x: np.sum(W * x))
    program(X)
    for copied in (copy.copy(program), copy.deepcopy(program)):
        assert copied.f is program.f
        assert not copied.recorded
        assert copied(X) == program(X)


def test_a_large_array_outside_is_not_looked_through():
    large = np.ones(20_000)
    program = compile(lambda x: np.sum(W * x) * np.sum(W[0] * large))
    program(X)
    large.fill(2.0)
    program(X)
    assert len(next(iter(program.recorded.values()))) == 1
