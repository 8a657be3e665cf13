"""Writes keras_callbacks.json, or another file that is named.

Run from the root of the repository: PYTHONPATH=.:tests python tests/goldens/make_keras_callbacks.py
"""

import importlib.metadata
import json
import sys
from pathlib import Path

from keras_callbacks import by_keras, cases

CASES = 40


def main():
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "keras", "jax")}
    made = list(cases(CASES))
    lines = ",\n".join(f"  {json.dumps([case, found])}" for case, found in zip(made, by_keras(made), strict=True))
    head = f'"made by": "make_keras_callbacks.py",\n "versions": {json.dumps(versions)}'
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "keras_callbacks.json"
    target.write_text(f'{{\n {head},\n "runs": [\n{lines}\n ]\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
