"""Writes keras_normalization.json, or another file that is named.

Run from the root of the repository: PYTHONPATH=.:tests python tests/goldens/make_keras_normalization.py
"""

import importlib.metadata
import json
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import keras
from keras_normalization import CASES, run_theirs


def main():
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "keras", "jax")}
    runs = {name: {k: a.tolist() for k, a in run_theirs(case, keras).items()} for name, case in CASES.items()}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(found)}" for name, found in runs.items())
    head = f'"made by": "make_keras_normalization.py",\n "versions": {json.dumps(versions)}'
    path = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent / "keras_normalization.json"
    path.write_text(f'{{\n {head},\n "runs": {{\n{lines}\n }}\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
