"""Writes model_trajectories.json: what PyTorch starts from, its losses, and what it ends in.

Run from the root of the repository: PYTHONPATH=.:tests python tests/goldens/make_model_trajectories.py
"""

import importlib.metadata
import json
from pathlib import Path

from models import oracles
from models.cases import TRAININGS


def main():
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "torch")}
    lines = []
    for training in TRAININGS:
        start = oracles.start(training)
        losses, end = oracles.run(training, start)
        recorded = {"start": listed(start), "losses": losses, "end": listed(end)}
        lines.append(f"  {json.dumps(training.name)}: {json.dumps(recorded)}")
    head = f'"made by": "make_model_trajectories.py",\n "versions": {json.dumps(versions)}'
    text = ",\n".join(lines)
    file = Path(__file__).parent / "model_trajectories.json"
    file.write_text(f'{{\n {head},\n "runs": {{\n{text}\n }}\n}}\n', encoding="utf-8")


def listed(state):
    return {name: a.tolist() for name, a in state.items()}


if __name__ == "__main__":
    main()
