"""fit, evaluate and predict as strangers use them: how many updates, which samples, which bits, and what is refused."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import Value, functional, nn, optim
from tinygrad_opt.train import (
    Callback,
    DataLoader,
    Dataset,
    ProgbarLogger,
    Run,
    StreamLoader,
    evaluate,
    fit,
    predict,
)

ROOT = Path(__file__).parent.parent
CLASSES = "cross_entropy"


def net(outputs=3, inputs=2, **settings):
    return nn.MLP(inputs, 6, outputs, rng=np.random.default_rng(0), **settings)


def points(n=40, dtype=np.float64):
    """Points in a plane, their thirds of the circle, and a number each."""
    x = np.random.default_rng(1).normal(size=(n, 2)).astype(dtype)
    angle = np.arctan2(x[:, 1], x[:, 0])
    return x, ((angle / np.pi + 1) * 1.5).astype(int).clip(0, 2), np.sin(x[:, :1])


X, LABELS, NUMBERS = points()


def weights(model):
    return [p.data for p in model.parameters()]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


class Watch(Callback):
    """Calls a function after each batch."""

    def __init__(self, look):
        self.look = look

    def on_train_batch_end(self, batch, logs):
        self.look(self.run)


class Lengths(nn.Module):
    """Notes how many samples it is given."""

    def __init__(self):
        self.slope, self.seen = Value(np.zeros((1, 1)), name="slope"), []

    def forward(self, x):
        self.seen.append(len(x))
        return x @ self.slope


# -- counts ------------------------------------------------------------------------------------
def test_sixty_thousand_samples_in_batches_of_128_make_469_updates_an_epoch():
    model = Lengths()
    opt = optim.SGD(model.named_parameters(), lr=0.01)
    x = np.ones((60_000, 1), np.float32)
    history = fit(model, (x, x), loss="mse", optimizer=opt, epochs=5, batch_size=128)
    assert opt.t == 2_345 == 5 * 469
    assert model.seen == 5 * [*468 * [128], 96]
    assert history.epoch == [0, 1, 2, 3, 4]


def test_no_epochs_change_nothing():
    model = net()
    history = fit(model, (X, LABELS), loss=CLASSES, epochs=0)
    assert len(history) == 0
    assert same(model, net())


def test_one_step_is_that_of_the_loop_written_out():
    model, by_hand = net(), net()
    fit(model, (X, LABELS), loss=CLASSES, optimizer=optim.get("sgd", lr=0.1), epochs=3, batch_size=16, seed=5)
    opt = optim.SGD(by_hand.parameters(), lr=0.1)
    for epoch in range(3):
        order = np.random.default_rng([5, epoch]).permutation(len(X))
        for first in range(0, len(X), 16):
            rows = order[first : first + 16]
            opt.zero_grad()
            functional.cross_entropy(by_hand(X[rows]), LABELS[rows]).backward()
            opt.step()
    assert same(model, by_hand)


def test_gradients_from_before_do_not_count_and_none_are_left():
    model = net()
    functional.cross_entropy(model(X), LABELS).backward()
    fit(model, (X, LABELS), loss=CLASSES, optimizer="sgd", seed=0)
    fresh = net()
    fit(fresh, (X, LABELS), loss=CLASSES, optimizer="sgd", seed=0)
    assert same(model, fresh)
    assert all(p.grad is None for p in model.parameters())


def test_callbacks_see_the_gradients_of_the_step():
    seen = []
    fit(net(), (X, LABELS), loss=CLASSES, callbacks=[Watch(lambda run: seen.extend(run.model.parameters()[0].grad))])
    assert np.any(seen)


# -- the same bits -----------------------------------------------------------------------------
@pytest.mark.parametrize("dropout", [False, True])
def test_the_same_seed_gives_the_same_bits(dropout):
    def trained(seed):
        layers = [nn.Linear(2, 8, rng=np.random.default_rng(0)), nn.Tanh(), *([nn.Dropout(0.5)] if dropout else [])]
        model = nn.Sequential(*layers, nn.Linear(8, 3, rng=np.random.default_rng(1)))
        return model, fit(model, (X, LABELS), loss=CLASSES, epochs=3, batch_size=8, seed=seed)

    (one, history), (other, its), (third, _) = trained(7), trained(7), trained(8)
    assert same(one, other)
    assert history.history == its.history
    assert not same(one, third)


def test_without_a_seed_the_order_differs():
    one, other = net(), net()
    for model in (one, other):
        fit(model, (X, LABELS), loss=CLASSES, batch_size=8)
    assert not same(one, other)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "lbfgs"])
def test_float32_stays(optimizer):
    x, labels, _ = points(dtype=np.float32)
    model, dtypes = net(dtype=np.float32), set()
    watch = Watch(lambda run: dtypes.update(p.grad.dtype for p in run.model.parameters()))
    fit(model, (x, labels), loss=CLASSES, optimizer=optimizer, callbacks=[watch], seed=0)
    assert dtypes == {np.dtype(np.float32)} == {w.dtype for w in weights(model)}
    assert predict(model, x).dtype == np.float32


# -- what is reported --------------------------------------------------------------------------
def test_the_loss_of_an_epoch_is_the_mean_over_its_samples():
    model = net()
    history = fit(
        model, (X, LABELS), loss=CLASSES, optimizer=optim.get("sgd", lr=0.0), batch_size=7, metrics=["mae"][:0]
    )
    assert history["loss"] == [pytest.approx(functional.cross_entropy(net()(X), LABELS).item(), rel=1e-12)]
    found = evaluate(model, (X, LABELS), loss=CLASSES, batch_size=7)
    assert found["loss"] == pytest.approx(history["loss"][0], rel=1e-12)
    assert found["accuracy"] == pytest.approx(np.mean(predict(model, X).argmax(axis=1) == LABELS))


def test_validation_split_takes_the_last_share_before_shuffling():
    seen = []

    class Noting(nn.Module):
        def __init__(self):
            self.slope = Value(np.zeros((1, 1)), name="slope")

        def forward(self, x):
            seen.append((self.training, sorted(x[:, 0].tolist())))
            return x @ self.slope

    x = np.arange(10.0)[:, None]
    history = fit(Noting(), (x, x), loss="mse", validation_split=0.3, batch_size=10, epochs=2)
    assert seen == 2 * [(True, list(range(7))), (False, [7, 8, 9])]
    assert set(history) == {"loss", "val_loss"}


def test_validation_data_are_evaluated_after_each_epoch():
    model = net()
    history = fit(model, (X, LABELS), loss=CLASSES, validation_data=(X, LABELS), epochs=2)
    found = evaluate(model, (X, LABELS), loss=CLASSES)
    assert found == {"loss": history["val_loss"][-1], "accuracy": history["val_accuracy"][-1]}


def test_evaluation_leaves_the_model_in_its_mode_and_its_weights_alone():
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 3))
    model[1].eval()
    before = {name: array.copy() for name, array in model.state_dict().items()}
    for _ in range(2):
        assert np.array_equal(predict(model, X), predict(model, X))
        evaluate(model, (X, LABELS), loss=CLASSES)
    assert [m.training for m in model.modules()] == [True, True, False, True, True]
    assert all(np.array_equal(array, before[name]) for name, array in model.state_dict().items())


def test_predict_has_the_order_of_the_data_in_any_batch_size():
    whole = predict(net(), X)
    assert whole.shape == (40, 3)
    for batch_size in (1, 7, 40, 100):
        np.testing.assert_allclose(predict(net(), X, batch_size=batch_size), whole, rtol=1e-12)
    assert np.array_equal(predict(net(), Dataset(X, LABELS)), whole)


def test_a_part_that_was_told_eval_stays_so_and_a_model_in_eval_is_trained():
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    model[1].eval()
    fit(model, (X, LABELS), loss=CLASSES)
    assert not model[1].running_mean.any()
    fit(model.eval(), (X, LABELS), loss=CLASSES)
    assert model.training
    assert model[1].running_mean.any()


# -- memory ------------------------------------------------------------------------------------
def values_alive():
    return sum(isinstance(thing, Value) for thing in gc.get_objects())


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_no_graph_outlives_its_step(optimizer):
    model, alive = net(), []
    gc.collect()
    gc.disable()  # what goes must go by itself, without cycles
    try:
        before = values_alive()
        watch = Watch(lambda run: alive.append(values_alive()))
        fit(model, (X, LABELS), loss=CLASSES, optimizer=optimizer, batch_size=8, epochs=2, callbacks=[watch])
    finally:
        gc.enable()
    assert alive == [before] * 10


def test_memory_does_not_grow():
    model, sizes = net(), []
    tracemalloc.start()
    try:
        note = Watch(lambda run: sizes.append(tracemalloc.get_traced_memory()[0]))
        fit(model, (X, LABELS), loss=CLASSES, batch_size=8, epochs=40, callbacks=[note], seed=0)
    finally:
        tracemalloc.stop()
    assert max(sizes[150:]) - sizes[50] < 20_000  # the list of sizes, and the history's numbers


# -- Ctrl-C ------------------------------------------------------------------------------------
INTERRUPTED = """
import numpy as np
from tinygrad_opt import nn
from tinygrad_opt.train import Callback, fit

