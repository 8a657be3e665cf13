"""The command `tinygrad-opt train`, run as a user runs it."""

import csv
import errno
import gzip
import os
import re
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import numpy as np
import pytest
from fresh_processes import python_path

from tinygrad_opt.cli import main
from tinygrad_opt.cli.train_data import DEFAULTS
from tinygrad_opt.train import Run, files

COMMAND = [sys.executable, "-W", "error", "-m", "tinygrad_opt", "train"]
ENVIRONMENT = os.environ | {"PYTHONPATH": python_path(), "COLUMNS": "120"}
SMALL = ["moons", "--model", "2-8-2", "--dropout", "0.2", "--optimizer", "rmsprop"]


class Done(NamedTuple):
    """How a run of the command ended."""

    status: int
    printed: str
    errors: str


@pytest.fixture
def train(tmp_path, monkeypatch, capsys):
    """The command within this process, in a folder of the test."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        try:
            status = main(["train", *map(str, arguments)])
        except SystemExit as end:  # of argparse
            status = end.code
        return Done(status, *capsys.readouterr())

    return run


def in_its_own_process(*arguments, cwd):
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, encoding="utf-8", cwd=cwd, env=ENVIRONMENT, timeout=60, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


def write_idx(folder, stem, array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    (folder / f"{stem}-idx{array.ndim}-ubyte.gz").write_bytes(gzip.compress(header + array.tobytes()))


def write_mnist(folder, part, n):
    """Images of the form of MNIST's, one class as a bright row: 28 x 28 is told apart at once."""
    labels = np.arange(n) % 10
    images = np.zeros((n, 28, 28), np.uint8)
    images[np.arange(n), labels * 2] = 255
    write_idx(folder, f"{part}-images", images)
    write_idx(folder, f"{part}-labels", labels.astype(np.uint8))


def accuracy(printed, part):
    return float(re.search(rf"^ *{part} +\S+ +(\S+)", printed, re.MULTILINE)[1])


# -- what it does --------------------------------------------------------------------------------
def test_moons_are_learned_with_nothing_but_their_name(tmp_path):
    done = in_its_own_process("moons", cwd=tmp_path)
    assert (done.status, done.errors) == (0, "")
    assert accuracy(done.printed, "training") > 0.95
    assert accuracy(done.printed, "validation") > 0.95
    assert "354 parameters, 50 epochs, " in done.printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["lbfgs", "BFGS"])
def test_an_optimizer_that_compares_losses_gets_all_samples_at_once(train, name):
    done = train("moons", "--optimizer", name)  # with fixed steps, LBFGS ends at a loss of 5e12 here
    assert (done.status, done.errors) == (0, "")
    assert f"{name}; one batch of 800\n" in done.printed
    assert accuracy(done.printed, "training") > 0.95


def test_where_nobody_looks_nothing_moves(train, tmp_path):
    printed = in_its_own_process(*SMALL, "--epochs", "2", cwd=tmp_path).printed
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x1b]", printed)
    assert "epoch 1/2" not in printed
    quiet = train(*SMALL, "--epochs", "2", "--quiet").printed
    assert printed.splitlines()[2:-1] == quiet.splitlines()[:-1]  # the last one has the time


def test_one_seed_makes_one_result(train, tmp_path):
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert train(*SMALL, "--epochs", "2", "--seed", seed, "--out", out).status == 0
    a, b, c = ((tmp_path / out / "history.csv").read_text(encoding="utf-8") for out in "abc")
    assert a == b != c


def test_history_checkpoint_and_curves_are_written(train, tmp_path):
    done = train(*SMALL, "--epochs", "3", "--batch-norm", "--out", "new/run", "--plots")
    assert (done.status, done.errors) == (0, "")
    folder = tmp_path / "new" / "run"
    assert sorted(file.name for file in folder.iterdir()) == [
        "checkpoint.npz",
        "curves.svg",
        "history.csv",
        "weights.npz",
    ]
    rows = table(folder)
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert list(rows[0]) == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    held = files.load(folder / "checkpoint.npz")
    assert held["model"]["1.running_mean"].dtype == held["model"]["0.weight"].dtype == np.float32
    assert "training" in (folder / "curves.svg").read_text(encoding="utf-8")


