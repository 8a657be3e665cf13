"""Data in memory or on disk: samples by number, and batches of them in an order that a seed and an epoch give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..data import as_array
from ..ops.operand import Operand
from ..ops.random import generator
from ..settings import Numbers, flag, number
from .loader import Array, Loader, Numbered

SHARE = Numbers("a number between 0 and 1, the share of the first part", lambda x: 0 < x < 1)


class Dataset:
    """Samples: x, and y that belongs to it, along the first axis of each.

    x and y are arrays, lists, or anything that has len, shape, dtype and NumPy's indexing, such as np.memmap.  Arrays
    are kept, not copied, so they may be larger than memory; what is read is always a new array.

    ``len(data)``; ``data[i]`` is a sample (x, y); ``data[2:5]``, ``data[[7, 1, 7]]`` and ``data[mask]`` are arrays
    (x, y).  Without y, each of them is x alone.

    Raises ValueError for data without samples, x and y of different length, ragged lists; TypeError for what holds no
    real numbers, such as labels that are strings.

    >>> data = Dataset([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
    >>> data
    <Dataset of 4 samples: x (2,) float64, y () int64>
    >>> data[1]
    (array([0., 1.]), np.int64(1))
    >>> x, y = data[2:]
    >>> y
    array([1, 0])
    """

    _parts: tuple[Any, ...]
    _rows: Array | None  # which rows of the arrays are the samples, or None for all

    def __init__(self, x: Any, y: Any = None) -> None:
        self._parts = (column("x", x),) if y is None else (column("x", x), column("y", y))
        self._rows = None
        lengths = [len(part) for part in self._parts]
        if len(set(lengths)) > 1:
            raise ValueError(f"Dataset: x has {lengths[0]} samples and y has {lengths[1]}; each x needs its y")
        if not lengths[0]:
            raise ValueError(f"Dataset: there are no samples: x has shape {tuple(self._parts[0].shape)}")

    def __len__(self) -> int:
        return len(self._parts[0]) if self._rows is None else len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        found = self.read(self.places(index))
        return found if len(found) == 2 else found[0]

    def __repr__(self) -> str:
        parts = zip("xy", self._parts, strict=False)
        inner = ", ".join(f"{name} {tuple(part.shape[1:])} {part.dtype}" for name, part in parts)
        return f"<Dataset of {len(self)} samples: {inner}>"

    def split(self, fraction: float, rng: np.random.Generator | None = None) -> tuple[Dataset, Dataset]:
        """Two datasets: a random share of the samples, and the others; both in the order that they have here.

        Nothing is copied.  The first has round(fraction * len(data)) samples.  rng is a NumPy Generator; left out, it
        is one of the process, which no seed repeats.  Raises ValueError for a fraction that leaves either side empty.

        >>> training, validation = Dataset(np.arange(10)).split(0.8, np.random.default_rng(0))
        >>> training[:], validation[:]
        (array([0, 2, 3, 4, 5, 6, 7, 9]), array([1, 8]))
        """
        rng, n = generator(rng, "split"), len(self)
        first = self.size_of(number("split", "fraction", fraction, SHARE), f"split({fraction})")
        order = rng.permutation(n)
        return self.part(np.sort(order[:first])), self.part(np.sort(order[first:]))

    def size_of(self, share: float, asked: str) -> int:
        """How many samples a share of them is; ValueError, in the words that asked, if it leaves a side without any."""
        n, size = len(self), round(share * len(self))
        if size in (0, n):
            raise ValueError(f"{asked} of {n} samples gives {size} and {n - size}; neither may be empty")
        return size

    def labels(self) -> Array | None:
        """y, if it has one whole number for each sample."""
        y = self._parts[-1]
        if len(self._parts) < 2 or len(y.shape) > 1 or y.dtype.kind not in "biu":
            return None
        return np.asarray(y if self._rows is None else rows_of(y, self._rows))

    def part(self, rows: Array) -> Dataset:
        part = object.__new__(Dataset)
        part._parts, part._rows = self._parts, rows if self._rows is None else self._rows[rows]
        return part

    def places(self, index: Any) -> Any:
        """An index as a number, a slice or an array of numbers from 0 to len - 1."""
        n = len(self)
        if isinstance(index, slice):
            return index
        if isinstance(index, int | np.integer) and not isinstance(index, bool):
            if not -n <= index < n:
                raise IndexError(f"there is no sample {index}: the Dataset has {n}")
            return int(index) % n
        chosen = np.asarray(index)
        if chosen.dtype == bool and chosen.shape == (n,):
            return np.flatnonzero(chosen)
        if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
            raise IndexError(
                f"a Dataset of {n} samples takes a number, a slice, a list of numbers or a mask ({n},); got {index!r}"
            )
        outside = chosen[(chosen < -n) | (chosen >= n)]
        if outside.size:
            raise IndexError(f"there is no sample {outside[0]}: the Dataset has {n}")
        return chosen.astype(np.intp) % n

    def read(self, index: Any) -> tuple[Any, ...]:
        """x, or x and y, as new arrays in memory.

        Rows of a memmap are read in the order asked for.  Sorted first, batches of 128 x 784 float32 took 10 % longer
        where the file was cached, and no shorter where it was not (batches of 2,048: 40 % longer, 12 % shorter).
        """
        if self._rows is not None:
            index = self._rows[index]
        return tuple(rows_of(part, index) for part in self._parts)


class DataLoader(Loader):
    """Batches of a Dataset: ``for x, y in loader`` is an epoch, in which every sample comes once.

    batch_size    samples a batch; the last one of an epoch has what remains
    shuffle       True for a new order in each epoch, one for x and y: the permutation of
                  ``np.random.default_rng([seed, epoch])``, 8 bytes a sample
    drop_last     True to leave out a last batch that is not full
    seed          a whole number; left out, one is drawn, and kept as `seed`
    check_finite  False to let nan and inf pass; looking costs 20 µs for (128, 784), 1 % of a step of a 784-512-10 net

    `len(loader)` is the number of batches an epoch, `epoch` that of epochs begun, and ``loader.batches(epoch, start)``
    the batches of any epoch from batch number start on.  Batches are new arrays, which may be written to.
    Raises ValueError for a batch size below 1, for drop_last where no batch would be left and, when it comes to the
    batch, for nan and inf in x or y, with the number of the sample.

    >>> data = Dataset(np.arange(5.0), np.arange(5))
    >>> loader = DataLoader(data, batch_size=2, shuffle=True, seed=0)
    >>> len(loader)
    3
    >>> for x, y in loader:
    ...     print(x, y)
    [2. 4.] [2 4]
    [3. 0.] [3 0]
    [1.] [1]
    >>> [y.tolist() for x, y in loader.batches(epoch=0, start=1)]
    [[3, 0], [1]]
    """

    def __init__(
        self,
        data: Dataset,
        batch_size: int = 32,
        *,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int | None = None,
        check_finite: bool = True,
    ) -> None:
        if not isinstance(data, Dataset):
            raise TypeError(f"DataLoader takes a Dataset: DataLoader(Dataset(x, y)); got {type(data).__name__}")
        super().__init__(batch_size, drop_last, seed, check_finite)
        self.data = data
        self.shuffle = flag(self.kind, "shuffle", shuffle)
        if not self.steps_per_epoch:
            raise ValueError(
                f"DataLoader: drop_last=True leaves no batch: there are {len(data)} samples, batch_size is {batch_size}"
            )

    @property
    def steps_per_epoch(self) -> int:
        full, rest = divmod(len(self.data), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "shuffle": self.shuffle, "samples": len(self.data)}

    def numbered_batches(self, epoch: int, start: int) -> Iterator[Numbered]:
        n, size = len(self.data), self.batch_size
        order = np.random.default_rng([self.seed, epoch]).permutation(n) if self.shuffle else np.arange(n)
        for first in range(start * size, self.steps_per_epoch * size, size):
            samples = order[first : first + size]
            yield samples, self.data.read(samples)


def column(name: str, data: Any) -> Any:
    """Data with an axis of samples: as they are, if they can be read by number, or as an array."""
    if hasattr(data, "to_numpy"):  # pandas counts by label, not by place
        data = data.to_numpy()
    indexable = all(hasattr(data, attribute) for attribute in ("__len__", "__getitem__", "shape"))
    is_array = indexable and isinstance(getattr(data, "dtype", None), np.dtype) and not isinstance(data, Operand)
    if not (is_array and data.dtype.kind in "biuf") or isinstance(data, np.ma.MaskedArray):
        refuse_names(name, data)
        data = as_array(data, f"{name} of a Dataset")
    if not data.shape:
        raise ValueError(f"{name} of a Dataset needs an axis of samples; got a single number, {data}")
    return data


def refuse_names(name: str, data: Any) -> None:
    """Labels that are words need more advice than other data that are no numbers."""
    entries = data.ravel().tolist() if isinstance(data, np.ndarray) else data
    for entry in entries if isinstance(entries, list | tuple) else ():
        if isinstance(entry, str | bytes):
            raise TypeError(
                f"{name} of a Dataset must be real numbers; got words, such as {entry!r}: "
                f"number them with names, {name} = np.unique({name}, return_inverse=True)"
            )


def rows_of(part: Any, index: Any) -> Any:
    """What was read as an array in memory that shares none with the data; a single number as it is."""
    if type(part) is type(index) is np.ndarray:
        return part.take(index, axis=0)  # 100 rows of 2: 0.4 µs, part[index] 2.0
    rows = part[index]
    is_new = type(rows) is np.ndarray and rows.base is None
    return rows if is_new else np.array(rows)[()]
