"""The hooks that a run calls: all of them, in order, with what they are given; and callbacks of one's own."""

import itertools

import numpy as np
import pytest
from callback_runs import Raise, SaveAt, X, Y, make, resumed, weights
from refusals import refused

from tinygrad_opt import nn, optim
from tinygrad_opt.train import Callback, LambdaCallback, evaluate, predict
from tinygrad_opt.train.callbacks.base import HOOKS


class Recorder(Callback):
    """Writes down every hook: its name, its number, and the names in its logs."""

    def __init__(self):
        self.calls = []

    def __getattribute__(self, name):
        if name in HOOKS:
            return lambda *given: self.note(name, *given)
        return super().__getattribute__(name)

    def note(self, name, *given):
        *number, logs = given or ({},)
        self.calls.append(" ".join([name, *map(str, number), *logs]))


BATCH = "on_train_batch_begin {0}, on_gradients {0} loss, on_train_batch_end {0} loss, on_save"
TESTED = "on_test_batch_begin {0}, on_test_batch_end {0} loss"
EPOCH = [
    "on_epoch_begin {0}",
    *(BATCH.format(b) for b in range(3)),
    "on_test_begin",
    *(TESTED.format(b) for b in range(2)),
    "on_test_end loss",
    "on_epoch_end {0} loss val_loss",
    "on_save",
]
WHOLE = ", ".join(
    ["on_train_begin", *(call.format(e) for e in range(2) for call in EPOCH), "on_train_end loss val_loss", "on_close"]
)


def by_sam(params):
    return optim.SAM(optim.SGD(params, lr=0.1))


def by_lbfgs(params):
    return optim.LBFGS(params, max_iter=3)


def test_all_hooks_in_order():
    recorder = Recorder()
    make(recorder, epochs=2, validation=True).train()
    assert recorder.calls == WHOLE.split(", ")


@pytest.mark.parametrize(("optimizer", "evaluations"), [(by_sam, 6), (by_lbfgs, None)])
def test_optimizers_that_evaluate_several_times_in_a_step(optimizer, evaluations):
    recorder = Recorder()
    run = make(recorder, epochs=2, validation=True, optimizer=optimizer)
    run.train()
    assert [call for call, _ in itertools.groupby(recorder.calls)] == WHOLE.split(", ")
    called = sum("on_gradients" in call for call in recorder.calls)
    assert called == (2 * evaluations if evaluations else run.optimizer.evaluations)


@pytest.mark.parametrize("optimizer", [by_sam, by_lbfgs])
def test_the_first_evaluation_of_a_step_is_reported(optimizer):
    class Number(Callback):
        def on_train_batch_begin(self, batch, logs):
            self.evaluations = 0

        def on_gradients(self, batch, logs):
            logs["evaluation"] = self.evaluations
            self.evaluations += 1

    first = LambdaCallback(on_train_batch_begin=lambda batch, logs: losses.append(run.evaluate(run.loader)["loss"]))
    losses = []
    run = make(Number(), first, optimizer=optimizer, batch_size=6, epochs=3)
    history = run.train()
    assert history["evaluation"] == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-12)


def test_a_resumed_run_calls_what_remains(tmp_path):
    def fresh(*more):
        return make(Recorder(), *more, epochs=2, validation=True)

    for place in ((0, 2), (1, 0), (1, 3)):
        whole = WHOLE.split(", ")
        run = resumed(fresh, tmp_path / "run.npz", *place)
        calls = run.callbacks.all[0].calls
        assert calls == ["on_train_begin", *whole[len(whole) - len(calls) + 1 :]]
        batches = 6 - (3 * place[0] + place[1])
        assert sum(call.startswith("on_train_batch_begin") for call in calls) == batches


def test_a_stop_in_a_batch_finishes_its_epoch():
    recorder = Recorder()
    stop = LambdaCallback(on_train_batch_end=lambda batch, logs: run.stop("enough") if batch == 1 else None)
    run = make(stop, recorder, epochs=9, validation=True)
    history = run.train()
    steps = [call.split()[0] for call in recorder.calls]
    assert steps.count("on_train_batch_end") == 2
    assert steps[-6:] == ["on_test_batch_end", "on_test_end", "on_epoch_end", "on_save", "on_train_end", "on_close"]
    assert (history.epochs, history.stopped) == (1, "enough")


def test_a_run_saved_in_the_batch_that_stopped_it_finishes_that_epoch_only(tmp_path):
    def fresh(*more):
        def stop(batch, logs):
            if (run.epoch, batch) == (1, 1):
                run.stop("enough")

        run = make(LambdaCallback(on_train_batch_end=stop), *more, epochs=9, validation=True)
        return run

    whole = fresh()
    whole.train()
    run = resumed(fresh, tmp_path / "run.npz", 1, 2)
    assert run.history.history == whole.history.history
    assert run.history.stopped == "enough"
    assert weights(run) == weights(whole)


def test_hooks_of_evaluate_and_predict():
    recorder, model = Recorder(), make().model
    evaluate(model, (X, Y), loss="mse", batch_size=4, callbacks=[recorder])
    assert recorder.calls == [
        "on_test_begin",
        *(TESTED.format(0) + ", " + TESTED.format(1)).split(", "),
        "on_test_end loss",
        "on_close",
    ]
    recorder = Recorder()
    found = predict(model, X, batch_size=4, callbacks=[recorder])
    batches = [f"on_predict_batch_{part} {b}" for b in range(2) for part in ("begin", "end")]
    batches = [call + " outputs" * ("end" in call) for call in batches]
    assert recorder.calls == ["on_predict_begin", *batches, "on_predict_end", "on_close"]
    np.testing.assert_array_equal(found, predict(model, X))


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, SystemExit])
def test_every_run_is_closed(error):
    recorder = Recorder()
    run = make(recorder, Raise(error(), epoch=0, batch=1))
    if error is KeyboardInterrupt:
        assert run.train().interrupted
    else:
        with pytest.raises(error):
            run.train()
    assert recorder.calls[-1] == "on_close"
    assert ("on_train_end" in recorder.calls[-2]) == (error is KeyboardInterrupt)