def table(folder):
    with (folder / "history.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("out", ["run", "another"])
def test_a_run_that_is_resumed_ends_as_one_that_never_stopped(train, tmp_path, dtype, out):
    same = [*SMALL, "--dtype", dtype]
    assert train(*same, "--epochs", "2", "--out", "run").status == 0
    done = train(*same, "--epochs", "4", "--out", out, "--resume", "run/checkpoint.npz")
    assert (done.status, done.errors) == (0, "")
    assert train(*same, "--epochs", "4", "--out", "whole").status == 0
    assert_same_run(tmp_path / out, tmp_path / "whole")
    done = train(*same, "--epochs", "6", "--resume", f"{out}/checkpoint.npz")
    assert (done.status, done.errors) == (0, "")
    assert "files:" not in done.printed


def assert_same_run(folder, other):
    assert (folder / "history.csv").read_text() == (other / "history.csv").read_text()
    mine, theirs = (files.load(place / "checkpoint.npz") for place in (folder, other))
    assert mine["epoch"] == theirs["epoch"]
    np.testing.assert_equal(mine["model"], theirs["model"])
    np.testing.assert_equal(mine["optimizer"], theirs["optimizer"])
    np.testing.assert_equal(mine["generators"], theirs["generators"])


def test_early_stopping_ends_a_run_and_restores_the_best_weights(train, tmp_path):
    done = train(*SMALL, "--epochs", "500", "--lr", "0.05", "--early-stopping", "3", "--out", "run")
    assert (done.status, done.errors) == (0, "")
    stopped = re.search(r"stopped: val_loss has not improved for 3 epochs: best (\S+) in epoch (\d+)", done.printed)
    losses = [float(row["val_loss"]) for row in table(tmp_path / "run")]
    assert len(losses) == int(stopped[2]) + 3
    best = re.search(r"^ *validation +(\S+)", done.printed, re.MULTILINE)[1]
    assert float(best) == pytest.approx(min(losses), abs=1e-4)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_a_run_that_can_go_on(train, tmp_path):
    long = [*COMMAND, *SMALL, "--epochs", "100000", "--out", "run"]
    process = subprocess.Popen(
        long, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    checkpoint = tmp_path / "run" / "checkpoint.npz"
    until(checkpoint.exists)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "")
    assert accuracy(printed, "training") > 0.3
    epoch = files.load(checkpoint)["epoch"]
    assert f"interrupted in epoch {epoch + 1} of 100000\n" in printed
    assert len(table(tmp_path / "run")) == epoch
    expected = files.load(tmp_path / "run" / "weights.npz")
    np.testing.assert_equal(expected, files.load(checkpoint)["model"])
    more = str(epoch + 2)
    assert train(*SMALL, "--epochs", more, "--out", "run", "--resume", checkpoint).status == 0
    assert train(*SMALL, "--epochs", more, "--out", "whole").status == 0
    assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_a_disk_that_is_full_is_told_and_ctrl_c_is_what_it_was(train, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Run, "save", full)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done = train(*SMALL, "--epochs", "2", "--out", "run")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert (done.status, done.errors) == (2, "tinygrad-opt: [Errno 28] No space left on device\n")


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_in_a_terminal_the_bar_shows():
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    environment = ENVIRONMENT | {"TERM": "xterm-256color"}
    process = subprocess.Popen([*COMMAND, *SMALL, "--epochs", "2"], stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    printed = b""
    while chunk := read(ours):
        printed += chunk
    os.close(ours)
    assert process.wait(timeout=30) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", printed.decode())
    assert re.search(r"epoch 2/2 +━+ +25/25 +\d:\d\d:\d\d +loss 0\.\d+ +accuracy", text)
    assert accuracy(text, "training") > 0.5


def read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux: the other end is closed
        return b""


# -- MNIST ---------------------------------------------------------------------------------------
def test_mnist_is_read_from_a_folder(train, tmp_path):
    write_mnist(tmp_path, "train", 60)
    write_mnist(tmp_path, "t10k", 20)
    done = train("mnist", "--data", tmp_path, "--model", "784-16-10", "--lr", "0.01", "--batch-size", "16")
    assert (done.status, done.errors) == (0, "")
    assert "samples: 60 for training, 20 for test" in done.printed
    assert accuracy(done.printed, "test") > 0.85


def test_a_folder_of_mnists_test_files_is_divided_and_that_is_said(train, tmp_path):
    write_mnist(tmp_path, "t10k", 50)
    done = train("mnist", "--data", tmp_path, "--model", "784-8-10", "--epochs", "1", "--validation-split", "0.25")
    assert "the test files alone: the first 40 images are for training, the last 10 for tests" in done.printed
    assert "samples: 30 for training, 10 for validation, 10 for test" in done.printed


def test_compiled_it_prints_the_same(train):
    options = (*SMALL, "--batch-norm", "--epochs", "2", "--quiet")
    printed = [train(*options, *more).printed.splitlines()[:-1] for more in ((), ("--compile",))]
    assert printed[0] == printed[1] != []


# -- what it refuses -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["moonz"], "there is no dataset 'moonz': did you mean 'moons'?"),
        (["diabetes"], "diabetes are numbers to predict; this command trains on classes: moons, circles,"),
        (["moons", "--optimizer", "adamm"], "there is no optimizer 'adamm': did you mean 'Adam'?"),
        (["moons", "--activation", "rellu"], "there is no activation 'rellu': did you mean 'relu'?"),
        (["moons", "--model", "2-x-2"], "--model is the sizes of all layers, such as 2-32-2; got '2-x-2'"),
        (["moons", "--model", "2"], "--model is the sizes of all layers, such as 2-32-2; got '2'"),
        (
            ["moons", "--model", "3-8-4"],
            "moons has 2 inputs and 2 classes; --model 3-8-4 has 3 and 4: write 2-8-2",
        ),
        (["moons", "--model", "2-99999999999-99999999-2"], "does not fit into memory"),
        (
            ["moons", "--model", "2-9999999999-2"],
            "does not fit into memory: it has 49,999,999,997 parameters, its training takes 21,280 GB or more",
        ),
        (
            ["moons", "--optimizer", "lbfgs", "--batch-size", "32"],
            "--optimizer lbfgs compares the losses of its steps, which must be of the same samples: leave out "
            "--batch-size, for one batch of all 800",
        ),
        (["moons", "--dropout", "1.5"], "MLP: dropout must be a number of 0 or more and less than 1"),
        (["moons", "--lr", "-1"], "Adam: lr must not be negative; got -1"),
        (["moons", "--lr", "1e30", "--epochs", "2"], "the training diverged, its loss is nan: try a lower --lr"),
        (["moons", "--epochs", "-1"], "fit: epochs must be a whole number, at least 0; got -1"),
        (["moons", "--batch-size", "0"], "batch_size must be a whole number, at least 1; got 0"),
        (["moons", "--seed", "-1"], "--seed is a whole number, 0 or more; got -1"),
        (["moons", "--validation-split", "1"], "--validation-split is a share of the samples, from 0 to less than 1"),
        (["moons", "--validation-split", "1e-9"], "of 1000 samples gives 1000 and 0; neither may be empty"),
        (["moons", "--early-stopping", "0"], "--early-stopping is a number of epochs, 1 or more; got 0"),
        (["xor", "--early-stopping", "3"], "--early-stopping looks at the validation loss: give --validation-split"),
        (["moons", "--activation", "sparsemax", "--compile"], "--compile: this model and its loss, f, cannot be made"),
        (["moons", "--plots"], "--plots draws into a folder: give --out FOLDER"),
        (["moons", "--out", "file"], "--out file cannot be made: File exists"),
        (["moons", "--out", "file/run"], "--out file/run cannot be made: Not a directory"),
        (["moons", "--resume", "nothing.npz"], "No such file or directory: 'nothing.npz'"),
        (["moons", "--resume", "text.npz"], "cannot load text.npz: it is no .npz file: it begins with b'text'"),
        (["moons", "--data", "."], "--data is the folder of mnist; moons needs none"),
        (["mnist"], "mnist needs --data FOLDER, where its files are: train-images-idx3-ubyte.gz"),
        (["mnist", "--data", "nowhere"], "nowhere: expected one of t10k-images-idx3-ubyte"),
        (["mnist", "--data", "damaged"], "t10k-images-idx3-ubyte.gz is damaged: expected gzip data; seen 60 bytes"),
        (["mnist", "--data", "damaged", "--early-stopping", "-2"], "--early-stopping is a number of epochs"),
    ],
)
def test_bad_input_is_one_line_and_status_2(train, tmp_path, arguments, message):
    (tmp_path / "file").write_text("text", encoding="utf-8")
    (tmp_path / "text.npz").write_text("text", encoding="utf-8")
    (tmp_path / "damaged").mkdir()
    write_mnist(tmp_path / "damaged", "t10k", 30)
    images = tmp_path / "damaged" / "t10k-images-idx3-ubyte.gz"
    images.write_bytes(images.read_bytes()[:60])
    status, _, told = train(*arguments)
    assert status == 2
    assert message in told
    assert told.startswith("tinygrad-opt: ")
    assert told.count("\n") == 1


