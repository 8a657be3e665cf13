"""ModelCheckpoint and BackupAndRestore: real files, and runs that go on bit for bit."""

import math
import os
import shutil
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest
from callback_runs import Raise, SaveAt, Script, make, weights

from tinygrad_opt import nn, optim
from tinygrad_opt.train import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TensorBoard,
    TerminateOnNaN,
    fit,
    load_weights,
)

nan = math.nan


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# -- ModelCheckpoint ---------------------------------------------------------------------------
def test_names_are_filled_in(tmp_path):
    path = tmp_path / "runs" / "{epoch:02d}-{val_loss:.2f}.npz"
    make(Script(val_loss=[0.5, 0.251]), ModelCheckpoint(path, save_weights_only=True), epochs=2).train()
    assert files_in(tmp_path) == ["01-0.50.npz", "02-0.25.npz"]


# settings, what is monitored, the epochs that are saved, from 1
TABLE = {
    "all": ({}, [3, 2, 4], [1, 2, 3]),
    "the best": ({"save_best_only": True}, [3, 2, 2, 4, 1], [1, 2, 5]),
    "max": ({"save_best_only": True, "mode": "max"}, [3, 2, 4], [1, 3]),
    "first value nan": ({"save_best_only": True}, [nan, 2, 1], [2, 3]),
    "threshold": ({"save_best_only": True, "initial_value_threshold": 2}, [3, 2, 1], [3]),
    "an epoch without": ({"save_best_only": True}, [3, None, 1], [1, 3]),
}


@pytest.mark.parametrize(("settings", "values", "saved"), TABLE.values(), ids=TABLE)
def test_saves_when_it_should(tmp_path, settings, values, saved):
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}.npz", **settings)
    make(Script(val_loss=values), checkpoint, epochs=len(values)).train()
    assert files_in(tmp_path) == [f"{epoch}.npz" for epoch in saved]


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_weights_are_those_of_the_best_epoch(tmp_path, ending):
    if ending == "safetensors":
        pytest.importorskip("safetensors")
    path = tmp_path / f"best.{ending}"
    best = ModelCheckpoint(path, save_best_only=True, save_weights_only=True)
    run = make(Script(val_loss=[2, 1, 3]), EarlyStopping(patience=9), best, epochs=3)
    run.train()
    model = nn.Linear(2, 1)
    load_weights(path, model)
    assert {name: array.tolist() for name, array in model.state_dict().items()} == weights(run)


def test_whole_runs_go_on_bit_for_bit(tmp_path):
    def fresh(*more):
        return make(*more, epochs=4, optimizer=optim.get("adam", lr=0.1))

    whole = fresh()
    whole.train()
    fresh(ModelCheckpoint(tmp_path / "{epoch}-{batch}.npz", save_freq=4)).train()
    assert files_in(tmp_path) == ["2-1.npz", "3-2.npz", "4-3.npz"]
    for name in ["2-1.npz", "3-2.npz", "4-3.npz"]:
        run = fresh(ModelCheckpoint(tmp_path / "again" / "{epoch}-{batch}.npz", save_freq=4))
        run.load(tmp_path / name)
        assert run.train().history == whole.history.history
        assert weights(run) == weights(whole)


def test_a_resumed_run_saves_at_the_same_moments(tmp_path):
    values = [3, 2, 4, 1.5, 2, 1]

    def fresh(folder, *more):
        best = ModelCheckpoint(folder / "best-{epoch}.npz", save_best_only=True)
        often = ModelCheckpoint(folder / "{epoch}-{batch}.npz", save_freq=4)
        return make(Script(val_loss=values), best, often, *more, epochs=6)

    fresh(tmp_path / "whole").train()
    fresh(tmp_path / "first", SaveAt(tmp_path / "run.npz", epoch=2, batch=1)).train()
    run = fresh(tmp_path / "second")
    run.load(tmp_path / "run.npz")
    run.train()
    saved = ["3-2.npz", "4-3.npz", "6-1.npz", "best-4.npz", "best-6.npz"]
    assert files_in(tmp_path / "second") == [name for name in files_in(tmp_path / "whole") if name in saved] == saved


def test_another_run_counts_its_batches_from_the_beginning(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "run.npz", save_freq=4)
    make(checkpoint).train()
    make(checkpoint).train()
    assert files_in(tmp_path) == []


