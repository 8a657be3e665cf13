"""fit, evaluate and predict as strangers use them: how many updates, which samples, which bits, what is reported."""

from __future__ import annotations

import numpy as np
import pytest
from small_fits import CLASSES, LABELS, NUMBERS, Watch, X, net, points, same, weights

from tinygrad_opt import Value, functional, nn, optim
from tinygrad_opt.train import (
    DataLoader,
    Dataset,
    LambdaCallback,
    StreamLoader,
    evaluate,
    fit,
    predict,
)


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
    assert history.epochs == 0
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
    seen, by_hand = [], net()
    functional.cross_entropy(by_hand(X), LABELS).backward()
    watch = Watch(lambda run: seen.extend(p.grad.copy() for p in run.model.parameters()))
    fit(net(), (X, LABELS), loss=CLASSES, batch_size=len(X), callbacks=[watch])
    for found, p in zip(seen, by_hand.parameters(), strict=True):
        np.testing.assert_allclose(found, p.grad, rtol=1e-12, atol=1e-15)


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
    history = fit(model, (X, LABELS), loss=CLASSES, optimizer=optim.get("sgd", lr=0.0), batch_size=7, metrics=())
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


class Twice(optim.SGD):
    """Heun's method: the mean of the gradients here and where a step of gradient descent would lead."""

    needs_closure = True

    def step(self, loss=None):
        before, value = [p.data.copy() for p in self.params], loss()
        here = [p.grad for p in self.params]
        for p, g in zip(self.params, here, strict=True):
            p.data = p.data - self.lr * g
        loss()
        for p, old, g in zip(self.params, before, here, strict=True):
            p.data, p.grad = old, (p.grad + g) / 2
        return super().step(value)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_closure_optimizer_of_ones_own(wrapped):
    def make(params):
        return optim.EMA(Twice(params, lr=0.5)) if wrapped else Twice(params, lr=0.5)

    history = fit(net(), (X, LABELS), loss=CLASSES, optimizer=make, epochs=20, seed=0)
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
    "shuffled stream": lambda path: StreamLoader(lambda: zip(X, LABELS, strict=True), 8, shuffle_buffer=16, seed=0),
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


# -- the end that a callback asks for ----------------------------------------------------------
def test_no_batch_is_asked_for_after_a_stop():
    x = np.where(np.arange(40)[:, None] >= 16, np.nan, X)
    stop = LambdaCallback(on_train_batch_end=lambda batch, logs: stop.run.stop("enough") if batch == 1 else None)
    history = fit(net(), DataLoader(Dataset(x, LABELS), 8), loss=CLASSES, callbacks=[stop])
    assert (history.epoch, history.stopped) == ([0], "enough")


@pytest.mark.parametrize(("hook", "begun"), [("on_train_begin", []), ("on_epoch_begin", [0])])
def test_an_epoch_without_a_batch_does_not_count(hook, begun):
    model, epochs, ended = net(), [], []
    note = {"on_epoch_begin": lambda epoch, logs: epochs.append(epoch), "on_epoch_end": lambda *all: ended.append(all)}
    stop = LambdaCallback(**{hook: lambda *all: stop.run.stop("enough")})
    history = fit(model, (X, LABELS), loss=CLASSES, epochs=3, callbacks=[LambdaCallback(**note), stop])
    assert (epochs, ended, history.epoch, history.stopped) == (begun, [], [], "enough")
    assert (stop.run.epoch, stop.run.batch) == (0, 0)
    assert same(model, net())
