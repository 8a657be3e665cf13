"""Writes second_order.json: how many evaluations scipy's methods need until every |gradient[i]| <= 1e-8.

Derivatives are those of this package, which its own tests check.
"""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.optimize

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from second_order_problems import PROBLEMS

from tinygrad_opt import grad, hessian, hvp

METHODS = {"Newton-CG": "hessp", "trust-exact": "hess", "trust-ncg": "hessp"}
GTOL = 1e-8


class Flat(Exception):
    pass


def evaluations(f, x0, method):
    made = {"value": 0, "gradient": 0, METHODS[method]: 0}

    def value(x):
        made["value"] += 1
        return float(f(x))

    def gradient(x):
        made["gradient"] += 1
        g = grad(f)(x)
        if np.abs(g).max() <= GTOL:
            raise Flat
        return g

    def second(*args):
        made[METHODS[method]] += 1
        return hessian(f)(*args) if METHODS[method] == "hess" else hvp(f, *args)

    options = {"xtol": 0.0, "maxiter": 1000} if method == "Newton-CG" else {"gtol": GTOL / 100, "maxiter": 1000}
    try:
        found = scipy.optimize.minimize(
            value, x0, method=method, jac=gradient, options=options, **{METHODS[method]: second}
        )
    except Flat:
        return made
    return made | {"stopped": str(found.message), "largest": float(np.abs(grad(f)(found.x)).max())}


if __name__ == "__main__":
    golden = {
        "made by": {"scipy": scipy.__version__, "numpy": np.__version__},
        "evaluations": {
            name: {method: evaluations(f, np.array(x0), method) for method in METHODS}
            for name, (f, x0) in PROBLEMS.items()
        },
    }
    Path(__file__).with_name("second_order.json").write_text(json.dumps(golden, indent=1) + "\n")