def test_a_resumed_run_may_save_more_often(tmp_path):
    name = "{epoch}-{batch}.npz"
    make(ModelCheckpoint(tmp_path / name, save_freq=99), SaveAt(tmp_path / "run.npz", 1, 2), epochs=2).train()
    run = make(ModelCheckpoint(tmp_path / name, save_freq=2), epochs=2)
    run.load(tmp_path / "run.npz")
    run.train()
    assert files_in(tmp_path) == ["2-3.npz", "run.npz"]


def test_two_that_save_in_one_epoch_know_of_each_other(tmp_path):
    """Each file has the state of all callbacks after the epoch, also of those that save later."""

    def fresh(*more):
        first = ModelCheckpoint(tmp_path / "run.npz")
        best = ModelCheckpoint(tmp_path / "best-{epoch}.npz", save_best_only=True)
        return make(Script(val_loss=[2, 1, 1.5]), first, best, *more, epochs=3)

    with pytest.raises(OSError, match="power"):
        fresh(Raise(OSError("power"), epoch=2)).train()
    best = (tmp_path / "best-2.npz").read_bytes()
    (tmp_path / "best-2.npz").unlink()
    run = fresh()
    run.load(tmp_path / "run.npz")
    run.train()
    assert run.callbacks.all[2].best == 1
    assert files_in(tmp_path) == ["best-1.npz", "best-2.npz", "run.npz"]
    assert (tmp_path / "best-2.npz").read_bytes() == best


def test_what_was_due_when_a_run_was_killed_is_written_when_it_goes_on(tmp_path):
    def fresh(folder, *between):
        best = ModelCheckpoint(folder / "{epoch}" / "best.npz", save_best_only=True)
        return make(
            Script(val_loss=[3, 2, 4]), BackupAndRestore(tmp_path / "backup"), *between, best, EarlyStopping(), epochs=3
        )

    class Kill(Callback):
        def on_save(self):
            if (self.run.epoch, self.run.batch) == (2, 0):
                raise Dead

    fresh(tmp_path / "whole").train()
    with pytest.raises(Dead):
        fresh(tmp_path / "first", Kill()).train()
    fresh(tmp_path / "moved").train()
    assert files_in(tmp_path / "first") == files_in(tmp_path / "moved") == ["best.npz"]
    ours, theirs = (tmp_path / folder / "2" / "best.npz" for folder in ("moved", "whole"))
    assert ours.read_bytes() == theirs.read_bytes()


def test_what_was_due_when_a_run_was_interrupted_is_forgotten_by_the_next(tmp_path):
    savers = [ModelCheckpoint(tmp_path / "{epoch}.npz"), BackupAndRestore(tmp_path / "backup")]

    class CtrlC(Callback):
        def on_epoch_end(self, epoch, logs):
            raise KeyboardInterrupt

    assert make(*savers, CtrlC()).train().interrupted
    with pytest.raises(Dead):
        make(*savers, Raise(Dead(), 0, 1)).train()
    assert files_in(tmp_path) == []


def test_verbose_prints(tmp_path, capsys):
    path = tmp_path / "run.npz"
    make(ModelCheckpoint(path, verbose=1)).train()
    assert capsys.readouterr().out == f"Saved {path}.\n"


def test_what_cannot_be_saved_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a file is .npz or .safetensors, as its name ends; got 'model.keras'"):
        ModelCheckpoint("model.keras")
    for freq in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match=r"save_freq must be a whole number, at least 1; got "):
            ModelCheckpoint("run.npz", save_freq=freq)
    with pytest.raises(ValueError, match=r"save_freq must be 'epoch' or a number of batches; got 'batch'"):
        ModelCheckpoint("run.npz", save_freq="batch")
    with pytest.raises(ValueError, match="save_best_only must be True or False; got 'no'"):
        ModelCheckpoint("run.npz", save_best_only="no")
    with pytest.raises(ValueError, match="mode must be one of auto, min, max; got 'minimum'; did you mean 'min'"):
        ModelCheckpoint("run.npz", mode="minimum")
    with pytest.raises(ValueError, match=r"'\{epoch.npz' cannot be filled in: expected '}' before end of string"):
        ModelCheckpoint("{epoch.npz")
    with pytest.raises(ValueError, match=r"has a \{batch\}, and each epoch is saved when its batches are over: leave"):
        ModelCheckpoint("{epoch}-{batch:03d}.npz")
    with pytest.raises(ValueError, match="watches 'val_loss', which is not logged; there are loss"):
        make(ModelCheckpoint(tmp_path / "run.npz", save_best_only=True)).train()
    with pytest.raises(
        ValueError, match=r"cannot be filled in \(KeyError\('val_loss'\)\); there are loss, epoch, batch"
    ):
        make(ModelCheckpoint(tmp_path / "{val_loss}.npz")).train()
    assert files_in(tmp_path) == []


