"""Writes keras_activations.json, or another file that is named.

Run from the root of the repository: PYTHONPATH=.:tests python tests/goldens/make_keras_activations.py
"""

import importlib.metadata
import json
import sys
from pathlib import Path

from keras_activations import SAME, by_keras


def main():
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "keras", "jax")}
    runs = {name: {k: a.tolist() for k, a in by_keras(name).items()} for name in SAME}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(found)}" for name, found in runs.items())
    head = f'"made by": "make_keras_activations.py",\n "versions": {json.dumps(versions)}'
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "keras_activations.json"
    target.write_text(f'{{\n {head},\n "runs": {{\n{lines}\n }}\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
