"""A run saved to a file and loaded in a fresh process goes on bit for bit, and what does not fit changes nothing."""

import io
import pickle
import random
import re
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from canary import Canary

from tinygrad_opt import Value, nn
from tinygrad_opt.ops.random import default_rng
from tinygrad_opt.optim import (
    EMA,
    LBFGS,
    SAM,
    SGD,
    SWA,
    Accumulate,
    Adam,
    AdamW,
    GradientNoise,
    Lookahead,
    RMSprop,
    ScheduleFreeSGD,
    get,
    schedules,
)
from tinygrad_opt.optim.registry import CLOSURES, KINDS
from tinygrad_opt.train import (
    Position,
    checkpoint,
    files,
    formats,
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)

ENDINGS = [".npz", ".safetensors"]
each_ending = pytest.mark.parametrize("ending", ENDINGS)
ROOT = Path(__file__).parent.parent
STEPS = 10


# -- runs --------------------------------------------------------------------------------------
def network(seed=0, dtype=np.float64):
    """Batch normalization, dropout twice from one generator, noise from another, dropout from that of the process."""
    rng, shared, other = (np.random.default_rng([seed, i]) for i in range(3))
    return nn.Sequential(
        nn.Linear(4, 8, rng=rng, dtype=dtype),
        nn.BatchNorm1d(8, dtype=dtype),
        nn.ReLU(),
        nn.Dropout(0.3, rng=shared),
        nn.weight_noise(nn.Linear(8, 8, rng=rng, dtype=dtype), 0.1, rng=np.random.Generator(np.random.MT19937(seed))),
        nn.GaussianNoise(0.1, rng=other),
        nn.Dropout(0.2, rng=shared),
        nn.Dropout(0.1),
        nn.Linear(8, 1, rng=rng, dtype=dtype),
    )


def accumulated(params):
    return Accumulate(Adam(params, lr=0.01), 3)


OPTIMIZERS = {
    "adam": lambda params: Adam(params, lr=0.01),
    "momentum": lambda params: SGD(params, lr=0.01, momentum=0.9),
    "nesterov": lambda params: SGD(params, lr=0.01, momentum=0.9, nesterov=True),
    "rmsprop": lambda params: RMSprop(params, lr=0.001),
    "schedule": lambda params: AdamW(params, lr=schedules.warmup(schedules.cosine(0.05, steps=20), steps=5)),
    "noise": lambda params: Adam(params, lr=0.01, transforms=[GradientNoise(rng=np.random.default_rng(7))]),
    "groups": lambda params: AdamW(
        [{"params": params[:2], "lr": 0.1}, {"params": params[2:], "weight_decay": 0.0}], lr=0.01
    ),
    "ema": lambda params: EMA(Adam(params, lr=0.01), decay=0.9),
    "swa": lambda params: SWA(SGD(params, lr=0.01), start=3, every=2),
    "lookahead": lambda params: Lookahead(Adam(params, lr=0.01), k=4),
    "sam": lambda params: EMA(SAM(SGD(params, lr=0.01, momentum=0.9))),
    "accumulate": accumulated,
    "schedule-free": lambda params: ScheduleFreeSGD(params, lr=0.1),
    "lbfgs": lambda params: LBFGS(params, max_iter=2, history_size=3),
}


class Counter:
    """A callback with a state."""

    def __init__(self):
        self.seen = 0

    def state_dict(self):
        return {"seen": self.seen}

    def load_state_dict(self, state):
        if not isinstance(state["seen"], int):
            raise ValueError(f"seen is a number; got {state['seen']!r}")
        self.seen = state["seen"]


class Other(Counter):
    pass