def test_the_best_within_an_epoch_is_of_training_alone(tmp_path):
    with pytest.raises(
        ValueError,
        match="save_freq=2 looks at numbers within an epoch, and 'val_loss' comes at its end: give monitor='loss', or",
    ):
        ModelCheckpoint("run.npz", save_best_only=True, save_freq=2)
    assert ModelCheckpoint("run.npz", save_freq=2).monitor is None
    best = ModelCheckpoint(tmp_path / "{epoch}-{batch}.npz", "loss", save_best_only=True, save_freq=2)
    make(best, epochs=2, validation=True).train()
    assert files_in(tmp_path)[0] == "1-2.npz"


# -- which is which ----------------------------------------------------------------------------
def unfit(path, *callbacks, **settings):
    """What is said of a saved run that goes on with other callbacks, which then are as they were."""
    run = make(*callbacks, epochs=3, validation=True, **settings)
    before = [callback.state_dict() for callback in callbacks]
    with pytest.raises(ValueError, match="it does not fit, and nothing was changed:") as caught:
        run.load(path)
    assert [callback.state_dict() for callback in callbacks] == before
    assert run.fresh
    return str(caught.value).partition("changed:\n  ")[2].split("\n  ")


def two_stoppings():
    return EarlyStopping(patience=2), EarlyStopping("loss", restore_best_weights=False)


PAIRS = {
    "EarlyStopping": (two_stoppings, ["monitor='val_loss', restore_best_weights=True", "monitor='loss', rest"]),
    "ReduceLROnPlateau": (
        lambda: (ReduceLROnPlateau(factor=0.5), ReduceLROnPlateau(min_delta=0)),
        ["min_delta=0.0001, factor=0.5", "min_delta=0.0, factor=0.1"],
    ),
    "ModelCheckpoint": (
        lambda: (ModelCheckpoint("a.npz", save_best_only=True, save_freq=99, monitor="loss"), ModelCheckpoint("b.npz")),
        ["filepath='a.npz', monitor='loss', mode='min', min_delta=0.0", "filepath='b.npz', monitor=None"],
    ),
    "CSVLogger": (lambda: (CSVLogger("a.csv"), CSVLogger("b.csv")), ["filename='a.csv'", "filename='b.csv'"]),
}


@pytest.mark.parametrize(("pair", "told"), PAIRS.values(), ids=PAIRS)
def test_two_of_a_class_that_change_places_are_refused(tmp_path, monkeypatch, pair, told):
    monkeypatch.chdir(tmp_path)
    make(*pair(), SaveAt("run.npz", 1), epochs=3, validation=True).train()
    first, second = pair()
    said = unfit("run.npz", second, first)
    kind = type(first).__name__
    for i, line in enumerate(said):
        assert line.startswith(f"{kind} {i + 1}: the saved one had {told[i]}")
        assert f"; this one has {told[1 - i]}" in line
        assert line.endswith(": give the callbacks of the saved run, in their order")
    assert len(said) == 2


def test_what_may_be_changed_when_a_run_goes_on(tmp_path):
    def trained(folder, patience, *more):
        stopping, plateau = EarlyStopping(patience=patience), ReduceLROnPlateau(patience=patience, min_lr=1e-9)
        saver = ModelCheckpoint(tmp_path / folder / "run.npz", save_freq=patience)
        return make(stopping, plateau, saver, *more, epochs=3, validation=True)

    trained("first", 2, SaveAt(tmp_path / "run.npz", 1)).train()
    run = trained("second", 9)
    run.load(tmp_path / "run.npz")
    assert run.callbacks.all[0].best is not None