class Tell(Callback):
    def on_epoch_end(self, epoch, logs):
        print(epoch, flush=True)

    def on_train_end(self, logs):
        print("end", sorted(logs), flush=True)

x = np.ones((64, 2))
history = fit(nn.MLP(2, 4, 1), (x, x[:, :1]), loss="mse", epochs=10**6, callbacks=[Tell()])
print(history.interrupted, history.stopped, len(history) == len(history["loss"]) > 1)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGINT is sent to a process of its own on POSIX only")
def test_ctrl_c_ends_a_run_with_the_history_so_far():
    command = [sys.executable, "-c", INTERRUPTED]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-2:] == ["end ['loss']", "True None True"]


# -- optimizers --------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted([*optim.registry.KINDS, *optim.registry.CLOSURES]))
def test_every_optimizer_by_name(name):
    model, start = (nn.Sequential(nn.Linear(2, 3, bias=name != "Muon", rng=np.random.default_rng(0))) for _ in "ab")
    history = fit(model, (X, LABELS), loss=CLASSES, optimizer=name, batch_size=20, epochs=2, seed=0)
    assert np.isfinite(history["loss"]).all()
    assert not same(model, start)


AROUND = {
    "EMA": lambda ps: optim.EMA(optim.Adam(ps, lr=0.02)),
    "SWA": lambda ps: optim.SWA(optim.Adam(ps, lr=0.02)),
    "Lookahead": lambda ps: optim.Lookahead(optim.Adam(ps, lr=0.02)),
    "Accumulate": lambda ps: optim.Accumulate(optim.Adam(ps, lr=0.05), 2),
    "Accumulate PolyakSGD": lambda ps: optim.Accumulate(optim.PolyakSGD(ps), 2),
    "SAM": lambda ps: optim.SAM(optim.Adam(ps, lr=0.02)),
    "EMA SAM": lambda ps: optim.EMA(optim.SAM(optim.Adam(ps, lr=0.02))),
    "SAM Accumulate": lambda ps: optim.SAM(optim.Accumulate(optim.Adam(ps, lr=0.05), 2)),
    "clipped": optim.get("sgd", lr=0.3, transforms=[optim.ClipGlobalNorm(1.0)]),
    "a class": optim.PolyakSGD,
    "a schedule": optim.get("sgd", lr=optim.schedules.cosine(0.5, steps=150)),
}