class Run:
    """A model, an optimizer, callbacks, and the next step."""

    def __init__(self, name="adam", dtype=np.float64, seed=0):
        self.model = network(seed, dtype)
        self.optimizer = OPTIMIZERS[name](self.model.parameters())
        self.callbacks = [Counter(), Other()]
        self.dtype, self.step = dtype, 0

    def train(self, steps=STEPS):
        for _ in range(steps):
            rng = np.random.default_rng([99, self.step])
            x = rng.normal(size=(6, 4)).astype(self.dtype)
            self.optimizer.step(self.closure(x)) if needs_closure(self.optimizer) else self.one(x)
            self.step += 1
            self.callbacks[0].seen += 1
        return self

    def closure(self, x):
        def loss():
            self.optimizer.zero_grad()
            return self.backward(x)

        return loss

    def one(self, x):
        self.optimizer.zero_grad()
        self.optimizer.step(self.backward(x))

    def backward(self, x):
        loss = np.mean((self.model(Value(x, requires_grad=False)) - x[:, :1]) ** 2)
        loss.backward()
        return loss

    def save(self, path):
        save_checkpoint(path, **self.parts, batch=self.step, extra={"losses": [0.5], "seed": 99})

    def load(self, path):
        self.step = load_checkpoint(path, **self.parts).batch
        return self

    @property
    def parts(self):
        return {"model": self.model, "optimizer": self.optimizer, "callbacks": self.callbacks}

    def everything(self):
        """All that a run consists of, as text of its exact numbers."""
        state = [self.model.state_dict(), self.optimizer.state_dict(), checkpoint.Generators(self.model).state_dict()]
        return exact([*state, [c.state_dict() for c in self.callbacks], self.step])


def needs_closure(optimizer):
    return isinstance(optimizer, LBFGS) or isinstance(getattr(optimizer, "optimizer", None), SAM)


def exact(x):
    if isinstance(x, dict):
        return [(key, exact(part)) for key, part in x.items()]
    if isinstance(x, list | tuple):
        return [exact(part) for part in x]
    return (x.dtype.str, x.shape, x.tobytes().hex()) if isinstance(x, np.ndarray) else repr(x)


FRESH = """
import sys
from test_checkpoint_files import Run, files
path, name, dtype = sys.argv[1:]
run = Run(name, dtype, seed=5).load(path).train()
files.save(path, run.everything())
"""


def in_a_fresh_process(path, *args):
    """What a run is that loads a file and goes on, elsewhere."""
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(path), *args],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return files.load(path)


# -- going on ----------------------------------------------------------------------------------
def listed(x):
    return [listed(part) for part in x] if isinstance(x, list | tuple) else x


@pytest.mark.parametrize(
    ("name", "dtype", "ending"),
    [("adam", "float64", ".npz"), ("ema", "float32", ".safetensors"), ("momentum", "float32", ".npz")],
)
def test_goes_on_in_a_fresh_process(tmp_path, name, dtype, ending):
    run, path = Run(name, np.dtype(dtype)).train(), tmp_path / f"run{ending}"
    run.save(path)
    expected = listed(run.train().everything())
    assert in_a_fresh_process(path, name, dtype) == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_goes_on_bit_for_bit(tmp_path, name, dtype):
    path = tmp_path / "run.npz"
    run = Run(name, dtype).train()
    run.save(path)
    expected = run.train().everything()
    other = Run(name, dtype, seed=5).train(3).load(path)
    assert other.train().everything() == expected
    assert run.load(path).train().everything() == expected


@pytest.mark.parametrize("name", [*KINDS, *CLOSURES])
def test_every_optimizer_goes_on(tmp_path, name):
    """One of each, with its defaults, of one array."""
    path, x = tmp_path / "run.npz", np.random.default_rng(0).normal(size=(6, 2))

    def made(start):
        model = nn.Linear(2, 3, bias=False)
        model.weight.data[...] = start
        return model, get(name)(model.parameters())

    def train(model, optimizer):
        def loss():
            optimizer.zero_grad()
            loss = np.sum(np.tanh(model(x)) ** 2)
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(loss if name in CLOSURES else loss())
        return exact([model.state_dict(), optimizer.state_dict()])

    model, optimizer = made(0.5)
    train(model, optimizer)
    save_checkpoint(path, model=model, optimizer=optimizer)
    expected = train(model, optimizer)
    model, optimizer = made(-0.3)
    load_checkpoint(path, model=model, optimizer=optimizer)
    assert train(model, optimizer) == expected


def test_saving_changes_nothing(tmp_path):
    run = Run("ema").train(3)
    before = run.everything()
    run.save(tmp_path / "run.npz")
    assert run.everything() == before