def test_one_more_or_another_is_told_with_the_callbacks_of_the_user_alone(tmp_path):
    path = tmp_path / "run.npz"
    make(SaveAt(path, 1), EarlyStopping(), epochs=3, validation=True).train()
    advice = ": give those of the saved run, in their order"
    assert unfit(path, *two_stoppings()) == [
        "callbacks: the file has EarlyStopping; given were EarlyStopping, EarlyStopping" + advice
    ]
    assert unfit(path) == ["callbacks: the file has EarlyStopping; given were none" + advice]
    assert unfit(path, EarlyStopping("loss"), batch_size=3) == [
        "EarlyStopping: the saved one had monitor='val_loss'; this one has monitor='loss': "
        "give the callbacks of the saved run, in their order",
        "loader: DataLoader: the saved run had batch_size 2; this loader has 3",
    ]


# -- what cannot be written --------------------------------------------------------------------
class Before(Callback):
    """Calls a function before an epoch."""

    def __init__(self, epoch, call):
        self.epoch, self.call = epoch, call

    def on_epoch_begin(self, epoch, logs):
        if epoch == self.epoch:
            self.call()


SAVERS = {
    "the run": lambda folder: ModelCheckpoint(folder / "run.npz"),
    "the weights": lambda folder: ModelCheckpoint(folder / "run.npz", save_weights_only=True),
    "a backup": lambda folder: BackupAndRestore(folder),
}
each_saver = pytest.mark.parametrize("saver", SAVERS.values(), ids=SAVERS)


def refused_in_epoch_2(saver, folder, call, why):
    """A run that cannot save any more from its second epoch on: what it saved before stands."""
    first = saver(folder)
    first.delete_checkpoint = False
    make(first, epochs=1).train()
    whole = (folder / "run.npz").read_bytes()
    (folder / "run.npz").unlink()
    run = make(saver(folder), Before(1, call), epochs=3)
    with pytest.raises(OSError, match=rf"cannot save .*run\.npz: {why}; the file from before stands unchanged"):
        run.train()
    assert (folder / "run.npz").read_bytes() == whole
    assert files_in(folder) == ["run.npz"]
    assert run.epoch == 2


@each_saver
def test_a_disk_that_takes_no_more(tmp_path, saver):
    """The system refuses to let any file grow beyond 100 bytes, in the midst of writing."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        refused_in_epoch_2(
            saver, tmp_path, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard)), "File too large"
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def locked():
    """A folder, and a call from which on nothing can be written there: for root, by being nobody until the end."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    is_root = os.geteuid() == 0
    yield folder, (lambda: os.seteuid(65534)) if is_root else (lambda: folder.chmod(0o555))
    if is_root:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


@each_saver
def test_a_folder_that_cannot_be_written(locked, saver):
    refused_in_epoch_2(saver, *locked, "Permission denied")


WRITERS = SAVERS | {
    "a table": lambda folder: CSVLogger(folder / "log.csv"),
    "events": lambda folder: TensorBoard(folder),
    "epochs": lambda folder: ModelCheckpoint(folder / "{epoch}" / "run.npz"),
}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_trained(locked, writer, is_there):
    if writer is WRITERS["events"]:
        pytest.importorskip("tensorboardX")
    folder, lock = locked
    run = make(writer(folder if is_there else folder / "runs" / "new"))
    before = weights(run)
    lock()
    with pytest.raises(PermissionError, match=f"{type(run.callbacks.all[0]).__name__} cannot write in .*{folder}: P"):
        run.train()
    assert weights(run) == before
    assert files_in(folder) == []


def test_a_table_that_cannot_be_written(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"CSVLogger cannot write .*: Is a directory"):
        make(CSVLogger(tmp_path)).train()
    (tmp_path / "notes").touch()
    with pytest.raises(NotADirectoryError, match=r"cannot write in the folder .*notes: Not a directory"):
        make(ModelCheckpoint(tmp_path / "notes" / "run.npz")).train()


def test_a_folder_that_cannot_be_made(locked):
    folder, lock = locked
    with pytest.raises(PermissionError, match=r"Permission denied: '.*new'"):
        make(ModelCheckpoint(folder / "new" / "run.npz"), Before(0, lock)).train()


