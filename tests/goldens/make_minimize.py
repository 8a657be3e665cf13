"""Writes minimize.json: where scipy's methods end on the functions of Moré, Garbow and Hillstrom, and at what cost.

Also what its BFGS costs on random problems.

Run from the root of the repository, with scipy installed: PYTHONPATH=.:tests python tests/goldens/make_minimize.py
"""

import json
from pathlib import Path

import numpy as np
import scipy
from more_garbow_hillstrom import FUNCTIONS
from random_problems import CONDITIONS, KINDS, problem

from tinygrad_opt import value_and_grad

METHODS = {"cg": ("CG", {}), "bfgs": ("BFGS", {}), "lbfgs": ("L-BFGS-B", {"ftol": 0.0})}


def reached(f, x0, method, options, gtol=1e-8):
    """What a search of scipy reached, with gradients of ours."""
    options = {"gtol": gtol, "maxiter": 10_000, **options}
    with np.errstate(all="ignore"):
        found = scipy.optimize.minimize(value_and_grad(f), x0, jac=True, method=method, options=options)
    return {
        "iterations": int(found.nit),
        "evaluations": int(found.nfev),
        "value": float(found.fun),
        "largest gradient": float(np.abs(found.jac).max()),
        "x": found.x.tolist(),
        "message": str(found.message),
    }


if __name__ == "__main__":
    goldens = {
        "made with": {"scipy": scipy.__version__, "numpy": np.__version__},
        "searches": {
            name: {ours: reached(f, x0, *theirs) for ours, theirs in METHODS.items()}
            for name, (f, x0) in FUNCTIONS.items()
        },
        "evaluations of bfgs": {
            kind: {n: reached(*problem(kind, n), "BFGS", {}, gtol=1e-6)["evaluations"] for n in CONDITIONS}
            for kind in KINDS
        },
    }
    Path(__file__).with_name("minimize.json").write_text(json.dumps(goldens, indent=1) + "\n", encoding="utf-8")
