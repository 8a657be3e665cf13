"""Writes closures.json: the walks of PyTorch's LBFGS.

Run from the root of the repository, with torch installed: PYTHONPATH=.:tests python tests/goldens/make_closures.py
"""

import json
from pathlib import Path

import numpy as np
import torch
from closure_walks import WALKS, theirs

if __name__ == "__main__":
    goldens = {
        "made with": {"torch": torch.__version__, "numpy": np.__version__},
        "walks": {name: theirs(walk) for name, walk in WALKS.items()},
    }
    Path(__file__).with_name("closures.json").write_text(json.dumps(goldens) + "\n", encoding="utf-8")