def test_where_a_run_stands(tmp_path):
    path, model = tmp_path / "run.npz", nn.Linear(2, 1)
    extra = {"history": {"loss": [1.5, 0.25]}, "seed": 2**90, "best": float("inf"), "order": np.arange(3)}
    save_checkpoint(path, model=model, epoch=np.int64(3), batch=17, extra=extra)
    position = load_checkpoint(path, model=model)
    assert isinstance(position, Position)
    assert (position.epoch, position.batch) == (3, 17)
    assert exact(position.extra) == exact(extra)
    save_checkpoint(path, model=model)
    assert load_checkpoint(path, model=model) == (0, 0, {})


def test_arrays_stay_the_model_s_own(tmp_path):
    run, path = Run("adam").train(1), tmp_path / "run.npz"
    arrays = {name: p.data for name, p in run.model.named_parameters()}
    buffers = dict(run.model.named_buffers())
    run.save(path)
    run.load(path)
    assert all(p.data is arrays[name] for name, p in run.model.named_parameters())
    assert all(b is buffers[name] for name, b in run.model.named_buffers())


# -- generators --------------------------------------------------------------------------------
def test_a_shared_generator_stays_shared(tmp_path):
    run, path = Run().train(1), tmp_path / "run.npz"
    run.save(path)
    places = [own["places"] for own in files.load(path)["generators"]["generators"]]
    assert places == [["default_rng()"], ["3.rng", "6.rng"], ["4._perturbed.weight.0.rng"], ["5.rng"]]
    layers = run.load(path).model
    assert layers[3].rng is layers[6].rng
    assert layers[7].rng is None


def test_the_generator_of_the_process_goes_on(tmp_path):
    path, model = tmp_path / "run.npz", nn.Dropout(0.5)
    save_checkpoint(path, model=model)
    expected = [model(np.ones(100)) for _ in range(3)]
    load_checkpoint(path, model=model)
    np.testing.assert_array_equal([model(np.ones(100)) for _ in range(3)], expected)
    assert model.rng is None


@pytest.mark.parametrize(
    ("rngs", "text"),
    [
        ([None, None], "those of the model are default_rng()"),
        ([1, 1], "those of the model are default_rng(), 0.rng = 1.rng"),
        ([1, None], "those of the model are default_rng(), 0.rng"),
    ],
)
def test_other_generators_are_refused(tmp_path, rngs, text):
    path = tmp_path / "run.npz"
    save_checkpoint(path, model=nn.Sequential(*(nn.Dropout(rng=np.random.default_rng(i)) for i in range(2))))
    shared = np.random.default_rng(3)
    model = nn.Sequential(*(nn.Dropout(rng=shared if i else None) for i in rngs))
    saved = "generators: the generators of the state are default_rng(), 0.rng, 1.rng; "
    with pytest.raises(ValueError, match=re.escape(saved + text)):
        load_checkpoint(path, model=model)


def test_a_generator_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    save_checkpoint(path, model=nn.Dropout(rng=np.random.default_rng(0)))
    model = nn.Dropout(rng=np.random.Generator(np.random.MT19937(0)))
    with pytest.raises(ValueError, match="generators: the generator at rng is a MT19937; the state is of 'PCG64': "):
        load_checkpoint(path, model=model)


# -- what does not fit -------------------------------------------------------------------------
def unfit(path, run, **changed):
    """What is said of a file that does not fit a run, which then is as it was."""
    before = run.everything()
    with pytest.raises(ValueError, match=f"^cannot load {re.escape(str(path))}: ") as caught:
        load_checkpoint(path, **{**run.parts, **changed})
    assert run.everything() == before
    return str(caught.value)


@pytest.fixture
def path(tmp_path):
    Run().train(2).save(tmp_path / "run.npz")
    return tmp_path / "run.npz"


def test_all_that_does_not_fit_is_said(path):
    run = Run(seed=5)
    run.optimizer = SGD(run.model.parameters(), lr=0.1)
    run.callbacks = [Other(), Counter()]
    run.model[8].weight, run.model[8].bias = Value(np.ones((2, 8))), Value(np.ones(2))
    text = unfit(path, run)
    assert text.endswith(
        "it does not fit, and nothing was changed:\n"
        "  callbacks: the file has Counter, Other; given were Other, Counter: "
        "give those of the saved run, in their order\n"
        "  model: the state does not fit Sequential: "
        "8.weight is (1, 8) in it, (2, 8) in the model; 8.bias is (1,) in it, (2,) in the model\n"
        "  optimizer: the state is one of Adam; this optimizer is SGD"
    )


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in ("adam", "noise")])
def test_another_optimizer(path, name):
    assert "\n  optimizer: " in unfit(path, Run(name, seed=5).train(1))


