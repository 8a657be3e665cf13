"""Data as a stream: samples that a generator makes, batched and shuffled as they come, in bounded memory."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Literal

import numpy as np

from ..data import as_array
from ..settings import count
from .loader import Array, Loader, Numbered

Sample = tuple[Array, ...]
"""x, or x and y, of one sample."""

Source = Callable[..., Iterable[Any]]

NUMPYS = (np.ndarray, np.generic)


class StreamLoader(Loader):
    """Batches of samples that a function makes: for data that do not fit in memory, or have no end.

    source          a function that returns a new iterator of samples for each epoch, such as a generator function.  A
                    sample is a tuple (x, y), or x alone; all have one shape and one dtype.  A source with an argument
                    `epoch`, or one argument without a default, is given the number of the epoch
    batch_size      samples a batch; the last one of an epoch has what remains
    shuffle_buffer  how many samples are held for shuffling: each goes out from a random one of that many places, into
                    which the next one comes.  0 keeps the order of the source
    length          how many samples an epoch has: of a longer source, or one without end, the first ones.  None for
                    all, as many as they may be; then the loader has no len
    drop_last       True to leave out a last batch that is not full
    seed            a whole number; left out, one is drawn, and kept as `seed`
    check_finite    False to let nan and inf pass

    In memory are `shuffle_buffer` samples and one batch; to batch a sample takes about 3 µs, to shuffle it as much
    again.  `batches(epoch, start)` makes the epoch's batches again and passes over the first ones, which takes as long
    as to read them.  The source must give the same samples each time it is asked for an epoch.
    Raises TypeError for a source that is no function, or returns no iterator; ValueError, when it comes to it, for an
    iterator that was used before, a source without samples or with fewer than `length`, samples that differ in shape
    or dtype, and nan or inf, with the number of the sample.

    >>> def squares():
    ...     for n in range(5):
    ...         yield [float(n)], float(n**2)
    >>> loader = StreamLoader(squares, batch_size=2, shuffle_buffer=3, seed=1)
    >>> for x, y in loader:
    ...     print(x.ravel(), y)
    [1. 2.] [1. 4.]
    [4. 0.] [16.  0.]
    [3.] [9.]
    """

    def __init__(
        self,
        source: Source,
        batch_size: int = 32,
        *,
        shuffle_buffer: int = 0,
        length: int | None = None,
        drop_last: bool = False,
        seed: int | None = None,
        check_finite: bool = True,
    ) -> None:
        if not callable(source):
            raise TypeError(
                "StreamLoader takes a function that returns a new iterator for each epoch, such as a generator "
                f"function, itself and not called; got a {type(source).__name__}"
            )
        super().__init__(batch_size, drop_last, seed, check_finite)
        self.source = source
        self.is_told = is_told(source)
        self.shuffle_buffer = self.counted("shuffle_buffer", shuffle_buffer)
        self.shuffle = self.shuffle_buffer > 0
        self.length = None if length is None else count(self.kind, "length", length)
        self._last: Any = None
        if self.steps_per_epoch == 0:
            raise ValueError(
                f"StreamLoader: drop_last=True leaves no batch: length is {length}, batch_size is {batch_size}"
            )

    @property
    def steps_per_epoch(self) -> int | None:
        if self.length is None:
            return None
        full, rest = divmod(self.length, self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "shuffle_buffer": self.shuffle_buffer, "length": self.length}

    def numbered_batches(self, epoch: int, start: int) -> Iterator[Numbered]:
        iterator = self.iterator(epoch)
        try:
            samples: Iterator[tuple[int, Sample]] = enumerate(self.samples(iterator, epoch))
            if self.shuffle_buffer:
                samples = shuffled(samples, self.shuffle_buffer, np.random.default_rng([self.seed, epoch]))
            batches = batched(samples, self.batch_size, self.drop_last)
            passed = sum(1 for _ in itertools.islice(batches, start))
            if passed < start:
                raise ValueError(f"StreamLoader: epoch {epoch} has {passed} batches; it cannot start at {start}")
            yield from batches
        finally:
            if isinstance(iterator, Generator):
                iterator.close()  # lets go of its files, also where an epoch is left early

    def iterator(self, epoch: int) -> Iterator[Any]:
        """A new iterator of the source."""
        match self.is_told:
            case "epoch=epoch":
                made = self.source(epoch=epoch)
            case "epoch":
                made = self.source(epoch)
            case "nothing":
                made = self.source()
        if isinstance(made, str | bytes) or not isinstance(made, Iterable):
            raise TypeError(f"StreamLoader: the source must return an iterator of samples; it returned {made!r}")
        if made is self._last:
            raise ValueError(
                f"StreamLoader: for epoch {epoch} the source returned the iterator that it had returned before, "
                "which is used up: let it make a new one each time it is called"
            )
        self._last = made if isinstance(made, Iterator) else None
        return iter(made)

    def samples(self, iterator: Iterator[Any], epoch: int) -> Iterator[Sample]:
        """Samples as arrays, each like the first, as many as an epoch has."""
        n, first, expected = 0, None, None
        for n, made in enumerate(itertools.islice(iterator, self.length), 1):
            sample = as_sample(made, n - 1)
            kinds = [(part.shape, part.dtype) for part in sample]
            if first is None:
                first, expected = sample, kinds
            elif kinds != expected:
                raise ValueError(
                    f"StreamLoader: samples must be alike: sample {n - 1} of epoch {epoch} is {described(sample)}; "
                    f"sample 0 is {described(first)}{advice(sample, first)}"
                )
            yield sample
        if n == 0:
            raise ValueError(f"StreamLoader: the source has no samples in epoch {epoch}")
        if self.length and n < self.length:
            raise ValueError(f"StreamLoader: the source has {n} samples in epoch {epoch}; length={self.length} is more")


def is_told(source: Source) -> Literal["nothing", "epoch=epoch", "epoch"]:
    """How a source is called: it is told the epoch if it has an argument of that name, or one without a default."""
    try:
        parameters = inspect.signature(source).parameters
    except ValueError:  # some functions written in C do not tell what they take
        return "nothing"
    if "epoch" in parameters and parameters["epoch"].kind is not inspect.Parameter.POSITIONAL_ONLY:
        return "epoch=epoch"
    collecting = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [name for name, p in parameters.items() if p.default is p.empty and p.kind not in collecting]
    if len(needed) > 1:
        raise TypeError(
            f"StreamLoader calls its source with nothing, or with the epoch; this one needs {', '.join(needed)}: "
            "fill them in with functools.partial"
        )
    return "epoch" if needed else "nothing"


def shuffled(
    samples: Iterator[tuple[int, Sample]], size: int, rng: np.random.Generator
) -> Iterator[tuple[int, Sample]]:
    """The samples with their numbers, out of a buffer of that size.

    What is given is a view of the buffer, good until the next is asked for.
    """
    numbers, held = np.empty(0, np.intp), 0
    buffer: list[Array] = []
    for number, sample in samples:
        if held < size:
            if held == len(numbers):
                numbers, *buffer = enlarged([numbers, *(buffer or columns(sample))], size)
            place, held = held, held + 1
        else:
            place = int(rng.random() * size)  # rng.integers(size) takes three times as long, 2.1 µs
            yield int(numbers[place]), tuple(part[place] for part in buffer)
        numbers[place] = number
        write(buffer, place, sample)
    for place in rng.permutation(held):
        yield int(numbers[place]), tuple(part[place] for part in buffer)


def batched(samples: Iterator[tuple[int, Sample]], size: int, drop_last: bool) -> Iterator[Numbered]:
    """The samples, copied into new arrays, and their numbers, batch by batch."""
    held = full = 0
    for number, sample in samples:
        if held == 0:
            numbers, batch = np.empty(0, np.intp), columns(sample)
        if held == len(numbers):
            numbers, *batch = enlarged([numbers, *batch], size)
        numbers[held] = number
        write(batch, held, sample)
        held += 1
        if held == size:
            yield numbers, tuple(batch)
            held, full = 0, full + 1
    if held and not drop_last:
        yield numbers[:held], tuple(part[:held] for part in batch)
    elif not full:
        raise ValueError(
            f"StreamLoader: drop_last=True leaves no batch: the source has {held} samples, batch_size is {size}"
        )


def columns(sample: Sample) -> list[Array]:
    """Arrays for samples like this one, as yet for none."""
    return [np.empty((0, *part.shape), part.dtype) for part in sample]


def enlarged(columns: list[Array], most: int) -> list[Array]:
    """The arrays with twice the room, at first for 1,024, up to most, which may be more than there ever are samples."""
    held = len(columns[0])
    size = min(max(2 * held, 1024), most)
    larger = [np.empty((size, *part.shape[1:]), part.dtype) for part in columns]
    for new, old in zip(larger, columns, strict=True):
        new[:held] = old
    return larger


def write(columns: list[Array], place: int, sample: Sample) -> None:
    """Copy a sample to its place: the source may use its arrays again."""
    for column, part in zip(columns, sample, strict=True):
        column[place] = part


def as_sample(made: Any, number: int) -> Sample:
    """What a source made as arrays of numbers, x and y or x alone."""
    if isinstance(made, list) and len(made) == 2 and getattr(made[0], "ndim", 0) != getattr(made[1], "ndim", 0):
        raise ValueError(f"StreamLoader: a sample is a tuple (x, y); sample {number} is a list [x, y]")
    parts = made if isinstance(made, tuple) else (made,)
    if len(parts) not in (1, 2):
        raise ValueError(f"StreamLoader: a sample is a tuple (x, y), or x alone; sample {number} is of {len(parts)}")
    for part in parts:
        if not (isinstance(part, NUMPYS) and part.dtype.kind in "biuf"):
            names = [f"{name} of sample {number}" for name in "xy"]
            return tuple(as_array(part, name) for name, part in zip(names, parts, strict=False))
    return parts


def advice(sample: Sample, first: Sample) -> str:
    """A last batch is shorter than the first one, in x as in y."""
    lengths = [[len(part) for part in parts if part.ndim] for parts in (sample, first)]
    inner = [[part.shape[1:] for part in parts] for parts in (sample, first)]
    if inner[0] != inner[1] or not all(len(found) == 2 and len(set(found)) == 1 for found in lengths):
        return ""
    return ": if these are batches, let the source give one sample at a time, StreamLoader makes the batches"


def described(sample: Sample) -> str:
    return " with ".join(f"{name} {part.shape} {part.dtype}" for name, part in zip("xy", sample, strict=False))
