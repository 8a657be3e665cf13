"""Writes least_squares.json: the cost that scipy's Levenberg-Marquardt reaches on five of NIST's regressions.

Run from the root of the repository, with scipy installed: PYTHONPATH=.:tests python tests/goldens/make_least_squares.py
"""

import json
from pathlib import Path

import numpy as np
import scipy
from nist import read, residuals

from tinygrad_opt import jacobian

NAMES = ["Misra1a", "Gauss3", "Kirby2", "MGH17", "Thurber"]


def reached(name):
    data = read(name)
    f = residuals(name, data)
    found = scipy.optimize.least_squares(
        f, data.starts[1], jacobian(f), method="lm", ftol=1e-15, xtol=1e-15, gtol=1e-15
    )
    return {"cost": float(found.cost), "x": found.x.tolist(), "evaluations": int(found.nfev)}


if __name__ == "__main__":
    goldens = {
        "made with": {"scipy": scipy.__version__, "numpy": np.__version__},
        "from Start 2": {name: reached(name) for name in NAMES},
    }
    Path(__file__).with_name("least_squares.json").write_text(json.dumps(goldens, indent=1) + "\n", encoding="utf-8")
