"""A network copied from PyTorch learns as there: every loss of a hundred steps, and the weights at the end."""

import json
from pathlib import Path

import numpy as np
import pytest
from models.cases import TRAININGS, run

GOLDENS = Path(__file__).parent / "goldens"


@pytest.mark.parametrize("training", TRAININGS, ids=lambda training: training.name)
def test_a_hundred_steps(training):
    recorded = json.loads((GOLDENS / "model_trajectories.json").read_text(encoding="utf-8"))["runs"][training.name]
    losses, end = run(training, recorded["start"])
    np.testing.assert_allclose(losses, recorded["losses"], rtol=1e-10)
    assert list(end) == list(recorded["end"])
    for name, a in end.items():
        np.testing.assert_allclose(a, recorded["end"][name], rtol=1e-10, atol=1e-10, err_msg=name)
    assert np.mean(losses[-5:]) < losses[0] / 2
