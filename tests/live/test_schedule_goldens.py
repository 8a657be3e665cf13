"""The goldens of the schedules are what the libraries give that are installed here."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from schedule_twins import OURS

SCRIPT = Path(__file__).parents[1] / "goldens" / "make_schedules.py"


@pytest.mark.skipif(not all(map(find_spec, ("torch", "keras", "optax", "jax"))), reason="needs four libraries")
def test_rates_are_those_of_the_libraries(tmp_path):
    """In a process of its own: Keras takes one backend for a whole process."""
    path = tmp_path / "rates.json"
    subprocess.run([sys.executable, str(SCRIPT), str(path)], check=True, capture_output=True, timeout=300)
    for name, rates in json.loads(path.read_text(encoding="utf-8"))["rates"].items():
        np.testing.assert_allclose(OURS[name].values(len(rates)), rates, rtol=1e-12, atol=0, err_msg=name)