def test_an_optimizer_without_its_wrapper(path):
    Run("ema").train(1).save(path)
    assert unfit(path, Run("adam", seed=5)).endswith("\n  optimizer: the state is one of EMA; this optimizer is Adam")


def test_other_parts(path):
    run = Run(seed=5).train(1)
    cases = [
        ({"optimizer": None}, "optimizer: the file has the state of one, and none was given"),
        ({"callbacks": []}, "callbacks: the file has Counter, Other; given were none"),
        ({"callbacks": [Counter()]}, "callbacks: the file has Counter, Other; given were Counter"),
        ({"model": nn.Linear(4, 1)}, "model: the state does not fit Linear: it lacks weight, bias; it has 0.weight"),
    ]
    for changed, text in cases:
        assert f"\n  {text}" in unfit(path, run, **changed)
    save_checkpoint(path, model=run.model, callbacks=run.callbacks)
    assert unfit(path, run).endswith("\n  optimizer: the file has the state of none")


def test_parts_by_name(path):
    run, parts = Run().train(1), {"first": Counter(), "second": Counter()}
    parts["second"].seen = 7
    save_checkpoint(path, **run.parts, parts=parts)
    assert unfit(path, run).endswith("\n  parts: the file has first, second; given were none")
    here = {"second": Counter(), "first": Counter()}
    load_checkpoint(path, **run.parts, parts=here)
    assert (here["first"].seen, here["second"].seen) == (0, 7)
    changed(path, parts={"first": {"seen": "x"}, "second": {"seen": 1}})
    assert unfit(path, run, parts=here).endswith("\n  first: seen is a number; got 'x'")
    assert here["second"].seen == 7


def test_another_precision(path):
    text = unfit(path, Run(dtype=np.float32, seed=5).train(1))
    assert "\n  model: 0.weight is float64, the model's is float32\n" in text
    assert "\n  model: 6 more dtypes differ\n" in text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RuntimeError("no"), "RuntimeError('no')"),
        (ValueError("seen is 2"), "seen is 2"),
        (ValueError(), ""),
        (KeyError("x"), "KeyError('x')"),
    ],
)
def test_an_error_of_a_callback(path, error, text):
    class Bad(Counter):
        def load_state_dict(self, state):
            if state["seen"] == 2:
                raise error

    Bad.__name__ = "Counter"
    run = Run(seed=5).train(1)
    run.callbacks[0] = Bad()
    assert unfit(path, run).endswith(f"\n  Counter: {text}")


def test_an_interruption_while_loading(path):
    class Interrupted(Counter):
        is_calm = False

        def load_state_dict(self, state):
            if not self.is_calm:
                self.is_calm = True
                raise KeyboardInterrupt

    Interrupted.__name__ = "Other"
    run = Run(seed=5).train(1)
    run.callbacks[1] = Interrupted()
    before = run.everything()
    with pytest.raises(KeyboardInterrupt):
        run.load(path)
    assert run.everything() == before


def changed(path, **entries):
    state = files.load(path)
    files.save(path, {name: part for name, part in {**state, **entries}.items() if part != "gone"})


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ({"checkpoint": "gone"}, "it holds no checkpoint; its entries are epoch, batch, model, optimizer and 4 more"),
        ({"checkpoint": 2}, "it is a checkpoint of format 2; this version reads format 1"),
        ({"model": "gone", "epoch": 1.5}, "the checkpoint's epoch, model is missing or of another kind"),
        ({"generators": {}}, "\n  generators: KeyError('generators')"),
        ({"optimizer": {}}, "\n  optimizer: this is not the state of an optimizer: it has no format, optimizer"),
    ],
)
def test_a_state_that_is_no_checkpoint(path, entries, text):
    changed(path, **entries)
    assert text in unfit(path, Run(seed=5).train(1))


