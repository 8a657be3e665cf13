"""SwapEMAWeights, GradientNorms and LearningRateFinder: what looks at weights and gradients, and moves them."""

import math
import sys

import numpy as np
import pytest
from callback_runs import X, Y, make, resumed, weights

from tinygrad_opt import datasets, nn, optim
from tinygrad_opt.optim import EMA, SAM, SGD, SWA, Adam, Lookahead, ScheduleFreeSGD, schedules
from tinygrad_opt.train import (
    Callback,
    EarlyStopping,
    GradientNorms,
    LearningRateFinder,
    ModelCheckpoint,
    SwapEMAWeights,
    fit,
    load_weights,
)


# -- averages ----------------------------------------------------------------------------------
class Watch(Callback):
    """The weights at each hook."""

    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, batch, logs):
        self.seen.append(("batch", weights(self.run)))

    def on_test_batch_end(self, batch, logs):
        self.seen.append(("test", weights(self.run)))

    def on_epoch_end(self, epoch, logs):
        self.seen.append(("epoch", weights(self.run)))

    def on_save(self):
        self.seen.append(("save", weights(self.run)))


def averaged(parameters):
    return EMA(SGD(parameters, lr=0.1), decay=0.5)


def averages(run):
    return {m.name: array.tolist() for m, array in zip(run.optimizer.members, run.optimizer.average(), strict=True)}


@pytest.mark.parametrize("swap_on_epoch", [True, False])
def test_when_the_averages_are_in(swap_on_epoch):
    watch = Watch()
    run = make(watch, SwapEMAWeights(swap_on_epoch), optimizer=averaged, validation=True)
    run.train()
    seen = dict(watch.seen)  # the last of each
    average = averages(run)
    assert seen["test"] == average != seen["batch"]
    assert seen["save"] == seen["batch"]
    assert seen["epoch"] == (average if swap_on_epoch else seen["batch"])
    assert weights(run) == average


@pytest.mark.parametrize("wrap", [averaged, lambda p: SWA(SGD(p, lr=0.1)), lambda p: ScheduleFreeSGD(p, lr=0.1)])
def test_training_is_what_it_was_without(wrap):
    plain, swapping = Watch(), Watch()
    make(plain, epochs=3, optimizer=wrap, validation=True).train()
    run = make(swapping, SwapEMAWeights(), epochs=3, optimizer=wrap, validation=True)
    history = run.train()
    trained = [[w for hook, w in watch.seen if hook in ("batch", "save")] for watch in (plain, swapping)]
    assert trained[0] == trained[1]
    assert run.evaluate(run.validation)["loss"] == history["val_loss"][-1]


def test_without_validation_they_are_in_for_what_saves(tmp_path):
    watch, alone = Watch(), ModelCheckpoint(tmp_path / "{epoch}.npz", save_weights_only=True)
    run = make(
        alone, ModelCheckpoint(tmp_path / "run-{epoch}.npz"), SwapEMAWeights(), watch, epochs=2, optimizer=averaged
    )
    run.train()
    seen = dict(watch.seen)  # the last of each
    assert weights_in(tmp_path / "2.npz") == averages(run) == seen["epoch"] != seen["batch"]
    assert weights_in(tmp_path / "run-2.npz") == seen["batch"]


def weights_in(path):
    model = nn.Linear(2, 1)
    load_weights(path, model)
    return {name: array.tolist() for name, array in model.state_dict().items()}


def test_early_stopping_restores_the_averages_that_were_evaluated():
    stopping = EarlyStopping(patience=2)
    run = make(stopping, SwapEMAWeights(), epochs=30, optimizer=lambda p: EMA(SGD(p, lr=0.9), 0.3), validation=True)
    run.train()
    assert run.evaluate(run.validation)["loss"] == stopping.best


def test_an_error_in_validation_leaves_the_models_own_weights():
    class Fail(Callback):
        def on_test_batch_end(self, batch, logs):
            raise OSError("power")

    watch = Watch()
    run = make(SwapEMAWeights(), watch, Fail(), optimizer=averaged, validation=True)
    with pytest.raises(OSError, match="power"):
        run.train()
    assert weights(run) == watch.seen[-2][1] != watch.seen[-1][1]
    assert not run.optimizer.away


def interrupted_at(line):
    """A run with Ctrl-C at one of the lines that put averages in and take them out; False if there are not so many."""
    run, seen = make(SwapEMAWeights(), optimizer=averaged, validation=True, batch_size=6), []

    def trace(frame, event, argument):
        return count if frame.f_code.co_name in ("put_in", "take_out", "write", "on_close") else None

    def count(frame, event, argument):
        seen.append(frame.f_lineno)
        if len(seen) == line:
            sys.settrace(None)
            raise KeyboardInterrupt
        return count

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run.train()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return run if len(seen) >= line else None