ASKED = {
    "evaluate": lambda model, recorder: evaluate(model, (X, Y), loss="mse", callbacks=[recorder]),
    "predict": lambda model, recorder: predict(model, X, callbacks=[recorder]),
}


@pytest.mark.parametrize("name", ASKED)
def test_evaluate_and_predict_are_closed_after_an_error(name):
    class Failing(Recorder):
        def note(self, name, *given):
            super().note(name, *given)
            if "batch_end" in name:
                raise OSError("full")

    recorder = Failing()
    with pytest.raises(OSError, match="full"):
        ASKED[name](make().model, recorder)
    assert recorder.calls[-1] == "on_close"


def test_every_callback_is_closed_though_one_of_them_raises():
    closed = []

    def close(name):
        closed.append(name)
        if name == "first":
            raise OSError("full")

    first, second = (LambdaCallback(on_close=lambda name=name: close(name)) for name in ("first", "second"))
    with pytest.raises(OSError, match="full"):
        make(first, second).train()
    assert closed == ["first", "second"]


def test_what_comes_first():
    class First(Callback):
        first = True

    plain, first = Callback(), First()
    assert make(plain, first).callbacks.all == [first, plain]


# -- one's own ---------------------------------------------------------------------------------
def test_a_callback_in_four_lines(capsys):
    class Shout(Callback):
        def on_epoch_end(self, epoch, logs):
            print(f"epoch {epoch + 1}: {logs['loss']:.2f}!")

    history = make(Shout(), epochs=2).train()
    first, second = history["loss"]
    assert capsys.readouterr().out == f"epoch 1: {first:.2f}!\nepoch 2: {second:.2f}!\n"


@pytest.mark.parametrize("optimizer", [None, by_sam, by_lbfgs])
def test_gradients_may_be_changed_before_the_step(optimizer):
    class Freeze(Callback):
        def on_gradients(self, batch, logs):
            self.model.weight.grad = np.zeros_like(self.model.weight.grad)

    run = make(Freeze(), optimizer=optimizer)
    before = weights(run)
    run.train()
    after = weights(run)
    assert before["weight"] == after["weight"]
    assert before["bias"] != after["bias"]


class Counter(Callback):
    """Counts batches, also of the run before."""

    kept = ("batches",)

    def __init__(self):
        self.batches = []

    def on_train_batch_end(self, batch, logs):
        self.batches.append(batch)


def test_kept_attributes_are_saved_as_they_were(tmp_path):
    run = resumed(lambda *more: make(Counter(), *more, epochs=2), tmp_path / "run.npz", 1, 1)
    assert run.callbacks.all[0].batches == [0, 1, 2, 0, 1, 2]


def test_another_state_is_refused(tmp_path):
    run = make(Counter(), SaveAt(tmp_path / "run.npz", 1), epochs=1)
    run.train()

    class Counter2(Counter):
        kept = ("batches", "more")
        more = 1

    Counter2.__name__ = "Counter"
    with pytest.raises(ValueError, match="the state of Counter is one of batches, more; the saved one has batches"):
        make(Counter2()).load(tmp_path / "run.npz")


def test_functions_by_name():
    seen = []
    hooks = {"on_epoch_end": lambda epoch, logs: seen.append(epoch), "on_train_end": lambda logs: seen.append("end")}
    make(LambdaCallback(**hooks), epochs=2).train()
    assert seen == [0, 1, "end"]
    with pytest.raises(TypeError, match=r"there is no hook 'on_epoch_ends'; did you mean 'on_epoch_end'\?"):
        LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match=r"on_epoch_end is a function; got 3"):
        LambdaCallback(on_epoch_end=3)


def test_what_is_no_callback_is_refused():
    with pytest.raises(TypeError, match=r"callbacks are instances of train.Callback; got <class.*: write Counter\(\)"):
        make(Counter)
    with pytest.raises(TypeError, match=r"callbacks are instances of train.Callback; got <built-in function print>"):
        make(print)


# -- names of hooks ----------------------------------------------------------------------------
def test_a_misspelled_hook_is_refused():
    class Slip(Callback):
        def on_epoch_ends(self, epoch, logs): ...

    class Own(Callback):
        def on_fire(self): ...

    message = "there is no hook 'on_epoch_ends' of Slip; did you mean 'on_epoch_end'?"
    assert refused(lambda: make(Slip()), TypeError) == message
    assert refused(lambda: predict(nn.Linear(2, 1), X, callbacks=[Slip()]), TypeError) == message
    message = "there is no hook 'on_fire' of Own"
    assert refused(lambda: make(Own()), TypeError).startswith(message)


# -- a training within a hook ------------------------------------------------------------------
@pytest.mark.parametrize("hook", [name for name in HOOKS if "_test_" in name or "_predict_" in name])
def test_another_model_is_trained_within_every_hook(hook):
    losses = []

    def train(*_):
        losses.append(make(model=nn.Linear(2, 1)).train()["loss"])

    callback = LambdaCallback(**{hook: train})
    model = nn.Linear(2, 1)
    evaluate(model, (X, Y), loss="mse", callbacks=[callback])
    predict(model, X, callbacks=[callback])
    assert losses