def test_what_differs_from_the_saved_run_is_named_and_another_run_is_not_lost(train, tmp_path):
    assert train(*SMALL, "--epochs", "1", "--out", "run").status == 0
    before = (tmp_path / "run" / "checkpoint.npz").read_bytes()
    on = ["--resume", "run/checkpoint.npz"]
    for arguments, message in (
        ([*SMALL, "--epochs", "2", *on, "--seed", "3", "--lr", "0.5"], "the saved run had --lr None, --seed 0"),
        (
            [*SMALL, "--epochs", "1", *on],
            "run/checkpoint.npz is at the end of epoch 1: give more --epochs than 1 to go on",
        ),
        ([*SMALL, "--epochs", "2", *on, "--batch-size", "7"], "the saved run had batch_size 32"),
        ([*SMALL, "--epochs", "1", "--out", "run"], "is there from another run: give another --out, or go on with"),
    ):
        done = train(*arguments)
        assert done.status == 2
        assert message in done.errors
        assert done.errors.count("\n") == 1
    assert (tmp_path / "run" / "checkpoint.npz").read_bytes() == before


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [("sklearn.datasets", ["digits"], "demos"), ("matplotlib.figure", ["moons", "--out", "run", "--plots"], "plots")],
)
def test_what_is_not_installed_is_named(train, tmp_path, monkeypatch, module, arguments, extra):
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not there
    done = train(*arguments)
    assert done.status == 2
    assert f"pip install 'tinygrad_opt[{extra}]'" in done.errors
    assert done.errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_words_that_no_command_takes_are_refused(train):
    done = train("moons", "circles")
    assert done.status == 2
    assert "unrecognized arguments: circles" in done.errors


def test_the_help_lists_all_data(train):
    _, printed, _ = train("--help")
    listed = re.search(r"^data:\n(.*?)\n\n", printed, re.MULTILINE | re.DOTALL)[1]
    assert [name for line in listed.splitlines() for name in line.split("  ")[1].split(", ")] == list(DEFAULTS)