@pytest.mark.parametrize("name", AROUND)
def test_what_stands_around_optimizers(name):
    history = fit(net(), (X, LABELS), loss=CLASSES, optimizer=AROUND[name], batch_size=8, epochs=30, seed=0)
    assert history["loss"][-1] < 0.6 * history["loss"][0]


def test_an_optimizer_may_hold_a_part_and_more_than_the_model():
    """The gradients of what it does not hold are forgotten too; a weight within the loss is trained as well."""
    model, scale = net(), Value(1.0, name="scale")
    opt = optim.SGD([*model[-1].parameters(), scale], lr=0.1)
    norms = []
    watch = Watch(lambda run: norms.append(np.abs(model[0].weight.grad).max()))
    first = model[0].weight.data.copy()
    loss = nn.CrossEntropyLoss()
    fit(model, (X, LABELS), loss=lambda z, y: loss(z * scale, y), optimizer=opt, epochs=50, callbacks=[watch], seed=0)
    assert np.array_equal(model[0].weight.data, first)
    assert scale.data != 1.0
    assert max(norms) < 1


def test_frozen_layers_stay():
    model = net()
    model[0].requires_grad_(False)
    fit(model, (X, LABELS), loss=CLASSES, seed=0)
    assert np.array_equal(model[0].weight.data, net()[0].weight.data)
    assert not np.array_equal(model[-1].weight.data, net()[-1].weight.data)


