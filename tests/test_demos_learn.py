"""The demos that train networks reach what they promise.

MNIST is looked for beside the project, or where TINYGRAD_OPT_DATA says.
TINYGRAD_OPT_FULL=1 runs the transformer to its end, for minutes.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_opt

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "TINYGRAD_OPT_DATA"} | {
    "PYTHONPATH": str(Path(tinygrad_opt.__file__).parents[1]),
    "PYTHONIOENCODING": "utf-8",
}
MNIST = Path(os.environ.get("TINYGRAD_OPT_DATA", ROOT.parent / "shared" / "data")) / "mnist"


def demo(name, *arguments, cwd=None, timeout=300):
    command = [sys.executable, "-W", "error", str(ROOT / "demos" / name), *arguments]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, encoding="utf-8", cwd=cwd, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_mnist_without_data_says_where_to_get_them(tmp_path):
    printed = demo("mnist.py", cwd=tmp_path)
    assert "There is no folder mnist, and MNIST is not part of this package." in printed
    assert "python demos/mnist.py FOLDER" in printed


@pytest.mark.skipif(not MNIST.is_dir(), reason=f"the files of MNIST are not in {MNIST}")
def test_mnist_is_learned():
    printed = demo("mnist.py", str(MNIST))
    found = {
        name: (float(training), float(test))
        for name, training, test in re.findall(r"^(\S.*?)  +(0\.\d+) +(0\.\d+) +\d", printed, re.MULTILINE)
    }
    assert list(found) == ["as it is", "dropout 0.2", "batch norm"]
    training, test = found["as it is"]
    assert training >= 0.985
    assert test >= 0.955
    assert min(min(accuracies) for accuracies in found.values()) >= 0.95


def test_digits_are_learned_by_both_networks():
    pytest.importorskip("sklearn")
    printed = demo("cnn_on_digits.py")
    found = dict(re.findall(r"^(MLP|CNN): .* test accuracy (0\.\d+)", printed, re.MULTILINE))
    assert float(found["MLP"]) >= 0.97
    assert float(found["CNN"]) >= 0.985


def test_a_shortened_run_of_the_transformer_learns_more_than_how_often_letters_come():
    printed = demo("character_transformer.py", "3", "8")
    assert last_loss(printed) < 2.8
    assert "The Congress" in printed


@pytest.mark.skipif(not os.environ.get("TINYGRAD_OPT_FULL"), reason="it takes minutes: set TINYGRAD_OPT_FULL=1")
def test_the_transformer_writes_for_less_than_its_promise():
    assert last_loss(demo("character_transformer.py", timeout=1200)) < 1.6


def last_loss(printed):
    return float(re.findall(r"^epoch \d+: (\S+) nats", printed, re.MULTILINE)[-1])