def test_with_two_backups_the_one_before_stands(tmp_path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    full = Before(3, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard)))
    whole = program(tmp_path / "whole")
    whole.train()
    try:
        with pytest.raises(OSError, match="File too large"):
            program(tmp_path, full, double_checkpoint=True).train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files_in(tmp_path) == ["run-before.npz"]
    run = program(tmp_path, double_checkpoint=True)
    run.train()
    assert weights(run) == weights(whole)


# -- BackupAndRestore --------------------------------------------------------------------------
class Dead(BaseException):
    """As if the power went."""


def program(folder, *more, freq="epoch", values=(3, 2, 2.5, 2.4, 2.3, 2.2), **settings):
    """A training program with dropout, Adam, a plateau and early stopping, which backs itself up."""
    rng = np.random.default_rng(5)
    model = nn.Sequential(
        nn.Linear(2, 8, rng=rng), nn.Dropout(0.5, rng=rng), nn.BatchNorm1d(8), nn.Linear(8, 1, rng=rng)
    )
    return make(
        Script(val_loss=values),
        ReduceLROnPlateau(factor=0.5, patience=1),
        BackupAndRestore(folder, freq, **settings),
        EarlyStopping(patience=4),
        *more,
        epochs=6,
        model=model,
        optimizer=optim.get("adam", lr=0.05),
    )


@pytest.mark.parametrize("freq", ["epoch", 1, 2, 5])
@pytest.mark.parametrize("place", [(1, 0), (2, 1), (3, 2)])
def test_after_a_crash_it_goes_on_bit_for_bit(tmp_path, freq, place):
    whole = program(tmp_path / "whole", freq=freq)
    whole.train()
    with pytest.raises(Dead):
        program(tmp_path / "backup", Raise(Dead(), *place), freq=freq).train()
    run = program(tmp_path / "backup", freq=freq)
    history = run.train()
    assert history.history == whole.history.history
    assert history.stopped == whole.history.stopped
    assert weights(run) == weights(whole)
    assert not (tmp_path / "backup").exists()


def test_several_crashes(tmp_path):
    whole = program(tmp_path / "whole")
    whole.train()
    for place in ((0, 1), (1, 2), (4, 1)):
        with pytest.raises(Dead):
            program(tmp_path / "backup", Raise(Dead(), *place), freq=1).train()
    run = program(tmp_path / "backup", freq=1)
    run.train()
    assert weights(run) == weights(whole)


def test_ctrl_c_keeps_the_backup_and_a_finished_run_removes_it(tmp_path):
    folder = tmp_path / "backup"
    program(folder, Raise(KeyboardInterrupt(), 2)).train()
    assert files_in(tmp_path) == ["run.npz"]
    assert program(folder).train().epochs == 6
    assert not folder.exists()


@pytest.mark.parametrize("freq", ["epoch", 5])
def test_nothing_is_lost_by_ctrl_c(tmp_path, freq):
    class CtrlC(Callback):
        def on_train_batch_end(self, batch, logs):
            if (self.run.epoch, batch) == (2, 1):
                signal.raise_signal(signal.SIGINT)

    whole = program(tmp_path / "whole", freq=freq)
    whole.train()
    assert program(tmp_path / "backup", CtrlC(), freq=freq).train().interrupted
    run = program(tmp_path / "backup", Begins(), freq=freq)
    assert run.train().history == whole.history.history
    assert run.callbacks.all[-1].places[0] == (2, 2)
    assert weights(run) == weights(whole)


class Begins(Callback):
    """Where each batch stands."""

    def __init__(self):
        self.places = []

    def on_train_batch_begin(self, batch, logs):
        self.places.append((self.run.epoch, batch))


def test_it_may_stay(tmp_path):
    program(tmp_path, delete_checkpoint=False).train()
    assert files_in(tmp_path) == ["run.npz"]
    again = program(tmp_path, delete_checkpoint=False)
    assert again.train().epochs == 6
    assert again.epoch == 6


def test_other_files_in_the_folder_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    program(tmp_path).train()
    assert files_in(tmp_path) == ["notes.txt"]


