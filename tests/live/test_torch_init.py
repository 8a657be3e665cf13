"""Initializers beside PyTorch and Keras: the goldens anew, and draws of both as samples of one distribution."""

from __future__ import annotations

import functools
import json
import math
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from init_twins import OURS, SHAPES, our_factor

from tinygrad_opt import init

torch = pytest.importorskip("torch")
theirs = torch.nn.init

SCRIPT = Path(__file__).parents[1] / "goldens" / "make_init.py"
needs_keras = pytest.mark.skipif(not find_spec("keras"), reason="needs Keras")

SHAPE = (200, 40, 5)
SAME = {
    "uniform": (functools.partial(init.uniform, a=-2.0, b=3.0), functools.partial(theirs.uniform_, a=-2.0, b=3.0)),
    "normal": (functools.partial(init.normal, mean=1, std=2), functools.partial(theirs.normal_, mean=1, std=2)),
    "truncated_normal": (init.truncated_normal, theirs.trunc_normal_),
    "truncated_normal at values": (
        functools.partial(init.truncated_normal, mean=0.5, std=2.0, a=-1.0, b=1.5),
        functools.partial(theirs.trunc_normal_, mean=0.5, std=2.0, a=-1.0, b=1.5),
    ),
    "xavier_uniform": (init.xavier_uniform, theirs.xavier_uniform_),
    "xavier_normal": (init.xavier_normal, theirs.xavier_normal_),
    "kaiming_uniform": (init.kaiming_uniform, theirs.kaiming_uniform_),
    "kaiming_normal": (init.kaiming_normal, theirs.kaiming_normal_),
    "orthogonal": (init.orthogonal, theirs.orthogonal_),
}


@pytest.mark.parametrize("name", SAME)
def test_both_draw_from_one_distribution(name: str) -> None:
    """Smirnov's test of two samples, at one in 1.7e6."""
    ours, fill = SAME[name]
    x = np.sort(ours(SHAPE, rng=np.random.default_rng(0)).ravel())
    torch.manual_seed(0)
    y = np.sort(fill(torch.empty(SHAPE, dtype=torch.float64)).numpy().ravel())
    both = np.concatenate([x, y])
    distance = np.max(abs(np.searchsorted(x, both, "right") - np.searchsorted(y, both, "right"))) / x.size
    assert distance * math.sqrt(x.size / 2) < 2.73


@pytest.mark.parametrize("shape", [*SHAPES, (7, 1, 2, 3, 4)])
def test_fans_are_those_of_pytorch(shape: tuple[int, ...]) -> None:
    assert init.fan_in_and_fan_out(shape) == theirs._calculate_fan_in_and_fan_out(torch.empty(shape))


@pytest.mark.parametrize("name", [*init.fans.GAINS, "leaky_relu"])
def test_gains_are_those_of_pytorch(name: str) -> None:
    assert init.calculate_gain(name) == theirs.calculate_gain(name)


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (8, 2, 2, 2)])
def test_both_give_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    ours = init.orthogonal(shape, 2.0, rng=np.random.default_rng(0)).reshape(shape[0], -1)
    matrix = theirs.orthogonal_(torch.empty(shape, dtype=torch.float64), 2.0).numpy().reshape(shape[0], -1)
    for wide in (ours, matrix) if shape[0] <= ours.shape[1] else (ours.T, matrix.T):
        np.testing.assert_allclose(wide @ wide.T, 4 * np.eye(len(wide)), atol=1e-12)


@needs_keras
def test_scales_are_those_of_the_libraries_that_are_here(tmp_path: Path) -> None:
    path = tmp_path / "init.json"
    subprocess.run(
        [sys.executable, str(SCRIPT), str(path)],
        env={**os.environ, "KERAS_BACKEND": "numpy", "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        capture_output=True,
        timeout=300,
    )
    for name, factors in json.loads(path.read_text(encoding="utf-8"))["factors"].items():
        assert name in OURS
        np.testing.assert_allclose([our_factor(name, shape) for shape in SHAPES], factors, rtol=1e-12, err_msg=name)


@needs_keras
@pytest.mark.skipif(not find_spec("jax"), reason="needs JAX")
def test_variance_scaling_has_the_moments_of_keras() -> None:
    program = """
import json, keras, numpy as np
moments = {}
for distribution in ("truncated_normal", "untruncated_normal", "uniform"):
    x = np.asarray(keras.initializers.VarianceScaling(2.0, "fan_avg", distribution, seed=1)((5, 40, 200)), float)
    moments[distribution] = x.std(), np.mean(abs(x)), np.mean(x**4), abs(x).max()
print(json.dumps(moments))
"""
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    ).stdout
    for distribution, (std, size, fourth, largest) in json.loads(printed).items():
        x = init.variance_scaling(SHAPE, 2.0, "fan_avg", distribution, rng=np.random.default_rng(1))
        assert std == pytest.approx(x.std(), rel=0.03)
        assert size == pytest.approx(np.mean(abs(x)), rel=0.03)
        assert fourth == pytest.approx(np.mean(x**4), rel=0.1)
        if distribution != "untruncated_normal":
            assert largest == pytest.approx(abs(x).max(), rel=0.001)
