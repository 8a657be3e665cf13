"""gradcheck on the 27 nonlinear regressions of NIST's Statistical Reference Datasets, at both starting points of each.

Parameters there lie from 1e-9 to 1e6 in one vector, and residual sums of squares from 1e-1 to 1e16.  The data
are not part of the project: they are looked for beside it, or where TINYGRAD_OPT_DATA says.
"""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from tinygrad_opt import grad, gradcheck

DATA = Path(os.environ.get("TINYGRAD_OPT_DATA", Path(__file__).parents[2] / "shared" / "data")) / "nist"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"NIST's datasets are not in {DATA}")
exp, sin, cos, pi = np.exp, np.sin, np.cos, np.pi


def rise(b, x):
    return b[0] * (1 - exp(-b[1] * x))


def decay_over_line(b, x):
    return exp(-b[0] * x) / (b[1] + b[2] * x)


def cubic_over_cubic(b, x):
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def two_peaks(b, x):
    peaks = b[2] * exp(-((x - b[3]) ** 2) / b[4] ** 2) + b[5] * exp(-((x - b[6]) ** 2) / b[7] ** 2)
    return b[0] * exp(-b[1] * x) + peaks


def three_decays(b, x):
    return b[0] * exp(-b[1] * x) + b[2] * exp(-b[3] * x) + b[4] * exp(-b[5] * x)


def three_cycles(b, x):
    year = b[1] * cos(2 * pi * x / 12) + b[2] * sin(2 * pi * x / 12)
    long = b[4] * cos(2 * pi * x / b[3]) + b[5] * sin(2 * pi * x / b[3])
    return b[0] + year + long + b[7] * cos(2 * pi * x / b[6]) + b[8] * sin(2 * pi * x / b[6])


MODELS = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": rise,
    "Chwirut1": decay_over_line,
    "Chwirut2": decay_over_line,
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "ENSO": three_cycles,
    "Eckerle4": lambda b, x: b[0] / b[1] * exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": two_peaks,
    "Gauss2": two_peaks,
    "Gauss3": two_peaks,
    "Hahn1": cubic_over_cubic,
    "Kirby2": lambda b, x: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": three_decays,
    "Lanczos2": three_decays,
    "Lanczos3": three_decays,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * exp(-x * b[3]) + b[2] * exp(-x * b[4]),
    "Misra1a": rise,
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda b, x: b[0] - b[1] * x[0] * exp(-b[2] * x[1]),
    "Rat42": lambda b, x: b[0] / (1 + exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / pi,
    "Thurber": cubic_over_cubic,
}


def read(name):
    """The two starting points, the certified parameters, their residual sum of squares, and the data y, x."""
    lines = (DATA / f"{name}.dat").read_text(encoding="ascii", errors="replace").splitlines()
    parameters = [
        line.split("=")[1].split() for line in lines if re.match(r"\s*b\d+\s*=\s*\S+\s+\S+\s+\S+\s+\S+", line)
    ]
    first, second, certified = (np.array([float(row[i]) for row in parameters]) for i in range(3))
    total = next(float(line.split(":")[1]) for line in lines if line.startswith("Residual Sum of Squares"))
    heading = max(i for i, line in enumerate(lines) if line.startswith("Data:"))
    y, *x = np.array([line.split() for line in lines[heading + 1 :] if line.strip()], float).T
    return (first, second, certified), total, y, x[0] if len(x) == 1 else x


def sum_of_squares(name, y, x):
    y = np.log(y) if name == "Nelson" else y
    return lambda b: np.sum((y - MODELS[name](b, x)) ** 2)


@needs_data
@pytest.mark.parametrize("name", MODELS)
def test_the_model_gives_the_certified_sum_of_squares(name):
    (_, _, certified), total, y, x = read(name)
    if name == "Roszman1":
        certified[0] = 2.0196866396e-01  # as published
    if name == "Lanczos1":
        assert sum_of_squares(name, y, x)(certified) < 1e-18  # eleven digits cannot give the certified 1e-25
    else:
        assert abs(sum_of_squares(name, y, x)(certified) - total) < 1e-8 * total


@needs_data
@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", MODELS)
def test_the_gradient_of_the_residual_sum_of_squares(name, start):
    points, _, y, x = read(name)
    report = gradcheck(sum_of_squares(name, y, x), points[start])
    assert report.status == "OK", report
    assert len(report.entries) == len(points[start])


@needs_data
@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", MODELS)
def test_one_wrong_parameter_is_seen(name, start):
    points, _, y, x = read(name)
    f = sum_of_squares(name, y, x)
    right = grad(f)(points[start])
    for i in range(right.size):
        wrong = right.copy()
        wrong[i] *= 1.001
        report = gradcheck(f, points[start], gradient=lambda b, g=wrong: g)
        assert report.status == "FAIL", (i, report)
        assert [entry.index for entry in report.failures] == [(i,)]


@needs_data
def test_all_datasets_have_a_model():
    assert sorted(path.stem for path in DATA.glob("*.dat")) == sorted(MODELS)
