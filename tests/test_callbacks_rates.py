"""ReduceLROnPlateau and LearningRateScheduler, epoch by epoch."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from callback_runs import Raise, SaveAt, Script, make, resumed, weights
from schedule_twins import OURS

from tinygrad_opt import optim
from tinygrad_opt.optim import BFGS, EMA, SAM, SGD, Lookahead, schedules
from tinygrad_opt.train import BackupAndRestore, Callback, LearningRateScheduler, ReduceLROnPlateau

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "schedules.json").read_text(encoding="utf-8"))["rates"]
nan = math.nan

# settings, what is monitored, and how often the rate has been multiplied when each epoch runs
TABLE = {
    "flat": ({"patience": 2}, [1] * 7, [0, 0, 0, 1, 1, 2, 2]),
    "patience 0 and 1 are alike": ({"patience": 0}, [1] * 5, [0, 0, 1, 2, 3]),
    "patience 1": ({"patience": 1}, [1] * 5, [0, 0, 1, 2, 3]),
    "better": ({"patience": 1}, [5, 4, 3, 2, 1], [0] * 5),
    "an improvement starts the count anew": ({"patience": 2}, [5, 6, 4, 6, 6, 6], [0, 0, 0, 0, 0, 1]),
    "less than min_delta is none": ({"patience": 2}, [1, 0.99995, 0.9999, 0.99985], [0, 0, 0, 1]),
    "cooldown": ({"patience": 1, "cooldown": 2}, [1] * 8, [0, 0, 1, 1, 2, 2, 3, 3]),
    "improving while it cools down": ({"patience": 1, "cooldown": 2}, [2, 2, 1, 1, 1, 1], [0, 0, 1, 1, 2, 2]),
    "max": ({"patience": 1, "mode": "max"}, [1, 2, 1, 3, 3], [0, 0, 0, 1, 1]),
    "first value nan": ({"patience": 2}, [nan, 3, 2, 1, 1, 1], [0] * 6),
    "nan": ({"patience": 2}, [1, nan, nan, nan], [0, 0, 0, 1]),
    "an epoch without": ({"patience": 2}, [1, 1, None, 1, 1], [0, 0, 0, 0, 1]),
}


@pytest.mark.parametrize(("settings", "values", "times"), TABLE.values(), ids=TABLE)
def test_reduces_when_it_should(settings, values, times):
    plateau = ReduceLROnPlateau(factor=0.5, **settings)
    history = make(Script(val_loss=values), plateau, epochs=len(values)).train()
    assert history["learning_rate"] == [0.1 * 0.5**n for n in times]


def test_not_below_min_lr():
    plateau = ReduceLROnPlateau(factor=0.1, patience=1, min_lr=0.02)
    run = make(Script(val_loss=[1] * 5), plateau, epochs=5)
    assert run.train()["learning_rate"] == [0.1, 0.1, 0.02, 0.02, 0.02]
    assert run.optimizer.lr == 0.02


def test_a_rate_below_min_lr_already_is_left():
    plateau = ReduceLROnPlateau(factor=0.1, patience=1, min_lr=0.5)
    assert make(Script(val_loss=[1] * 4), plateau, epochs=4).train()["learning_rate"] == [0.1] * 4


def test_each_group_is_reduced():
    def two_groups(named):
        (_, weight), (_, bias) = named
        return SGD([{"params": [weight]}, {"params": [bias], "lr": 0.4}], lr=0.1)

    run = make(Script(val_loss=[1, 1]), ReduceLROnPlateau(factor=0.5, patience=1), epochs=2, optimizer=two_groups)
    run.train()
    assert [group.hyper["lr"] for group in run.optimizer.groups] == [0.05, 0.2]


@pytest.mark.parametrize("wrap", [lambda o: EMA(o), lambda o: Lookahead(o), lambda o: SAM(EMA(o))])
def test_within_wrappers(wrap):
    run = make(
        Script(val_loss=[1, 1]), ReduceLROnPlateau(patience=1), epochs=2, optimizer=lambda p: wrap(SGD(p, lr=0.5))
    )
    assert run.train()["learning_rate"] == [0.5, 0.5]
    assert run.optimizer.lr == 0.05


def with_schedule(parameters):
    return SGD(parameters, lr=schedules.exponential(0.1, k=0.1))


def test_a_schedule_goes_on_multiplied():
    values = [1, 1, 1, 1]
    plateau = ReduceLROnPlateau(factor=0.5, patience=1)
    history = make(Script(val_loss=values), plateau, epochs=4, optimizer=with_schedule).train()
    schedule = schedules.exponential(0.1, k=0.1)
    expected = [schedule(3 * (epoch + 1)) * 0.5 ** max(epoch - 1, 0) for epoch in range(4)]  # of the coming step
    np.testing.assert_allclose(history["learning_rate"], expected, rtol=1e-15)


def test_a_multiplied_schedule_stops_at_min_lr_and_goes_on_below_by_itself():
    plateau = ReduceLROnPlateau(factor=1e-3, patience=1, min_lr=0.05)
    run = make(Script(val_loss=[1, 1]), plateau, epochs=2, optimizer=with_schedule)
    run.train()
    rates = [run.optimizer.lr(step) for step in (0, 30)]
    assert rates == [0.05, schedules.exponential(0.1, k=0.1)(30)]


@pytest.mark.parametrize("optimizer", [None, with_schedule])
def test_a_resumed_run_reduces_in_the_same_epochs(tmp_path, optimizer):
    values = [3, 2, 2, 2, 2, 2, 2, 2, 2]

    def fresh(*more):
        plateau = ReduceLROnPlateau(factor=0.5, patience=2, cooldown=1)
        return make(Script(val_loss=values), plateau, *more, epochs=9, optimizer=optimizer)

    whole = fresh()
    whole.train()
    for place in ((2, 0), (4, 0), (5, 2), (8, 1)):
        second = resumed(fresh, tmp_path / "run.npz", *place)
        assert second.history.history == whole.history.history
        assert weights(second) == weights(whole)


def test_a_schedule_is_multiplied_as_before_wherever_the_backup_stands(tmp_path):
    def fresh(folder, *more, before=False):
        plateau, backup = ReduceLROnPlateau(factor=0.5, patience=1), BackupAndRestore(tmp_path / folder)
        pair = (backup, plateau) if before else (plateau, backup)
        return make(Script(val_loss=[1] * 6), *pair, *more, epochs=6, optimizer=with_schedule)

    whole = fresh("whole")
    whole.train()
    for before in (False, True):
        with pytest.raises(OSError, match="power"):
            fresh("backup", Raise(OSError("power"), 4), before=before).train()
        run = fresh("backup", before=before)
        assert run.train().history == whole.history.history
        assert weights(run) == weights(whole)


def test_an_optimizer_of_a_run_that_is_over_is_left_alone(tmp_path):
    plateau = ReduceLROnPlateau(factor=0.5, patience=1)
    values = Script(val_loss=[1] * 6)
    make(values, plateau, SaveAt(tmp_path / "run.npz", 5), epochs=6, optimizer=with_schedule).train()
    over = make(values, plateau, epochs=2, optimizer=with_schedule)
    over.train()
    make(values, plateau, epochs=6, optimizer=with_schedule).load(tmp_path / "run.npz")
    assert over.optimizer.lr(0) == 0.05


def test_another_run_with_the_same_optimizer_goes_on_with_its_schedule():
    plateau = ReduceLROnPlateau(factor=0.5, patience=1)
    run = make(Script(val_loss=[1, 1]), plateau, epochs=2, optimizer=with_schedule)
    run.train()
    before = run.optimizer.lr(0)
    make(Script(val_loss=[1, 1]), plateau, epochs=1, model=run.model, optimizer=lambda p: run.optimizer).train()
    assert run.optimizer.lr(0) == before == 0.05


@pytest.mark.parametrize("backed_up", [False, True])
def test_the_same_optimizer_goes_on_with_its_schedule_multiplied_once(tmp_path, backed_up):
    """In a notebook, where the objects of the run that was interrupted are at hand, in a first run and a later one."""
    values, path = Script(val_loss=[1] * 6), tmp_path / "run.npz"

    def fresh(run=None, *more):
        optimizer = (lambda p: run.optimizer) if run else with_schedule
        backup = [BackupAndRestore(tmp_path / "backup")] if backed_up else []
        plateau = ReduceLROnPlateau(factor=0.5, patience=1)
        return make(values, plateau, *backup, *more, epochs=6, optimizer=optimizer, model=run.model if run else None)

    whole = fresh()
    interrupted = fresh(None, SaveAt(path, 3), Raise(OSError("power"), 4))
    for rate in (0.1 * 0.5**5, 0.1 * 0.5**10):
        whole.train()
        with pytest.raises(OSError, match="power"):
            interrupted.train()
        again = fresh(interrupted)
        if not backed_up:
            again.load(path)
        assert again.train().history == whole.history.history
        assert again.optimizer.lr(0) == whole.optimizer.lr(0) == rate
        assert again.optimizer.lr.schedule is interrupted.optimizer.lr.schedule
        whole, interrupted = fresh(whole), fresh(again, SaveAt(path, 3), Raise(OSError("power"), 4))


def test_verbose_prints(capsys):
    make(Script(val_loss=[1, 1]), ReduceLROnPlateau(patience=1, verbose=1), epochs=2).train()
    make(LearningRateScheduler(lambda epoch: 0.5, verbose=1)).train()
    assert capsys.readouterr().out == (
        "Epoch 2: the learning rate goes down to 0.01.\nEpoch 1: the learning rate is 0.5.\n"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"factor": 1.0}, "factor must be a number above 0 and below 1; got 1.0"),
        ({"factor": 0}, "factor must be a number above 0 and below 1; got 0"),
        ({"patience": -1}, "patience must be a whole number, at least 0"),
        ({"cooldown": 0.5}, "cooldown must be a whole number"),
        ({"min_lr": -1.0}, "min_lr must be a finite number, at least 0; got -1.0"),
        ({"mode": "best"}, "mode must be one of auto, min, max; got 'best'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ReduceLROnPlateau(**settings)


def test_an_optimizer_without_a_rate_is_refused():
    class Plain(optim.Optimizer):
        @staticmethod
        def rule(h, t, p, g):
            return p - 0.1 * g

    for callback in (ReduceLROnPlateau("loss"), LearningRateScheduler(lambda epoch: 0.1)):
        with pytest.raises(ValueError, match=rf"{type(callback).__name__}: Plain has no learning rate to set"):
            make(callback, optimizer=Plain).train()


def test_closures_have_a_rate():
    run = make(ReduceLROnPlateau("loss", patience=1, min_delta=1e4), epochs=2, optimizer=lambda p: BFGS(p, lr=0.5))
    assert run.train()["learning_rate"] == [0.5, 0.5]
    assert run.optimizer.lr == 0.05


# -- LearningRateScheduler ---------------------------------------------------------------------
def test_the_schedule_is_asked_with_epoch_and_rate():
    asked = []

    def schedule(epoch, lr):
        asked.append((epoch, lr))
        return lr / 2 if epoch else 0.4

    history = make(LearningRateScheduler(schedule), epochs=3).train()
    assert asked == [(0, 0.1), (1, 0.4), (2, 0.2)]
    assert history["learning_rate"] == [0.4, 0.2, 0.1]


class Updates(Callback):
    """The weights around each step of plain gradient descent, and the gradient."""

    def __init__(self):
        self.seen = []

    def on_gradients(self, batch, logs):
        self.before = self.model.weight.data.copy(), self.model.weight.grad.copy()

    def on_train_batch_end(self, batch, logs):
        self.seen.append((*self.before, self.model.weight.data.copy()))


@pytest.mark.parametrize("name", OURS)
def test_every_schedule_sets_the_rates_of_its_library_epoch_by_epoch(name):
    """As lr= of the optimizer and through LearningRateScheduler, where a step is an epoch."""
    rates = GOLDENS[name]
    ways = {
        "lr=": ([], lambda p: SGD(p, lr=OURS[name])),
        "callback": ([LearningRateScheduler(OURS[name])], None),
    }
    for callbacks, optimizer in ways.values():
        updates = Updates()
        run = make(updates, *callbacks, epochs=len(rates), batch_size=6, optimizer=optimizer)
        history = run.train()
        assert run.optimizer.t == len(rates)
        for rate, (before, gradient, after) in zip(rates, updates.seen, strict=True):
            np.testing.assert_allclose(after, before - rate * gradient, rtol=1e-12)
    np.testing.assert_allclose(history["learning_rate"], rates, rtol=1e-12)


def test_a_schedule_of_the_epoch_alone():
    assert make(LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch)), epochs=2).train()["learning_rate"] == [
        0.1,
        0.05,
    ]


def test_an_error_within_a_schedule_is_its_own():
    def schedule(epoch, lr):
        raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        make(LearningRateScheduler(schedule)).train()


@pytest.mark.parametrize("rate", [None, "fast", nan, math.inf, -0.1])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(ValueError, match=r"the schedule gives a rate, 0 or more; for epoch 0: "):
        make(LearningRateScheduler(lambda epoch, lr: rate)).train()


def test_one_schedule_is_enough():
    with pytest.raises(ValueError, match="the lr of SGD is a schedule of the step already: use one of both"):
        make(LearningRateScheduler(lambda epoch: 0.1), optimizer=with_schedule).train()
    with pytest.raises(TypeError, match=r"takes a function schedule\(epoch, lr\); got 0.1"):
        LearningRateScheduler(0.1)


def test_a_resumed_run_has_the_rate_of_its_epoch(tmp_path):
    def fresh(*more):
        return make(LearningRateScheduler(lambda epoch, lr: lr * 0.5), *more, epochs=4)

    for place in ((2, 0), (2, 1)):
        second = resumed(fresh, tmp_path / "run.npz", *place)
        assert second.history["learning_rate"] == [0.05, 0.025, 0.0125, 0.00625]
