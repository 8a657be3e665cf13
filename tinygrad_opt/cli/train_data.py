"""What `tinygrad-opt train` trains on: samples for training, validation and tests, and settings that suit them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import datasets
from ..datasets.mnist import tests_alone
from ..datasets.points import Points
from ..datasets.registry import DATASETS
from ..train import Dataset


@dataclass(frozen=True)
class Defaults:
    """What suits a data set: the sizes of its hidden layers, how it is trained and, for points, how they are made."""

    hidden: tuple[int, ...] = (32,)
    epochs: int = 50
    lr: float = 0.01
    batch_size: int = 32
    validation_split: float = 0.2
    made: Mapping[str, Any] = field(default_factory=dict)


GATE = Defaults(hidden=(8,), epochs=200, lr=0.05, validation_split=0.0)  # four points, all needed
MADE = {
    "moons": Defaults(hidden=(16, 16), made={"n_samples": 1000, "noise": 0.2}),
    "circles": Defaults(hidden=(16, 16), made={"n_samples": 1000, "noise": 0.1, "factor": 0.5}),
    "spirals": Defaults(hidden=(32, 32), epochs=100, made={"n_samples": 900}),
    "blobs": Defaults(hidden=(16,), epochs=20, made={"n_samples": 1000}),
    "xor_cloud": Defaults(hidden=(8,), made={"n_samples": 1000}),
    "passing": Defaults(hidden=(8,), made={"n_samples": 1000}),
    "and": GATE,
    "or": GATE,
    "xor": GATE,
}
"""Points of classes, by their names in `datasets`, as are the others."""

BROUGHT = {
    "iris": Defaults(hidden=(16,)),
    "breast_cancer": Defaults(epochs=20),
    "digits": Defaults(hidden=(64,), epochs=30, lr=0.003),
}
"""Samples of classes that scikit-learn brings."""

READ = {"mnist": Defaults(hidden=(512,), epochs=5, lr=0.001, batch_size=128, validation_split=0.0)}
"""Samples of classes that are in a folder of the user's."""

DEFAULTS = MADE | BROUGHT | READ


@dataclass(frozen=True)
class Data:
    """Samples of classes: those to train on, and, if there are any, those for validation and for tests."""

    name: str
    inputs: int
    classes: int
    training: Dataset
    validation: Dataset | None
    test: Dataset | None
    note: str = ""

    @property
    def parts(self) -> dict[str, Dataset]:
        """What there is, by name."""
        parts = {"training": self.training, "validation": self.validation, "test": self.test}
        return {name: part for name, part in parts.items() if part is not None}


def known(name: str) -> str:
    """The name under which `DEFAULTS` has the data; ValueError for those that are not known, or have no classes."""
    make = datasets.get(name)
    found = next(key for key, function in DATASETS.items() if function is make)
    if found not in DEFAULTS:
        raise ValueError(f"{found} are numbers to predict; this command trains on classes: {', '.join(DEFAULTS)}")
    return found


def load(name: str, folder: Path | None, share: float, dtype: Any, seed: int) -> Data:
    """The data of that name, out of a folder those that are read.

    A share of the samples to train on, drawn by the seed, is kept for validation.
    """
    (x, y), test, note = (made(name, seed), None, "") if folder is None else read(folder, dtype)
    training, validation = Dataset(x.astype(dtype), y), None
    if share:
        training, validation = training.split(1 - share, np.random.default_rng(seed))
    return Data(name, x.shape[1], int(y.max()) + 1, training, validation, test, note)


def made(name: str, seed: int) -> Points:
    """Points that the seed draws, or samples that scikit-learn brings."""
    make = datasets.get(name, **DEFAULTS[name].made)
    draws = {"rng": np.random.default_rng(seed)} if "rng" in inspect.signature(make).parameters else {}
    x, y = make(**draws)
    return x, y


def read(folder: Path, dtype: Any) -> tuple[Points, Dataset, str]:
    """The images of mnist to train on and those for tests, and what is to be said about them."""
    training, (x, y) = datasets.load_mnist_parts(folder, dtype=dtype)
    note = ""
    if tests_alone(folder):
        parts = f"the first {len(training[0]):,} images are for training, the last {len(x):,} for tests"
        note = f"{folder} has the test files alone: {parts}"
    return training, Dataset(x, y), note
