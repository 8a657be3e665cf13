"""Writes losses.json: the losses and gradients of PyTorch and Keras.

Run from the root of the repository, with both installed: PYTHONPATH=.:tests python tests/goldens/make_losses.py
"""

import importlib.metadata
import json
from pathlib import Path

from losses import CASES, oracles


def main():
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "torch", "keras", "jax")}
    runs = {f"{case.name}, {r}": [a.tolist() for a in oracles.run(case, r)] for case in CASES for r in case.reductions}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(found)}" for name, found in runs.items())
    head = f'"made by": "make_losses.py",\n "versions": {json.dumps(versions)}'
    text = f'{{\n {head},\n "runs": {{\n{lines}\n }}\n}}\n'
    Path(__file__).with_name("losses.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
