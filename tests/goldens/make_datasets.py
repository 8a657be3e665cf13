"""Writes datasets.json: scikit-learn's moons and circles without noise, in order, and the classes of its blobs.

Run from the root of the repository: PYTHONPATH=.:tests python tests/goldens/make_datasets.py
"""

import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn import datasets


def golden(make, **settings):
    x, y = make(shuffle=False, **settings)
    return {"settings": settings, "x": x.tolist(), "y": y.tolist()}


FOUND = {
    "versions": {"python": sys.version.split()[0], "numpy": np.__version__, "scikit-learn": sklearn.__version__},
    "make_moons": [golden(datasets.make_moons, n_samples=n) for n in (8, 13)],
    "make_circles": [golden(datasets.make_circles, n_samples=n, factor=f) for n, f in ((8, 0.8), (11, 0.25))],
    "make_blobs": [
        golden(datasets.make_blobs, n_samples=n, centers=centers, cluster_std=0.0)
        for n, centers in ((8, [[0.0, 1.0], [2.0, -3.0], [4.5, 0.0]]), (5, [[1.0], [2.0]]))
    ],
}

Path(__file__).with_name("datasets.json").write_text(json.dumps(FOUND, indent=1) + "\n", encoding="utf-8")