def test_ctrl_c_while_averages_come_and_go_leaves_the_optimizer_ready():
    line = 1
    while run := interrupted_at(line):
        assert not run.optimizer.away, line
        assert run.callbacks.all[0].own is None, line
        run.optimizer.step(0.0)
        line += 1
    assert line > 20


def test_before_there_is_an_average_nothing_is_swapped():
    watch = Watch()
    make(watch, SwapEMAWeights(), epochs=1, optimizer=lambda p: SWA(SGD(p, lr=0.1), start=99), validation=True).train()
    assert dict(watch.seen)["epoch"] == dict(watch.seen)["batch"]


def test_a_resumed_run_ends_with_the_same_averages(tmp_path):
    def fresh(*more):
        return make(SwapEMAWeights(), *more, epochs=3, optimizer=averaged, validation=True)

    whole = fresh()
    whole.train()
    for place in ((1, 0), (1, 2)):
        run = resumed(fresh, tmp_path / "run.npz", *place)
        assert run.history.history == whole.history.history
        assert weights(run) == weights(whole)


def test_an_optimizer_without_averages_is_refused():
    with pytest.raises(ValueError, match=r"SGD has no averages; wrap it: optim.EMA\(optimizer, decay=0.999\)"):
        make(SwapEMAWeights()).train()


# -- gradients ---------------------------------------------------------------------------------
def two_layers(dtype=np.float64):
    rng = np.random.default_rng(0)
    return nn.Sequential(nn.Linear(2, 3, rng=rng, dtype=dtype), nn.Tanh(), nn.Linear(3, 1, rng=rng, dtype=dtype))


@pytest.mark.parametrize("optimizer", [None, lambda p: SAM(SGD(p, lr=0.1))])
def test_gradient_norms_are_those_of_the_layers(optimizer):
    model = two_layers()
    nn.MSELoss()(model(X), Y).backward()
    norms = {f"gradient_norm/{i}": math.hypot(*(np.linalg.norm(p.grad) for p in model[i].parameters())) for i in (0, 2)}
    history = make(GradientNorms(), model=two_layers(), batch_size=6, optimizer=optimizer).train()
    expected = {"gradient_norm": math.hypot(*norms.values()), **norms}
    assert {name: history[name][0] for name in history if name != "loss"} == pytest.approx(expected, rel=1e-12)


def test_norms_of_an_epoch_are_means_also_when_resumed(tmp_path):
    def fresh(*more):
        return make(GradientNorms(), *more, model=two_layers(), epochs=2)

    whole = fresh()
    whole.train()
    assert resumed(fresh, tmp_path / "run.npz", 1, 2).history.history == whole.history.history


def test_large_gradients_of_single_precision_do_not_overflow():
    model = two_layers(np.float32)
    x, y = X.astype(np.float32), (Y * 1e12).astype(np.float32)
    history = make(GradientNorms(), model=model, batch_size=6, optimizer=lambda p: SGD(p, lr=1e-30), x=x, y=y).train()
    assert 1e12 < history["gradient_norm"][0] < math.inf


# -- range test --------------------------------------------------------------------------------
def test_rates_grow_exponentially_and_all_is_put_back():
    model = nn.Sequential(
        nn.Linear(2, 3), nn.Dropout(0.5, rng=np.random.default_rng(0)), nn.BatchNorm1d(3), nn.Linear(3, 1)
    )
    finder = LearningRateFinder(1e-4, 1.0, steps=21, divergence=1e9)
    assert repr(finder) == "<LearningRateFinder, not run yet>"
    run = make(finder, model=model, epochs=7, optimizer=lambda p: Adam(p, lr=0.03), validation=True)
    before, state, rng = weights(run), run.optimizer.state_dict(), model[1].rng.bit_generator.state
    history = run.train()
    np.testing.assert_allclose(finder.rates, np.geomspace(1e-4, 1.0, 21), rtol=1e-12)
    assert repr(finder).startswith("<LearningRateFinder: 21 rates from 0.0001 to 1, the loss is lowest at ")
    assert weights(run) == before
    assert finder.before == []
    assert model[1].rng.bit_generator.state == rng
    np.testing.assert_equal(run.optimizer.state_dict(), state)
    assert history.stopped == "LearningRateFinder: the learning rate has reached 1"
    assert len(finder.losses) == len(finder.smoothed) == 21