def test_rmsprop_by_name_starts_well():
    """As in the slides' first network, with Keras' learning rate."""
    history = fit(net(), (X, LABELS), loss=CLASSES, optimizer="rmsprop", epochs=30, seed=0)
    assert np.all(np.diff(history["loss"]) < 0)


# -- losses, metrics, data ---------------------------------------------------------------------
@pytest.mark.parametrize("loss", [CLASSES, "CrossEntropyLoss", nn.CrossEntropyLoss(), functional.cross_entropy])
def test_a_loss_by_name_as_an_object_and_as_a_function(loss):
    model = net()
    assert set(fit(model, (X, LABELS), loss=loss, seed=0)) == {"loss", "accuracy"}
    by_name = net()
    fit(by_name, (X, LABELS), loss=CLASSES, seed=0)
    assert same(model, by_name)


def test_a_loss_of_ones_own():
    history = fit(net(1), (X, NUMBERS), loss=lambda z, y: np.mean(np.abs(z - y) ** 3), epochs=20, seed=0)
    assert history["loss"][-1] < history["loss"][0]
    assert set(history) == {"loss"}


SOURCES = {
    "arrays": lambda path: (X, LABELS),
    "lists": lambda path: (X.tolist(), LABELS.tolist()),
    "dataset": lambda path: Dataset(X, LABELS),
    "loader": lambda path: DataLoader(Dataset(X, LABELS), 8, shuffle=True, seed=0),
    "memmap": lambda path: (mapped(path, X), LABELS),
    "stream": lambda path: StreamLoader(lambda: zip(X, LABELS, strict=True), 8),
    "shuffled stream": lambda path: StreamLoader(lambda: zip(X, LABELS, strict=True), 8, shuffle=16, seed=0),
}


def mapped(path, array):
    held = np.memmap(path / "x.bin", array.dtype, "w+", shape=array.shape)
    held[:] = array
    return held


@pytest.mark.parametrize("name", SOURCES)
def test_data_of_every_kind(name, tmp_path):
    model = net()
    history = fit(model, SOURCES[name](tmp_path), loss=CLASSES, optimizer=optim.get("adam", lr=0.05), epochs=10)
    assert history["loss"][-1] < history["loss"][0]
    found = evaluate(model, SOURCES[name](tmp_path), loss=CLASSES)
    assert found["loss"] == pytest.approx(evaluate(model, (X, LABELS), loss=CLASSES)["loss"], rel=1e-12)


def test_a_stream_of_unknown_length_has_a_bar_too(capsys):
    stream = StreamLoader(lambda: zip(X, LABELS, strict=True), 8)
    assert stream.steps_per_epoch is None
    fit(net(), stream, loss=CLASSES, epochs=2, verbose=True)
    assert "epoch 2/2" in capsys.readouterr().out