def test_what_cannot_be_saved(path):
    run = Run("ema").train(2)
    before = path.read_bytes()
    for wrong, error, text in [
        ({"epoch": -1}, ValueError, "epoch must be a whole number, at least 0; got -1"),
        ({"batch": 1.5}, ValueError, "batch must be a whole number, at least 0; got 1.5"),
        ({"epoch": True}, ValueError, "epoch must be a whole number, at least 0; got True"),
        ({"extra": {"loss": Value(1.0)}}, TypeError, "extra.loss is a Value: save its .data"),
        ({"extra": [1]}, TypeError, "extra is a dict of plain data; got a list"),
        ({"callbacks": [print]}, TypeError, "callback 0, a builtin_function_or_method, cannot be saved"),
    ]:
        with pytest.raises(error, match=text):
            save_checkpoint(path, **{**run.parts, **wrong})
    with run.optimizer.applied(), pytest.raises(ValueError, match="leave the block of applied"):
        run.save(path)
    assert path.read_bytes() == before


def test_averages_are_no_place_to_go_on_from(path):
    run = Run("ema").train(2)
    run.save(path)
    with run.optimizer.applied(), pytest.raises(ValueError, match="leave the block of applied"):
        run.load(path)


def cut_off(whole, rng):
    return whole[: rng.randrange(len(whole))]


def a_bit_flipped(whole, rng):
    i = rng.randrange(len(whole))
    return whole[:i] + bytes([whole[i] ^ 1 << rng.randrange(8)]) + whole[i + 1 :]


def overwritten(whole, rng):
    i, n = rng.randrange(len(whole) - 4096), rng.choice([16, 512, 4096])
    part = whole[i : i + n]
    return whole[:i] + rng.choice([b"", rng.randbytes(n), part + part]) + whole[i + n :]


@each_ending
@pytest.mark.parametrize("damaged", [cut_off, a_bit_flipped, overwritten])
def test_a_hundred_damages(tmp_path, ending, damaged):
    good, path, rng = tmp_path / f"good{ending}", tmp_path / f"run{ending}", random.Random(0)
    run = Run("ema").train(2)
    run.save(good)
    expected, whole = run.everything(), good.read_bytes()
    run.train(1)
    for _ in range(100):
        path.write_bytes(damaged(whole, rng))
        assert "does not fit" not in unfit(path, run)
    assert run.load(good).everything() == expected


def arrays_in(state):
    """Every array of a state, with the dict or list that holds it and its place there."""
    for key, part in state.items() if isinstance(state, dict) else enumerate(state):
        if isinstance(part, np.ndarray):
            yield state, key, part
        elif isinstance(part, dict | list):
            yield from arrays_in(part)


@each_ending
def test_a_hundred_wrong_shapes(tmp_path, ending):
    """Each array of the file in turn, in a file that is whole."""
    good, path = tmp_path / f"good{ending}", tmp_path / f"run{ending}"
    run = Run("ema").train(2)
    run.save(good)
    expected = run.everything()
    run.train(1)
    state, shapes = files.load(good), [lambda a: a[..., None], lambda a: a.ravel()[:-1], lambda a: np.stack([a, a])]
    tried = 0
    for misshaped in shapes:
        for holder, key, array in arrays_in(state):
            holder[key] = misshaped(array)
            files.save(path, state)
            assert "it does not fit, and nothing was changed:" in unfit(path, run)
            holder[key], tried = array, tried + 1
    assert tried >= 100
    assert run.load(good).everything() == expected


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_pickle_in_the_place_of_any_array(tmp_path, is_sealed):
    """A .npz may hold one, with or without a digest that is right; none is opened."""
    good, path, trace = tmp_path / "good.npz", tmp_path / "run.npz", tmp_path / "trace"
    run = Run("ema").train(2)
    run.save(good)
    pickled = io.BytesIO()
    np.save(pickled, np.array([Canary(trace)]), allow_pickle=True)
    with zipfile.ZipFile(good) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert len(members) > 30
    for name in members:
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            archive.comment = formats.MARK + formats.BLANK if is_sealed else b""
            for other, content in members.items():
                archive.writestr(other, pickled.getvalue() if other == name else content)
        data = written.getvalue()
        path.write_bytes(data[:-64] + formats.digest(memoryview(data), len(data) - 64) if is_sealed else data)
        unfit(path, run)
    assert not trace.exists()


