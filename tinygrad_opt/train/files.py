"""Files of nested plain data with arrays: written whole or not at all, and read only if every byte is as written.

They are ordinary .npz and .safetensors files, which other programs read; nothing in them is a pickle, so that loading
one runs no code that it brings.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .formats import FORMATS, Content, Format, Shapes, packed, unpacked
from .replacing import replace
from .structure import put_together, taken_apart

FilePath = str | os.PathLike[str]


def save(path: FilePath, state: Any) -> None:
    """Write nested plain data to a file: .npz or .safetensors, as the path ends.

    state  dicts with text as keys, lists, tuples (which become lists), integers of any size, floats, bools, None,
           text, and NumPy arrays of float, integer and bool.  NumPy's scalars become Python's numbers

    np.load and safetensors find each array under its path, such as "model.0.weight", and the structure as JSON under
    "structure.json" or in the metadata.  The file is put together in memory, written beside the old one, and takes its
    place at once.

    Raises TypeError, with the path within the state, for what is no plain data; ValueError for another ending;
    OSError if it cannot be written, and then the file from before stands; ImportError without the extra safetensors.

    >>> import tempfile
    >>> import numpy as np
    >>> path = Path(tempfile.mkdtemp()) / "run.npz"
    >>> save(path, {"epoch": 3, "model": {"0.weight": np.ones((1, 2))}, "loss": [0.5, float("inf")]})
    >>> load(path)
    {'epoch': 3, 'model': {'0.weight': array([[1., 1.]])}, 'loss': [0.5, inf]}
    >>> np.load(path)["model.0.weight"]
    array([[1., 1.]])
    """
    kind = format_of(path)
    replace(Path(path), packed(kind, *taken_apart(state, kind.reserved)))


def load(path: FilePath, *, foreign: bool = False, wanted: Shapes | None = None) -> Any:
    """What `save` wrote, bit for bit.

    foreign  whether to take files of other programs too, as a dict of their arrays; those have no digest
    wanted   the shapes of those arrays by name, if they are known: others in an .npz are not unpacked, and are zeros

    Raises ValueError, with what is wrong and what was seen, for a file that is damaged, cut off, empty, of another
    program or of a newer version; FileNotFoundError if there is none.
    """
    content = content_of(path, wanted)
    try:
        if content.text is None and foreign:
            return content.arrays
        if content.text is None:
            raise ValueError(f"another program wrote it; its arrays are {listed(content.arrays)}")
        return put_together(content.text, content.arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(refused(path, error)) from None


def content_of(path: FilePath, wanted: Shapes | None = None) -> Content:
    """The text and arrays in a file, its digest checked if it has one; ValueError for what is no such file."""
    kind = format_of(path)
    data = Path(path).read_bytes()
    try:
        return unpacked(kind, data, wanted)
    except ValueError as error:
        raise ValueError(refused(path, error)) from None


def format_of(path: FilePath) -> Format:
    """The format that a path's ending says; ValueError for another ending."""
    ending = Path(path).suffix
    if ending not in FORMATS:
        raise ValueError(f"a file is {' or '.join(FORMATS)}, as its name ends; got {os.fspath(path)!r}")
    return FORMATS[ending]


def refused(path: FilePath, why: object) -> str:
    reason = f"it lacks {why}" if isinstance(why, KeyError) else str(why)
    return f"cannot load {os.fspath(path)}: {reason}"


def listed(names: Collection[str], most: int = 4) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(list(names)[:most]) or "none") + more