@pytest.mark.parametrize("wrap", [lambda o: o, lambda o: SAM(Lookahead(o))])
def test_it_stops_where_the_loss_diverges(wrap):
    finder = LearningRateFinder(1e-3, 1e3, steps=60)
    run = make(finder, epochs=20, optimizer=lambda p: wrap(SGD(p, lr=0.1)))
    history = run.train()
    assert history.stopped.startswith("LearningRateFinder: the loss diverges from the learning rate ")
    assert 0.1 < finder.rates[-1] < 1e3
    assert len(finder.rates) < 60
    assert 1e-2 < finder.suggestion() < 1.0
    assert finder.suggestion() < finder.rates[-1] / 2
    assert run.optimizer.lr == 0.1


PROBLEMS = {  # data, classes, layers, optimizer, epochs, the loss in validation
    "moons, Adam": ("moons", (2, 16, 2), "adam", 20, 0.08),
    "digits, SGD": ("digits", (64, 32, 10), "sgd", 5, 0.6),
    "digits, Adam": ("digits", (64, 32, 10), "adam", 5, 0.45),
}


@pytest.mark.parametrize(("data", "layers", "optimizer", "epochs", "loss"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_is_suggested_trains_well(data, layers, optimizer, epochs, loss):
    if data == "moons":
        x, y = datasets.make_moons(400, noise=0.2, rng=np.random.default_rng(0))
    else:
        x, y = datasets.load_digits()
        x = np.asarray(x, float).reshape(len(x), -1) / np.max(x)

    def trained(optimizer, epochs, *callbacks):
        model = nn.MLP(*layers, rng=np.random.default_rng(0))
        settings = {"loss": "cross_entropy", "validation_split": 0.2, "seed": 0, "verbose": False}
        return fit(model, (x, y), optimizer=optimizer, epochs=epochs, callbacks=callbacks, **settings)

    finder = LearningRateFinder()
    trained(optimizer, 10, finder)
    assert trained(optim.get(optimizer, lr=finder.suggestion()), epochs)["val_loss"][-1] < loss


def test_a_loss_that_is_no_number_ends_it():
    finder = LearningRateFinder(1.0, 1e300, steps=10)
    with np.errstate(all="ignore"):
        make(finder, epochs=9, optimizer=lambda p: SGD(p, lr=0.1)).train()
    assert len(finder.rates) < 10


def test_schedules_and_ratios_of_groups_are_put_back():
    schedule = schedules.exponential(0.1, k=0.1)

    def two_groups(named):
        (_, weight), (_, bias) = named
        return SGD([{"params": [weight]}, {"params": [bias], "lr": 0.2}], lr=schedule)

    seen = []

    class Rates(Callback):
        def on_train_batch_end(self, batch, logs):
            seen.append([group.hyper["lr"] for group in self.run.optimizer.groups])

    run = make(Rates(), LearningRateFinder(1e-3, 1e-1, steps=12), epochs=4, optimizer=two_groups)
    run.train()
    assert all(bias == pytest.approx(2 * weight) for weight, bias in seen)
    assert [group.hyper["lr"] for group in run.optimizer.groups] == [schedule, 0.2]


def test_all_is_put_back_after_ctrl_c():
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs):
            if batch == 2:
                raise KeyboardInterrupt

    run = make(LearningRateFinder(steps=20), Stop(), epochs=9)
    before = weights(run)
    assert run.train().interrupted
    assert weights(run) == before
    assert run.optimizer.lr == 0.1


def test_too_little_to_say_anything():
    with pytest.raises(
        ValueError, match="takes 100 batches, and the run has 2 epochs of 3: give epochs=34, or fewer s"
    ):
        make(LearningRateFinder(), epochs=2).train()
    with pytest.raises(ValueError, match="has no curve yet: give it to fit in callbacks=, and train"):
        LearningRateFinder().suggestion()
    finder = LearningRateFinder(10.0, 100.0, steps=12)
    make(finder, epochs=4).train()
    with pytest.raises(
        ValueError, match=r"the loss did not fall at any rate from 10 to .*: begin with a smaller start_lr"
    ):
        finder.suggestion()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start_lr": 0.0}, "rates grow from start_lr above 0 to end_lr; got 0.0 and 10.0"),
        ({"start_lr": 1.0, "end_lr": 0.1}, "rates grow from start_lr"),
        ({"end_lr": math.inf}, "end_lr must be a finite number; got inf"),
        ({"steps": 3}, "steps must be a whole number, at least 10; got 3"),
        ({"smoothing": 1.0}, "smoothing must be a number of 0 or more and less than 1; got 1.0"),
        ({"divergence": 1.0}, "divergence must be a finite number above 1; got 1.0"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LearningRateFinder(**settings)
