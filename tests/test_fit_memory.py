"""What a run holds in memory: no graph longer than its step, nothing that grows, and no data that are mapped."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from fresh_processes import python_path
from small_fits import CLASSES, LABELS, Watch, X, net

from tinygrad_opt import Value
from tinygrad_opt.train import fit

ROOT = Path(__file__).parent.parent


def values_alive():
    return sum(type(thing) is Value for thing in gc.get_objects())  # isinstance asks lazy objects for their class


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
    environment = os.environ | {"PYTHONPATH": python_path()}
    command = [sys.executable, "-c", LARGE]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    most, size, why = done.stdout.split()
    assert (int(size), why) == (2**31, "enough")
    assert int(most) < 400
