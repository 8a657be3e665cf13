"""CSVLogger, RemoteMonitor and TensorBoard: real files, a real server."""

import http.server
import importlib
import json
import math
import sys
import threading
import urllib.parse

import numpy as np
import pytest
from callback_runs import Raise, SaveAt, Script, X, Y, make

from tinygrad_opt.train import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    RemoteMonitor,
    TensorBoard,
    TerminateOnNaN,
    evaluate,
)


# -- CSVLogger ---------------------------------------------------------------------------------
def test_the_table(tmp_path):
    path = tmp_path / "logs" / "log.csv"
    history = make(Script(b=[1.5, None, 0.1], a=[2, 3, math.nan], late=[None, 7, 7]), CSVLogger(path), epochs=3).train()
    loss = history["loss"]
    assert path.read_text() == f"epoch,a,b,loss\n0,2,1.5,{loss[0]}\n1,3,NA,{loss[1]}\n2,nan,0.1,{loss[2]}\n"


def test_pandas_reads_it(tmp_path):
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "log.csv"
    history = make(CSVLogger(path, separator=";"), epochs=3, validation=True).train()
    table = pandas.read_csv(path, sep=";")
    assert list(table.columns) == ["epoch", "loss", "val_loss"]
    assert table["val_loss"].tolist() == pytest.approx(history["val_loss"], rel=1e-14)
    assert table["epoch"].tolist() == [0, 1, 2]


def test_each_epoch_is_there_at_once(tmp_path):
    path = tmp_path / "log.csv"
    with pytest.raises(OSError, match="power"):
        make(CSVLogger(path), Raise(OSError("power"), epoch=2), epochs=4).train()
    assert len(path.read_text().splitlines()) == 3


def test_a_new_run_begins_a_new_table_and_append_goes_on(tmp_path):
    path = tmp_path / "log.csv"
    for append, lines in ((True, 3), (True, 5), (False, 3), (True, 5)):
        make(CSVLogger(path, append=append), epochs=2).train()
        text = path.read_text().splitlines()
        assert len(text) == lines
        assert text.count("epoch,loss") == 1


def test_a_table_with_other_columns_is_left_alone(tmp_path):
    path = tmp_path / "log.csv"
    make(CSVLogger(path), epochs=1).train()
    before = path.read_text()
    with pytest.raises(
        ValueError, match=r"has the columns epoch, loss; this run logs epoch, loss, val_loss: write to an"
    ):
        make(CSVLogger(path, append=True), validation=True).train()
    assert path.read_text() == before
    with pytest.raises(ValueError, match="separator is one character, no quote or end of line; got ', '"):
        CSVLogger(path, separator=", ")


@pytest.mark.parametrize("place", [(2, 0), (2, 2)])
def test_a_resumed_run_writes_the_table_of_an_uninterrupted_one(tmp_path, place):
    def fresh(name, *more):
        return make(CSVLogger(tmp_path / name), *more, epochs=5)

    fresh("whole/log.csv").train()
    with pytest.raises(OSError, match="power"):  # an epoch after the moment of the file is in the table by then
        fresh("log.csv", SaveAt(tmp_path / "run.npz", *place), Raise(OSError("power"), epoch=4)).train()
    run = fresh("log.csv")
    run.load(tmp_path / "run.npz")
    run.train()
    assert (tmp_path / "log.csv").read_text() == (tmp_path / "whole" / "log.csv").read_text()
    run = fresh("elsewhere/log.csv")
    run.load(tmp_path / "run.npz")
    run.train()
    assert [line.split(",")[0] for line in (tmp_path / "elsewhere" / "log.csv").read_text().splitlines()] == [
        "epoch",
        *"234",
    ]


def test_a_table_gone_on_with_is_gone_on_with_from_the_midst_of_its_first_epoch_too(tmp_path):
    def fresh(*more):
        return make(CSVLogger(tmp_path / "log.csv", append=True), *more, epochs=3)

    make(CSVLogger(tmp_path / "log.csv"), epochs=2).train()
    with pytest.raises(OSError, match="power"):
        fresh(SaveAt(tmp_path / "run.npz", 0, 2), Raise(OSError("power"), 2)).train()
    run = fresh()
    run.load(tmp_path / "run.npz")
    run.train()
    assert [line.split(",")[0] for line in (tmp_path / "log.csv").read_text().splitlines()] == ["epoch", *"01012"]


