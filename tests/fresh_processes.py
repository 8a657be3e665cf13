"""What a new Python process needs to find: the package first, then all that this one was told to look for."""

import os
from pathlib import Path

import tinygrad_opt

ROOT = Path(tinygrad_opt.__file__).parents[1]


def python_path(*more):
    """PYTHONPATH with the package, more folders, and what stands there now."""
    return os.pathsep.join([*map(str, (ROOT, *more)), *filter(None, [os.environ.get("PYTHONPATH")])])
