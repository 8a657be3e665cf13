"""MNIST, and what is published in its form, from a folder with its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..init.request import dtype_of
from ..settings import flag
from .idx import Array, read_idx
from .points import Points


def load_mnist(folder: str | Path, train: bool = True, dtype: np.typing.DTypeLike = np.float32) -> Points:
    """Handwritten digits: 60,000 for training or, with train=False, 10,000 for tests.

    folder has the published files, gzip or not, such as train-images-idx3-ubyte.gz, train-labels.idx1-ubyte and
    t10k-images-idx3-ubyte; nothing is fetched.  Fashion-MNIST and KMNIST have the same form.
    x (n, 784) has 28 rows of 28 pixels from 0 (paper) to 1 (ink), in float32 or float64; ``x.reshape(-1, 1, 28, 28)``
    is what convolutions take.  y (n,) has the digits, int64.
    Raises FileNotFoundError for files that are not there, ValueError for such that are not images and as many labels.
    """
    dtype = dtype_of("load_mnist", dtype)
    part = "train" if flag("load_mnist", "train", train) else "t10k"
    image_file, label_file = find(Path(folder), f"{part}-images", 3), find(Path(folder), f"{part}-labels", 1)
    images, labels = read(image_file, 3), read(label_file, 1)
    if len(images) != len(labels):
        raise ValueError(f"{label_file}: expected {len(images)} labels, as {image_file} has images; seen {len(labels)}")
    return images.reshape(len(images), -1).astype(dtype) / dtype.type(255), labels.astype(np.int64)


def load_mnist_parts(folder: str | Path, dtype: np.typing.DTypeLike = np.float32) -> tuple[Points, Points]:
    """(x, y) for training and (x, y) for tests, as `load_mnist` gives them.

    Of a folder with the test files alone, which hold 10,000 digits, the first four fifths are for training.
    """
    x, y = load_mnist(folder, train=False, dtype=dtype)
    if not tests_alone(folder):
        return load_mnist(folder, dtype=dtype), (x, y)
    n = len(x) * 4 // 5
    return (x[:n], y[:n]), (x[n:], y[n:])


def tests_alone(folder: str | Path) -> bool:
    """Whether a folder has none of the files for training."""
    return not any(Path(folder).glob("train-*"))


def find(folder: Path, stem: str, ndim: int) -> Path:
    """The file of that stem under any of the names it goes by."""
    names = [f"{stem}{dot}idx{ndim}-ubyte{packed}" for packed in ("", ".gz") for dot in "-."]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    seen = sorted(entry.name for entry in folder.iterdir())[:8] if folder.is_dir() else "no such folder"
    raise FileNotFoundError(f"{folder}: expected one of {', '.join(names)}; seen {seen or 'an empty folder'}")


def read(path: Path, ndim: int) -> Array:
    """Bytes along that many axes."""
    array: Array = read_idx(path)
    if array.dtype != np.uint8 or array.ndim != ndim:
        raise ValueError(
            f"{path}: expected bytes along {ndim} {'axis' if ndim == 1 else 'axes'} (magic number {0x800 + ndim}); "
            f"seen {array.dtype} of shape {array.shape}"
        )
    if not array.size:
        raise ValueError(f"{path}: expected samples; seen none, of shape {array.shape}")
    return array
