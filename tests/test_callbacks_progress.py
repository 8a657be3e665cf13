"""ProgbarLogger: where it shows something, what, and how often."""

import io

import pytest
from callback_runs import Raise, SaveAt, X, Y, make
from rich.console import Console

from tinygrad_opt import nn
from tinygrad_opt.train import Callback, GradientNorms, ProgbarLogger, StreamLoader, fit
from tinygrad_opt.train.callbacks import progress


def recorded(**settings):
    return Console(file=io.StringIO(), width=120, record=True, **settings)


class Log(Callback):
    """Logs more than a line has room for."""

    def on_epoch_end(self, epoch, logs):
        logs |= {f"a_metric_with_a_name_{i}": 1 / 3 for i in range(4)}


def lines(console):
    return [line.rstrip() for line in console.export_text().splitlines() if line.strip()]


def test_silent_where_nobody_looks(capsys):
    console = recorded()
    make(ProgbarLogger(console=console), epochs=2).train()
    make(ProgbarLogger(), epochs=2).train()
    assert console.file.getvalue() == ""
    assert capsys.readouterr().out == ""


def test_forced_it_writes_a_line_an_epoch():
    console = recorded()
    history = make(GradientNorms(), ProgbarLogger(force=True, console=console), epochs=3, validation=True).train()
    shown = lines(console)
    assert len(shown) == 3
    for epoch, line in enumerate(shown):
        assert line.startswith(f"epoch {epoch + 1}/3 ")
        assert " 3/3 0:00:00 " in line
        assert line.endswith(
            "  ".join(f"{name} {history[name][epoch]:.4g}" for name in ("loss", "gradient_norm", "val_loss"))
        )


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_terminal_shows_how_far_it_is_and_cuts_the_numbers(width):
    console = Console(file=io.StringIO(), width=width, record=True)
    make(Log(), ProgbarLogger(force=True, console=console), epochs=1, validation=True).train()
    (line,) = lines(console)
    assert line.startswith("epoch 1/1 ")
    assert " 3/3 0:00:00 loss" in line
    assert line.endswith("…")


def test_a_stream_without_a_length_ends_complete():
    console = recorded()
    fit(
        nn.Linear(2, 1),
        StreamLoader(lambda: zip(X, Y, strict=True), 2),
        loss="mse",
        callbacks=[ProgbarLogger(force=True, console=console)],
        verbose=False,
    )
    assert " 3/3 " in lines(console)[0]


def test_an_epoch_that_is_interrupted_stays_as_far_as_it_came():
    console = recorded()
    make(ProgbarLogger(force=True, console=console), Raise(KeyboardInterrupt(), 0, 1), epochs=2).train()
    (line,) = lines(console)
    assert " 2/3 " in line
    assert "loss " in line


def test_force_writes_to_standard_output(capsys):
    make(ProgbarLogger(force=True), epochs=1).train()
    assert "epoch 1/1" in capsys.readouterr().out


@pytest.mark.parametrize("settings", [{"force_terminal": True}, {"force_jupyter": False, "force_terminal": True}])
def test_a_terminal_gets_it_without_force(settings):
    console = recorded(**settings)
    make(ProgbarLogger(console=console), epochs=40).train()
    shown = lines(console)
    assert [f"epoch {epoch}/40" in console.file.getvalue() for epoch in (1, 40)] == [True, True]
    assert sum("epoch 40/40" in line for line in shown) >= 1
    assert "\x1b[?25h" in console.file.getvalue()  # the cursor is shown again


def test_a_notebook_gets_it_without_force(monkeypatch):
    opened = []
    monkeypatch.setattr(ProgbarLogger, "open", lambda self, console: opened.append(console))
    console = recorded(force_jupyter=True)
    make(ProgbarLogger(console=console)).train()
    assert opened[0] is console


def test_the_cursor_comes_back_after_an_error():
    console = recorded(force_terminal=True)
    with pytest.raises(OSError, match="power"):
        make(ProgbarLogger(console=console), Raise(OSError("power"), 0, 1)).train()
    text = console.file.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_updates_are_limited_in_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    shown = []
    monkeypatch.setattr(ProgbarLogger, "show", lambda self, bar, logs: shown.append(self.batches))
    bar = ProgbarLogger(force=True, console=recorded())

    class Clock(progress.Callback):
        def on_train_batch_begin(self, batch, logs):
            now[0] += 0.06

    make(Clock(), bar, epochs=1, batch_size=1).train()  # six batches of 0.06 s
    assert shown == [3, 5, 6]


def test_a_run_that_goes_on_in_the_middle_of_an_epoch_counts_on(tmp_path):
    make(SaveAt(tmp_path / "run.npz", 1, 2), epochs=2).train()
    console = recorded(force_terminal=True)
    run = make(ProgbarLogger(console=console), epochs=2)
    run.load(tmp_path / "run.npz")
    history = run.train()
    line = lines(console)[-1]
    text = console.file.getvalue()
    assert 0 < text.index("2/3") < text.index("3/3")
    assert line.startswith("epoch 2/2 ")
    assert " 3/3 " in line
    assert line.endswith(f"loss {history['loss'][1]:.4g}")


def test_an_epoch_of_which_only_the_end_remains_is_silent(tmp_path):
    make(SaveAt(tmp_path / "run.npz", 1, 3), epochs=2).train()
    console = recorded()
    run = make(ProgbarLogger(force=True, console=console), epochs=2)
    run.load(tmp_path / "run.npz")
    assert run.train().epochs == 2
    assert lines(console) == []
