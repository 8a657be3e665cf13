"""Normalization with Keras' defaults is what the Keras computes that is installed here."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from keras_normalization import CASES, TOLERANCE, run_ours

SCRIPT = Path(__file__).parents[1] / "goldens" / "make_keras_normalization.py"
FOLDERS = os.pathsep.join(map(str, (Path(__file__).parents[2], Path(__file__).parents[1])))


@pytest.mark.skipif(not all(map(find_spec, ("keras", "jax"))), reason="needs Keras and JAX")
def test_outputs_and_statistics_are_those_of_keras(tmp_path):
    """In a process of its own: Keras takes one backend for a whole process."""
    path, environment = tmp_path / "runs.json", os.environ | {"PYTHONPATH": FOLDERS}
    subprocess.run([sys.executable, str(SCRIPT), str(path)], check=True, capture_output=True, env=environment)
    for name, found in json.loads(path.read_text(encoding="utf-8"))["runs"].items():
        for part, a in run_ours(CASES[name]).items():
            np.testing.assert_allclose(a, found[part], rtol=TOLERANCE, atol=TOLERANCE, err_msg=f"{name}, {part}")
