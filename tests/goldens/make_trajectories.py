"""Writes trajectories_FAMILY.json, for each family that is named, or for all.

Run from the root of the repository: PYTHONPATH=.:tests python tests/goldens/make_trajectories.py [FAMILY ...]
"""

import importlib.metadata
import json
import sys
from pathlib import Path

from optimizers import FAMILIES, cases_of, oracles

HERE = Path(__file__).parent


def main():
    for family in sys.argv[1:] or FAMILIES:
        walks = {case.name: [[w.tolist() for w in step] for step in oracles.walk(case)] for case in cases_of(family)}
        libraries = sorted({case.library for case in cases_of(family)} | {"numpy"})
        versions = {name: importlib.metadata.version(name) for name in libraries}
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(walk)}" for name, walk in walks.items())
        head = f'"made by": "make_trajectories.py",\n "versions": {json.dumps(versions)}'
        text = f'{{\n {head},\n "walks": {{\n{lines}\n }}\n}}\n'
        (HERE / f"trajectories_{family}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
