"""The demos that train networks reach what they promise.

MNIST is looked for beside the project, or where TINYGRAD_OPT_DATA says.
TINYGRAD_OPT_FULL=1 runs all networks on MNIST, and the transformer to its end, for minutes.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fresh_processes import python_path

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "TINYGRAD_OPT_DATA"} | {
    "PYTHONPATH": python_path(),
    "PYTHONIOENCODING": "utf-8",
    "OPENBLAS_NUM_THREADS": "1",  # threads that wait for a core which other tests have make it ten times as slow
}
MNIST = Path(os.environ.get("TINYGRAD_OPT_DATA", ROOT.parent / "shared" / "data")) / "mnist"
needs_mnist = pytest.mark.skipif(not MNIST.is_dir(), reason=f"the files of MNIST are not in {MNIST}")
in_full = pytest.mark.skipif(not os.environ.get("TINYGRAD_OPT_FULL"), reason="it takes long: set TINYGRAD_OPT_FULL=1")


def started(name, *arguments, cwd=None, timeout=300):
    command = [sys.executable, "-W", "error", str(ROOT / "demos" / name), *arguments]
    return subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, encoding="utf-8", cwd=cwd, timeout=timeout, check=False
    )


def demo(name, *arguments, **settings):
    done = started(name, *arguments, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_mnist_without_data_says_where_to_get_them(tmp_path):
    done = started("mnist.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no folder mnist, and MNIST is not part of this package." in done.stderr
    assert "python demos/mnist.py FOLDER" in done.stderr


def test_a_network_that_mnist_has_not(tmp_path):
    done = started("mnist.py", str(tmp_path), "plain", "convolution")
    assert done.returncode == 1
    assert done.stderr == "There is no network convolution: there are plain, dropout, batch_norm.\n"


def accuracies(printed):
    """Training and test accuracy of each network."""
    found = re.findall(r"^(\w+) +(0\.\d+) +(0\.\d+) +\d", printed, re.MULTILINE)
    return {name: (float(training), float(test)) for name, training, test in found}


@needs_mnist
def test_mnist_is_learned():
    ((name, (training, test)),) = accuracies(demo("mnist.py", str(MNIST), "plain")).items()
    assert name == "plain"
    assert training >= 0.985
    assert test >= 0.955


@needs_mnist
@in_full
def test_mnist_is_learned_with_dropout_and_batch_norm_too():
    found = accuracies(demo("mnist.py", str(MNIST)))
    assert list(found) == ["plain", "dropout", "batch_norm"]
    assert min(min(pair) for pair in found.values()) >= 0.95


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


@pytest.mark.parametrize("words", [["--help"], ["0"], ["3", "8", "1"]])
def test_the_transformer_says_which_numbers_it_takes(words):
    done = started("character_transformer.py", *words)
    assert done.returncode == 1
    assert "With two numbers, EPOCHS and PART" in done.stderr
    assert "Traceback" not in done.stderr


@in_full
def test_the_transformer_writes_for_less_than_its_promise():
    assert last_loss(demo("character_transformer.py", timeout=1200)) < 1.6


def last_loss(printed):
    return float(re.findall(r"^epoch \d+: (\S+) nats", printed, re.MULTILINE)[-1])