def test_a_table_whose_last_line_has_no_end_gets_one(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\n0,0.5")
    loss = make(CSVLogger(path, append=True)).train()["loss"][0]
    assert path.read_text() == f"epoch,loss\n0,0.5\n0,{loss}\n"


@pytest.mark.parametrize("separator", ["\n", "\r", '"', "", 5])
def test_what_separates_nothing_is_refused(separator):
    with pytest.raises(ValueError, match="separator is one character, no quote or end of line; got "):
        CSVLogger("log.csv", separator=separator)


# -- RemoteMonitor -----------------------------------------------------------------------------
@pytest.fixture
def server(monkeypatch):
    """A server, and what it was sent: (path, headers, body)."""
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append((self.path, dict(self.headers), body))
            self.send_response(500 if self.path == "/broken" else 200)
            self.end_headers()

        def log_message(self, *args):
            pass

    monkeypatch.setenv("no_proxy", "*")
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", received
        listening.shutdown()


def test_a_form_is_posted(server):
    root, received = server
    history = make(Script(acc=[0.5, math.nan]), RemoteMonitor(root), epochs=2).train()
    assert [path for path, _, _ in received] == ["/publish/epoch/end/"] * 2
    first, second = (json.loads(urllib.parse.parse_qs(body)["data"][0]) for _, _, body in received)
    assert first == {"epoch": 0, "loss": history["loss"][0], "acc": 0.5}
    assert second == {"epoch": 1, "loss": history["loss"][1], "acc": None}
    assert received[0][1]["Content-Type"] == "application/x-www-form-urlencoded"


def test_json_is_posted(server):
    root, received = server
    make(RemoteMonitor(root, path="/x", headers={"X-Key": "7"}, send_as_json=True), epochs=1).train()
    path, headers, body = received[0]
    assert (path, headers["Content-Type"], headers["X-Key"]) == ("/x", "application/json", "7")
    assert json.loads(body)["epoch"] == 0


def test_a_failure_is_one_warning(server):
    root, received = server
    with pytest.warns(
        UserWarning, match=r"cannot post to http://127.0.0.1:\d+/broken: HTTP Error 500.*goes on"
    ) as seen:
        assert make(RemoteMonitor(root, path="/broken"), epochs=3).train().epochs == 3
    assert (len(seen), len(received)) == (1, 3)


def test_numbers_of_numpy_are_posted(server):
    root, received = server
    make(Script(acc=[np.float32(0.5)], count=[np.int64(3)]), RemoteMonitor(root, send_as_json=True)).train()
    assert {"acc": 0.5, "count": 3}.items() <= json.loads(received[0][2]).items()


def test_nobody_there_is_one_warning(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with pytest.warns(UserWarning, match="RemoteMonitor cannot post to http://127.0.0.1:9/publish/epoch/end/") as seen:
        assert make(RemoteMonitor("http://127.0.0.1:9"), epochs=3).train().epochs == 3
    assert len(seen) == 1
    with pytest.raises(ValueError, match="root begins with http:// or https://; got 'file:///etc'"):
        RemoteMonitor("file:///etc")


@pytest.mark.parametrize(
    "root",
    ["http://", "http://a..b", "http://[::1", "http://x y", "http://localhost:99999", "http://localhost:abc",
     "http://localhost:0", "http://" + "a" * 70 + ".x", "https://:80", "http://x\n"],
)  # fmt: skip
def test_what_is_no_address_is_refused(root):
    with pytest.raises(ValueError, match="is no address of a server: "):
        RemoteMonitor(root)


@pytest.mark.parametrize(
    "root",
    ["http://localhost:9000", "https://user:pw@a.b/x?y", "http://[::1]:80", "http://é.invalid", "http://1.2.3.4."],
)
def test_addresses_are_taken(root):
    assert RemoteMonitor(root).url == root + "/publish/epoch/end/"


def test_what_cannot_be_posted_is_one_warning(server):
    root, received = server
    logs = Script(array=[np.array([1.0, math.nan])] * 2, thing=[None, object()])
    with pytest.warns(UserWarning, match="cannot post to .*object is not JSON serializable; training goes on"):
        make(logs, RemoteMonitor(root, send_as_json=True), epochs=2).train()
    assert [json.loads(body)["array"] for _, _, body in received] == [[1.0, None]]
    with pytest.warns(UserWarning, match="cannot post to .*ordinal not in range"):
        make(RemoteMonitor(root, path="/é"), epochs=2).train()


# -- TensorBoard -------------------------------------------------------------------------------
@pytest.fixture
def tensorboard():
    pytest.importorskip("tensorboardX")


def read(folder):
    """What TensorBoard's own reader finds: {tag: [(step, value)]}, and the tags of histograms."""
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulators.EventAccumulator(str(folder), {"histograms": 0, "scalars": 0})
    events.Reload()
    tags = events.Tags()
    scalars = {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in tags["scalars"]}
    return scalars, {tag: [e.step for e in events.Histograms(tag)] for tag in tags["histograms"]}


def test_curves_of_epochs(tmp_path, tensorboard):
    rates = LearningRateScheduler(lambda epoch: 0.1)
    history = make(rates, TensorBoard(tmp_path), epochs=3, validation=True).train()
    train, _ = read(tmp_path / "train")
    validation, _ = read(tmp_path / "validation")
    assert set(train) == {"epoch_loss", "epoch_learning_rate"}
    assert set(validation) == {"epoch_loss", "evaluation_loss_vs_iterations"}
    for found, name in ((train, "loss"), (validation, "val_loss")):
        assert found["epoch_loss"] == [(epoch, np.float32(value)) for epoch, value in enumerate(history[name])]
    assert [step for step, _ in validation["evaluation_loss_vs_iterations"]] == [3, 6, 9]


@pytest.mark.parametrize(("freq", "steps"), [("batch", [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6]), ("epoch", None)])
def test_curves_of_batches(tmp_path, tensorboard, freq, steps):
    make(TensorBoard(tmp_path, update_freq=freq, write_steps_per_second=True), epochs=2).train()
    train, histograms = read(tmp_path / "train")
    assert [step for step, _ in train.get("batch_loss", [])] == (steps or [])
    assert all(rate > 0 for _, rate in train["epoch_steps_per_second"])
    assert histograms == {}


def test_histograms(tmp_path, tensorboard):
    make(TensorBoard(tmp_path, histogram_freq=2), epochs=3).train()
    assert read(tmp_path / "train")[1] == {"weight/histogram": [0, 2], "bias/histogram": [0, 2]}


def test_histograms_leave_out_what_is_not_finite_and_the_run_ends_by_itself(tmp_path, tensorboard):
    class Break(Callback):
        def on_train_batch_end(self, batch, logs):
            if batch == 2:
                self.model.weight.data[0, 0] = np.inf
                self.model.bias.data[...] = np.nan

    with np.errstate(all="ignore"):
        history = make(TensorBoard(tmp_path, histogram_freq=1), Break(), TerminateOnNaN(), epochs=3).train()
    assert history.stopped.startswith("the loss is ")
    assert read(tmp_path / "train")[1] == {"weight/histogram": [0]}


def test_files_are_whole_after_an_error_and_go_on_when_resumed(tmp_path, tensorboard):
    def fresh(*more):
        return make(TensorBoard(tmp_path / "logs"), EarlyStopping("loss", patience=9), *more, epochs=4)

    with pytest.raises(OSError, match="power"):
        fresh(SaveAt(tmp_path / "run.npz", 2), Raise(OSError("power"), epoch=2)).train()
    run = fresh()
    run.load(tmp_path / "run.npz")
    run.train()
    assert [step for step, _ in read(tmp_path / "logs" / "train")[0]["epoch_loss"]] == [0, 1, 2, 3]


def test_evaluate_writes_too_and_at_the_last_step_of_training(tmp_path, tensorboard):
    board = TensorBoard(tmp_path)
    run = make(board, epochs=2, validation=True)
    run.train()
    for _ in range(2):
        evaluate(run.model, (X, Y), loss="mse", callbacks=[board])
    fresh = TensorBoard(tmp_path / "fresh")
    logs = evaluate(run.model, (X, Y), loss="mse", callbacks=[fresh])
    assert [step for step, _ in read(tmp_path / "validation")[0]["evaluation_loss_vs_iterations"]] == [3, 6, 6, 6]
    assert read(tmp_path / "fresh" / "validation")[0] == {
        "evaluation_loss_vs_iterations": [(0, np.float32(logs["loss"]))]
    }
    assert board.writers == fresh.writers == {}


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"needs tensorboardX: pip install 'tinygrad_opt\[tensorboard\]'"):
        TensorBoard()
    assert importlib.import_module("tinygrad_opt.train")


def test_an_extra_that_is_broken_is_no_missing_one(monkeypatch, tmp_path):
    (tmp_path / "tensorboardX.py").write_text("import a_module_that_is_not_there")
    monkeypatch.delitem(sys.modules, "tensorboardX", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="cannot be imported here: No module named 'a_module_that_is_not_there'"):
        TensorBoard()


def test_wrong_settings_are_refused(tmp_path, tensorboard):
    with pytest.raises(ValueError, match="update_freq must be 'epoch' or 'batch' or a number of batches; got 'often'"):
        TensorBoard(tmp_path, update_freq="often")
    with pytest.raises(ValueError, match="histogram_freq must be a whole number, at least 0; got -1"):
        TensorBoard(tmp_path, histogram_freq=-1)
