"""gradcheck on the 27 nonlinear regressions of NIST's Statistical Reference Datasets, at both starting points of each.

Parameters there lie from 1e-9 to 1e6 in one vector, and residual sums of squares from 1e-1 to 1e16.
"""

import numpy as np
import pytest
from nist import DATA, MODELS, needs_data, read, residuals

from tinygrad_opt import grad, gradcheck


def sum_of_squares(name, data):
    return lambda b: np.sum(residuals(name, data)(b) ** 2)


@needs_data
@pytest.mark.parametrize("name", MODELS)
def test_the_model_gives_the_certified_sum_of_squares(name):
    data = read(name)
    found = sum_of_squares(name, data)(data.certified)
    if name == "Lanczos1":
        assert found < 1e-18  # eleven digits cannot give the certified 1e-25
    else:
        assert abs(found - data.sum_of_squares) < 1e-8 * data.sum_of_squares


@needs_data
@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", MODELS)
def test_the_gradient_of_the_residual_sum_of_squares(name, start):
    data = read(name)
    report = gradcheck(sum_of_squares(name, data), data.starts[start])
    assert report.status == "OK", report
    assert len(report.entries) == len(data.certified)


@needs_data
@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", MODELS)
def test_one_wrong_parameter_is_seen(name, start):
    data = read(name)
    f, point = sum_of_squares(name, data), data.starts[start]
    right = grad(f)(point)
    for i in range(right.size):
        wrong = right.copy()
        wrong[i] *= 1.001
        report = gradcheck(f, point, gradient=lambda b, g=wrong: g)
        assert report.status == "FAIL", (i, report)
        assert [entry.index for entry in report.failures] == [(i,)]


@needs_data
def test_all_datasets_have_a_model():
    assert sorted(path.stem for path in DATA.glob("*.dat")) == sorted(MODELS)