@pytest.mark.parametrize(("verbose", "shows"), [(None, False), (False, False), (0, False), (True, True), (1, True)])
def test_a_bar_where_it_is_asked_for(verbose, shows, capsys):
    fit(net(), (X, LABELS), loss=CLASSES, verbose=verbose)
    assert ("epoch 1/1" in capsys.readouterr().out) == shows


# -- what is refused ---------------------------------------------------------------------------
def trained(model=None, data=(X, LABELS), loss=CLASSES, **settings):
    return fit(net() if model is None else model, data, loss=loss, **settings)


class Pair(nn.Module):
    def __init__(self):
        self.line = nn.Linear(2, 3)

    def forward(self, x):
        return self.line(x), x


WRONG: Refusals = {
    "x and y of different length": (
        lambda: trained(data=(X, LABELS[:30])),
        ValueError,
        "Dataset: x has 40 samples and y has 30; each x needs its y",
    ),
    "no data": (
        lambda: trained(data=(X[:0], LABELS[:0])),
        ValueError,
        "Dataset: there are no samples: x has shape (0, 2)",
    ),
    "a batch size of zero": (
        lambda: trained(batch_size=0),
        ValueError,
        "DataLoader: batch_size must be a whole number, at least 1; got 0",
    ),
    "a batch size of zero, to evaluate": (
        lambda: evaluate(net(), (X, LABELS), loss=CLASSES, batch_size=0),
        ValueError,
        "DataLoader: batch_size must be a whole number, at least 1; got 0",
    ),
    "a batch size for a loader": (
        lambda: trained(data=DataLoader(Dataset(X, LABELS), 4), batch_size=8),
        ValueError,
        "a DataLoader has a batch size of its own, 4: leave out batch_size",
    ),
    "an unknown loss": (
        lambda: trained(loss="cros_entropy"),
        ValueError,
        "there is no loss 'cros_entropy': did you mean CrossEntropyLoss?",
    ),
    "a loss that is none": (
        lambda: trained(loss=None),
        TypeError,
        "loss is a name or a function of predictions and targets; got None",
    ),
    "the class of a loss": (
        lambda: trained(loss=nn.MSELoss),
        TypeError,
        "loss is a name or a function of predictions and targets; got <class 'tinygrad_opt.nn.losses.MSELoss'>: "
        "write MSELoss()",
    ),
    "an unknown optimizer": (
        lambda: trained(optimizer="adem"),
        ValueError,
        "there is no optimizer 'adem': did you mean Adam?",
    ),
    "an optimizer that is none": (
        lambda: trained(optimizer=3),
        TypeError,
        "optimizer is a name, a function of parameters, or an optimizer; got 3",
    ),
    "an unknown metric": (
        lambda: trained(metrics=["acuracy"]),
        ValueError,
        "there is no metric 'acuracy': did you mean 'accuracy'?",
    ),
    "labels that are words": (
        lambda: trained(data=(X, np.array(["red", "green"] * 20))),
        TypeError,
        "y of a Dataset must be real numbers; got words, such as 'red': number them with names, "
        "y = np.unique(y, return_inverse=True)",
    ),
    "nan in the data": (
        lambda: trained(data=(np.where(np.arange(40)[:, None] == 3, np.nan, X), LABELS), batch_size=40),
        ValueError,
        "DataLoader: x of sample 3 is nan at (0,), in batch 0 of epoch 0",
    ),
    "accuracy of numbers": (
        lambda: trained(net(1), (X, NUMBERS), "mse", metrics=["accuracy"]),
        TypeError,
        "accuracy of one score a sample needs targets of 0 and 1: for numbers take metrics=('mae',)",
    ),
    "labels that are floats": (
        lambda: trained(data=(X, LABELS.astype(float))),
        TypeError,
        "labels must be integers; got float64: use labels.astype(int)",
    ),
    "too few outputs": (
        lambda: trained(net(2), batch_size=40),
        ValueError,
        "labels must be from 0 to 1; got 0 to 2",
    ),
    "targets of another shape": (
        lambda: trained(net(1), (X, NUMBERS[:, 0]), "mse"),
        ValueError,
        "mse_loss: prediction (32, 1) and target (32,) would broadcast to (32, 32), every prediction compared with "
        "every target; use target.reshape(-1, 1)",
    ),
    "negative epochs": (lambda: trained(epochs=-1), ValueError, "epochs is a whole number, 0 or more; got -1"),
    "half an epoch": (lambda: trained(epochs=0.5), ValueError, "epochs is a whole number, 0 or more; got 0.5"),
    "a seed that is a word": (lambda: trained(seed="a"), ValueError, "seed is a whole number, 0 or more; got 'a'"),
    "two kinds of validation": (
        lambda: trained(validation_data=(X, LABELS), validation_split=0.1),
        ValueError,
        "give validation_data or validation_split, not both",
    ),
    "a share above one": (
        lambda: trained(validation_split=20),
        ValueError,
        "fit: validation_split must be a number of 0 or more and less than 1; got 20",
    ),
    "a share of nothing": (
        lambda: trained(validation_split=0.001),
        ValueError,
        "validation_split=0.001 of 40 samples leaves a side without any",
    ),
    "a share of a loader": (
        lambda: trained(data=DataLoader(Dataset(X, LABELS)), validation_split=0.1),
        ValueError,
        "validation_split needs data in arrays, (x, y) or a Dataset; give a loader validation_data=",
    ),
    "x without y": (
        lambda: trained(data=X),
        ValueError,
        "training needs a target for each sample: data of x and y; got x alone",
    ),
    "validation without y": (
        lambda: trained(validation_data=X),
        ValueError,
        "training needs a target for each sample: data of x and y; got x alone",
    ),
    "x as a dict": (
        lambda: trained(data=({"left": X, "right": X}, LABELS)),
        TypeError,
        "data is (x, y), each one array; got a dict of left, right: join what belongs to a sample in one array, "
        "or write the training loop yourself",
    ),
    "a list for a tuple": (
        lambda: trained(data=[X, LABELS]),
        TypeError,
        "data is a tuple, (x, y); got a list of two arrays",
    ),
    "three arrays": (
        lambda: trained(data=(X, LABELS, LABELS)),
        ValueError,
        "data is (x, y), a Dataset or a loader; got a tuple of 3",
    ),
    "a generator": (
        lambda: trained(data=(pair for pair in zip(X, LABELS, strict=True))),
        TypeError,
        "a generator is empty after one epoch: give a StreamLoader of what makes it anew",
    ),
    "the optimizer of another model": (
        lambda: trained(optimizer=optim.Adam(net().parameters())),
        ValueError,
        "Adam holds none of the model's parameters: make it of model.named_parameters()",
    ),
    "a loss without reduction": (
        lambda: trained(loss=nn.CrossEntropyLoss(reduction="none")),
        ValueError,
        'a loss is one number made of the predictions; got shape (32,): take reduction="mean" or "sum"',
    ),
    "the same, to evaluate": (
        lambda: evaluate(net(), (X, LABELS), loss=nn.CrossEntropyLoss(reduction="none")),
        ValueError,
        'a loss is one number made of the predictions; got shape (40,): take reduction="mean" or "sum"',
    ),
    "a loss without a graph": (
        lambda: trained(net(1), (X, NUMBERS), loss=lambda z, y: float(np.mean((z.data - y) ** 2))),
        ValueError,
        'a loss is one number made of the predictions; got a float: take reduction="mean" or "sum"',
    ),
    "a loss of something else": (
        lambda: trained(net(1), (X, NUMBERS), loss=lambda z, y: Value(1.0) * 2),
        ValueError,
        "no parameter got a gradient: the loss is not made of what the model gives, or of its .data alone",
    ),
    "a function for a model": (
        lambda: fit(3, (X, LABELS), loss=CLASSES),
        TypeError,
        "the model is a Module of nn; got 3",
    ),
    "a class for a model": (
        lambda: predict(nn.ReLU, X),
        TypeError,
        "the model is a Module of nn; got <class 'tinygrad_opt.nn.activations.ReLU'>: write ReLU(...)",
    ),
    "a model that learns nothing": (
        lambda: trained(net().requires_grad_(False)),
        ValueError,
        "MLP has no parameter that learns: nothing to train",
    ),
    "features that do not fit": (
        lambda: trained(data=(X[:, :1], LABELS)),
        ValueError,
        "Linear(2, 6) at 0 takes 2 features on the last axis; got shape (32, 1)",
    ),
    "a callback outside a list": (
        lambda: trained(callbacks=Watch(print)),
        TypeError,
        "callbacks is a list: write callbacks=[Watch(...)]",
    ),
    "the class of a callback": (
        lambda: trained(callbacks=[ProgbarLogger]),
        TypeError,
        "callbacks are instances of train.Callback; got "
        "<class 'tinygrad_opt.train.callbacks.progress.ProgbarLogger'>: write ProgbarLogger()",
    ),
    "another verbose": (
        lambda: trained(verbose=2),
        ValueError,
        "verbose is True, False, or None for a bar where somebody looks; got 2",
    ),
    "several outputs to predict": (
        lambda: predict(Pair(), X),
        TypeError,
        "predict needs a model that gives one Value; got a tuple",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_refused(name):
    call, error, words = WRONG[name]
    assert refused(call, error) == words


@pytest.mark.parametrize(
    "wrong", [{"metrics": ["x"]}, {"seed": "a"}, {"optimizer": "x"}, {"batch_size": 0}, {"verbose": 2}], ids=str
)
def test_what_is_refused_changes_nothing(wrong):
    model = net().eval()
    refused(lambda: trained(model, **wrong), ValueError)
    assert same(model, net())
    assert not model.training


# -- large data --------------------------------------------------------------------------------
LARGE = """
import numpy as np
from pathlib import Path
from tinygrad_opt import nn
from tinygrad_opt.train import Callback, fit

rows, features = 2**19, 1024
x = np.memmap("x.bin", np.float32, "w+", shape=(rows, features))  # 2 GiB, of which the disk holds what is written
x[:: rows // 64, 0] = 1.0
y = np.memmap("y.bin", np.uint8, "w+", shape=rows)

def anonymous():
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["RssAnon"].split()[0]) // 1024

class Enough(Callback):
    most = 0

    def on_train_batch_end(self, batch, logs):
        self.most = max(self.most, anonymous())
        if batch == 199:
            self.run.stop("enough")

enough = Enough()
model = nn.Sequential(nn.Linear(features, 4, dtype=np.float32))
history = fit(model, (x, y), loss="cross_entropy", batch_size=128, callbacks=[enough], seed=0)
print(enough.most, x.nbytes, history.stopped)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc tells how much memory a process has")
def test_two_gibibytes_of_mapped_data_train_in_400_mebibytes(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", LARGE]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    most, size, why = done.stdout.split()
    assert (int(size), why) == (2**31, "enough")
    assert int(most) < 400


# -- Run by itself -----------------------------------------------------------------------------
def test_stop_ends_the_epoch_with_validation_and_begins_no_other():
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs):
            if batch == 1:
                self.run.stop("enough")

    model = net()
    data = DataLoader(Dataset(X, LABELS), 8)
    run = Run(
        model, optim.SGD(model.parameters()), nn.CrossEntropyLoss(), data, epochs=5, validation=data, callbacks=[Stop()]
    )
    history = run.train()
    assert (run.optimizer.t, run.epoch, run.batch, history.stopped) == (2, 1, 0, "enough")
    assert set(history) == {"loss", "val_loss"}
