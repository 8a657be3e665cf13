"""The benchmarks run, and their contestants compute the same numbers.  Nothing here looks at a clock."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fresh_processes import python_path

import tinygrad_opt
from benchmarks import chain, contractions, convolution, networks, scalars, tensor_step, training
from benchmarks.timing import OURS, interleaved

ROOT = Path(__file__).parents[1]


def test_the_command_prints_a_table_and_writes_json(tmp_path):
    found = tmp_path / "found.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "import", "--json", str(found)]
    environment = {"PYTHONPATH": python_path()}
    printed = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True, encoding="utf-8"
    ).stdout
    assert f"tinygrad_opt {tinygrad_opt.__version__}" in printed
    record = json.loads(found.read_text(encoding="utf-8"))
    assert [row["contestant"] for row in record["benchmarks"]["import"]["rows"]] == [OURS, "numpy", "Python alone"]


def test_scalar_contestants_agree():
    pytest.importorskip("micrograd")
    (loss, gradients), (their_loss, their_gradients) = (step() for step in scalars.contestants(points=7).values())
    assert loss == pytest.approx(their_loss, rel=1e-12)
    np.testing.assert_allclose(gradients, their_gradients, rtol=1e-9, atol=1e-12)


def test_tensor_contestants_agree():
    losses = {name: [step() for _ in range(10)] for name, step in tensor_step.contestants().items()}
    for name, curve in losses.items():
        np.testing.assert_allclose(curve, losses[OURS], rtol=1e-9, err_msg=name)
    assert losses[OURS][-1] < losses[OURS][0]


@pytest.mark.parametrize("subscripts", contractions.CASES)
def test_contraction_contestants_agree(subscripts):
    shapes = [tuple(min(n, 8) for n in shape) for shape in contractions.CASES[subscripts]]
    gradients = {name: run() for name, run in contractions.contestants(subscripts, shapes).items()}
    for name, found in gradients.items():
        for own, theirs in zip(gradients[OURS], found, strict=True):
            np.testing.assert_allclose(theirs, own, rtol=1e-10, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("name", convolution.LAYERS)
def test_convolution_contestants_agree(name):
    pytest.importorskip("torch")
    own, theirs = (step() for step in convolution.contestants(name).values())
    for mine, other in zip(own, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5 * np.abs(other).max())


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_network_contestants_agree(name):
    pytest.importorskip("torch")
    own, program, theirs = (step() for step in networks.contestants(name).values())
    assert len(own) == 1 + 2 * len(networks.NETWORKS[name][1])
    assert all(np.array_equal(mine, other) for mine, other in zip(own, program, strict=True))
    for mine, other in zip(own, theirs, strict=True):
        other = other.numpy()
        assert mine.dtype == other.dtype == np.float32
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5 * np.abs(other).max())


def test_training_contestants_agree():
    pytest.importorskip("torch")
    pytest.importorskip("optax")
    curves = {
        contestant: [epoch() for _ in range(2)] for contestant, epoch in training.contestants((3, 8, 4), 16).items()
    }
    assert len(curves) == 5
    for contestant, curve in curves.items():
        np.testing.assert_allclose(curve, curves[OURS], rtol=1e-4, err_msg=contestant)


def test_a_chain_is_as_long_as_asked():
    assert len(tinygrad_opt.explain(chain.chain(tinygrad_opt.Value(1.0), 10)).steps) == 10


def test_a_chain_is_measured_in_every_operation():
    counted = chain.measured(10, lambda call: float(call() is None))
    assert list(counted) == [
        "forward", "backward", "explain(...).steps", "repr", "copy.copy", "copy.deepcopy", "del",
    ]  # fmt: skip


def test_contestants_take_turns():
    order = []
    times = interleaved({name: lambda name=name: order.append(name) for name in "ab"}, rounds=2)
    assert "".join(order) == "ab" + "ab" + "ba"
    assert [len(taken) for taken in times.values()] == [2, 2]
