"""Writes second_order.json: what scipy's methods cost until every |gradient[i]| <= 1e-8.

Run from the root of the repository, with scipy installed: PYTHONPATH=.:tests python tests/goldens/make_second_order.py
"""

import json
from pathlib import Path

import numpy as np
import scipy
from more_garbow_hillstrom import FUNCTIONS

from tinygrad_opt import grad, hessian, hvp

METHODS = {"Newton-CG": "hessp", "trust-exact": "hess", "trust-ncg": "hessp"}
OPTIONS = {"Newton-CG": {"xtol": 0.0}, "trust-exact": {"gtol": 0.0}, "trust-ncg": {"gtol": 0.0}}
GTOL = 1e-8


class Flat(Exception):
    """The gradient is small enough."""


def evaluations(f, x0, method):
    """How often scipy asked for f, its gradient and its curvatures before it got a flat gradient."""
    name = METHODS[method]
    made = {"value": 0, "gradient": 0, name: 0}

    def value(x):
        made["value"] += 1
        return float(f(x))

    def gradient(x):
        made["gradient"] += 1
        g = grad(f)(x)
        if np.abs(g).max() <= GTOL:
            raise Flat
        return g

    def curvature(x, *v):
        made[name] += 1
        return hvp(f, x, *v) if v else hessian(f)(x)

    options = OPTIONS[method] | {"maxiter": 1000}
    try:
        found = scipy.optimize.minimize(value, x0, method=method, jac=gradient, options=options, **{name: curvature})
    except Flat:
        return made
    return made | {"gave up": str(found.message)}


if __name__ == "__main__":
    goldens = {
        "made with": {"scipy": scipy.__version__, "numpy": np.__version__},
        "evaluations": {
            name: {method: evaluations(f, np.array(x0), method) for method in METHODS}
            for name, (f, x0) in FUNCTIONS.items()
        },
    }
    Path(__file__).with_name("second_order.json").write_text(json.dumps(goldens, indent=1) + "\n", encoding="utf-8")
