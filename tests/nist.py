"""The 27 nonlinear regressions of NIST's Statistical Reference Datasets: their models, and a reader of their files.

The data are not part of the project: they are looked for beside it, or where TINYGRAD_OPT_DATA says.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

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


class Regression(NamedTuple):
    """A file: two starting points, the certified parameters with their standard deviations, and the data."""

    starts: list[np.ndarray]
    certified: np.ndarray
    deviations: np.ndarray
    sum_of_squares: float
    residual_deviation: float
    y: np.ndarray
    x: np.ndarray


def read(name):
    lines = (DATA / f"{name}.dat").read_text(encoding="ascii", errors="replace").splitlines()
    rows = [line.split("=")[1].split() for line in lines if re.match(r"\s*b\d+\s*=\s*\S+\s+\S+\s+\S+\s+\S+", line)]
    first, second, certified, deviations = np.array(rows, float).T
    if name == "Roszman1":
        certified[0] = 2.0196866396e-01  # as NIST publishes it; the file has it misprinted
    total, residual_deviation = (
        next(float(line.split(":")[1]) for line in lines if line.startswith(f"Residual {what}"))
        for what in ("Sum of Squares", "Standard Deviation")
    )
    heading = max(i for i, line in enumerate(lines) if line.startswith("Data:"))
    y, *x = np.array([line.split() for line in lines[heading + 1 :] if line.strip()], float).T
    y = np.log(y) if name == "Nelson" else y  # its model is one of log(y)
    x = x[0] if len(x) == 1 else np.array(x)
    return Regression([first, second], certified, deviations, total, residual_deviation, y, x)


def residuals(name, data):
    return lambda b: data.y - MODELS[name](b, data.x)
