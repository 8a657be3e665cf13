"""Writes networks_FAMILY.json, for each family that is named, or for all.

Run from the root of the repository: PYTHONPATH=.:tests python tests/goldens/make_networks.py [FAMILY ...]
"""

import importlib.metadata
import json
import sys
from pathlib import Path

from networks import FAMILIES, cases_of, oracles

HERE = Path(__file__).parent


def main():
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "torch")}
    for family in sys.argv[1:] or FAMILIES:
        runs = {case.name: {k: a.tolist() for k, a in oracles.run(case).items()} for case in cases_of(family)}
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(found)}" for name, found in runs.items())
        head = f'"made by": "make_networks.py",\n "versions": {json.dumps(versions)}'
        text = f'{{\n {head},\n "runs": {{\n{lines}\n }}\n}}\n'
        (HERE / f"networks_{family}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