def test_the_one_before_helps_if_the_last_is_damaged(tmp_path):
    whole = program(tmp_path / "whole")
    whole.train()
    with pytest.raises(Dead):
        program(tmp_path, Raise(Dead(), 3), double_checkpoint=True).train()
    assert files_in(tmp_path) == ["run-before.npz", "run.npz"]
    damage(tmp_path / "run.npz")
    run = program(tmp_path, double_checkpoint=True)
    with pytest.warns(UserWarning, match=r"run.npz: it is damaged or cut off.*; the run goes on from .*run-before.npz"):
        run.train()
    assert weights(run) == weights(whole)
    assert files_in(tmp_path) == []


def test_the_one_before_stays_until_there_is_a_new_one(tmp_path):
    with pytest.raises(Dead):
        program(tmp_path, Raise(Dead(), 3), double_checkpoint=True).train()
    damage(tmp_path / "run.npz")
    before = (tmp_path / "run-before.npz").read_bytes()
    with pytest.warns(UserWarning, match="it is damaged"), pytest.raises(Dead):
        saving_fails(program(tmp_path, double_checkpoint=True)).train()
    assert (tmp_path / "run-before.npz").read_bytes() == before


def saving_fails(run):
    """A run that is ended as it begins to save."""

    def save(path):
        raise Dead

    run.save = save
    return run


def test_a_crash_between_the_two_files_loses_nothing(tmp_path):
    with pytest.raises(Dead):
        program(tmp_path, Raise(Dead(), 3), double_checkpoint=True).train()
    os.replace(tmp_path / "run.npz", tmp_path / "run-before.npz")
    run = program(tmp_path, double_checkpoint=True)
    assert run.train().epochs == 6


def test_a_damaged_backup_is_said(tmp_path):
    with pytest.raises(Dead):
        program(tmp_path, Raise(Dead(), 3)).train()
    damage(tmp_path / "run.npz")
    with pytest.raises(ValueError, match="it is damaged or cut off"):
        program(tmp_path).train()
    assert files_in(tmp_path) == ["run.npz"]


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_backup_of_another_model_is_said(tmp_path):
    with pytest.raises(Dead):
        program(tmp_path, Raise(Dead(), 3)).train()
    with pytest.raises(ValueError, match="it does not fit, and nothing was changed") as caught:
        make(BackupAndRestore(tmp_path), epochs=2).train()
    assert caught.value.__notes__ == [f"To begin anew, remove {tmp_path}."]


def test_callbacks_without_a_state_may_come_and_go(tmp_path):
    """A progress bar, which a terminal has and a log file has not, is no reason to refuse a run."""
    with pytest.raises(Dead):
        program(tmp_path, Raise(Dead(), 3), TerminateOnNaN()).train()
    assert program(tmp_path).train().epochs == 6


def test_a_run_that_is_resumed_by_hand_does_not_look_into_the_folder(tmp_path):
    make(SaveAt(tmp_path / "own.npz", 1), BackupAndRestore(tmp_path / "backup"), epochs=2).train()
    with pytest.raises(Dead):
        make(BackupAndRestore(tmp_path / "backup"), Raise(Dead(), 3), epochs=6).train()
    seen = []

    class Begin(Callback):
        def on_epoch_begin(self, epoch, logs):
            seen.append(epoch)

    run = make(BackupAndRestore(tmp_path / "backup"), Begin(), epochs=6)
    run.load(tmp_path / "own.npz")
    run.train()
    assert seen[0] == 1


def test_with_fit(tmp_path):
    """fit's own generator, its shuffling and its progress bar take part."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))

    def trained(*callbacks, **settings):
        model = nn.Sequential(nn.Linear(3, 8, rng=np.random.default_rng(1)), nn.Dropout(0.3), nn.Linear(8, 1))
        model[2].weight.data[...] = 0.1
        model[2].bias.data[...] = 0.0
        arguments = {"loss": "mse", "optimizer": "adam", "epochs": 4, "batch_size": 8, "seed": 3, **settings}
        history = fit(model, (x, x[:, :1]), callbacks=callbacks, validation_split=0.25, **arguments)
        return history.history, {name: array.tolist() for name, array in model.state_dict().items()}

    whole = trained(verbose=False)
    with pytest.raises(Dead):
        trained(BackupAndRestore(tmp_path, save_freq=3), Raise(Dead(), 2, 2), verbose=False)
    assert trained(BackupAndRestore(tmp_path, save_freq=3)) == whole