@pytest.mark.parametrize("write", [pickle.dumps, lambda x: b"\x80" + pickle.dumps(x), lambda x: pickle.dumps([x] * 99)])
@each_ending
def test_a_pickle_in_the_place_of_the_file(tmp_path, ending, write):
    path, trace, run = tmp_path / f"run{ending}", tmp_path / "trace", Run()
    path.write_bytes(write(Canary(trace)))
    assert f"it is no {ending} file: it begins with" in unfit(path, run)
    assert not trace.exists()


# -- weights alone -----------------------------------------------------------------------------
@each_ending
def test_weights_alone(tmp_path, ending):
    path, model, other = tmp_path / f"model{ending}", network(0, np.float32), network(1, np.float32)
    save_weights(path, model)
    assert load_weights(path, other) == ([], [])
    assert exact(other.state_dict()) == exact(model.state_dict())
    theirs = np.load(path) if ending == ".npz" else formats.safetensors_library().load_file(path)
    assert set(model.state_dict()) <= set(theirs)


@each_ending
def test_weights_of_a_checkpoint_and_of_another_program(tmp_path, ending):
    path, run, model = tmp_path / f"run{ending}", Run().train(1), network(1)
    run.save(path)
    load_weights(path, model)
    assert exact(model.state_dict()) == exact(run.model.state_dict())
    if ending == ".npz":
        np.savez(path, **network(2).state_dict())
        load_weights(path, model)
        assert exact(model.state_dict()) == exact(network(2).state_dict())


def test_weights_that_do_not_fit(tmp_path):
    path, model = tmp_path / "model.npz", nn.Linear(3, 1)
    save_weights(path, nn.Linear(2, 1))
    before = exact(model.state_dict())
    expected = "model.npz: the state does not fit Linear: weight is (1, 2) in it, (1, 3) in the model"
    with pytest.raises(ValueError, match=re.escape(expected)):
        load_weights(path, model)
    files.save(path, {"weight": np.ones((1, 3)), "more": np.ones(1)})
    with pytest.raises(ValueError, match="it lacks bias; it has more, unknown to the model"):
        load_weights(path, model)
    files.save(path, [1, 2])
    with pytest.raises(ValueError, match="load_state_dict takes a dict of arrays by name; got a list"):
        load_weights(path, model)
    files.save(path, {"checkpoint": 1})
    with pytest.raises(ValueError, match=r"cannot load .*model\.npz: it is a checkpoint without a model"):
        load_weights(path, model)
    assert exact(model.state_dict()) == before
    files.save(path, {"weight": np.ones((1, 3))})
    assert load_weights(path, model, strict=False) == (["bias"], [])


def test_weights_of_another_program_that_do_not_fit_are_not_unpacked(tmp_path):
    """A hundred million zeros, in less than a megabyte."""
    path, model = tmp_path / "model.npz", nn.Linear(2, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, shape in (("weight", (10**5, 80)), ("bias", (1,)), ("more", (10**5, 80))):
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.zeros(shape), version=(2, 0) if name == "more" else None)
    tracemalloc.start()
    with pytest.raises(
        ValueError, match=r"it has more, unknown to the model; weight is \(100000, 80\) in it, \(1, 2\)"
    ):
        load_weights(path, model)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000
    np.savez_compressed(path, weight=np.ones((1, 2)), bias=np.ones(1), more=np.array("text"))
    assert load_weights(path, model, strict=False) == ([], ["more"])
    assert exact(model.state_dict()["weight"]) == exact(np.ones((1, 2)))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_array_that_is_there_twice(tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, bias=np.ones(1))
    with zipfile.ZipFile(path, "a") as archive, archive.open("bias.npy", "w") as member:
        np.lib.format.write_array(member, np.zeros(1))
    with pytest.raises(ValueError, match="it has bias more than once"):
        load_weights(path, nn.Linear(2, 1), strict=False)


def test_the_default_generator_is_one():
    assert checkpoint.Generators(nn.Dropout(rng=default_rng())).state_dict()["generators"][0]["places"] == [
        "default_rng()",
        "rng",
    ]
