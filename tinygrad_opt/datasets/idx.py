"""Files in the IDX format, in which MNIST is published: arrays of numbers of one type."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# fmt: off
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The third byte of a file, and the type of its entries: all are written with the most significant byte first."""
# fmt: on

GZIP = b"\x1f\x8b"


def read_idx(path: str | Path) -> Array:
    """The array in an IDX file, gzip or not, whatever its name; uint8, int8, int16, int32, float32 or float64.

    The format: two bytes 0, one for the type, one for the number of axes; the length of each axis in four bytes; the
    entries, the last axis fastest.  Integers have their most significant byte first.
    Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database, "The IDX file format".
    Raises ValueError, which names the file, what was expected and what was seen, for a file of another format, one
    that is cut off or goes on after the last entry, a shape that no array has, and damaged gzip data.
    """
    content = unpacked(Path(path))
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES:
        raise ValueError(
            f"{path} is no IDX file: expected to begin with 00 00, a type ({', '.join(f'{t:02x}' for t in TYPES)}) "
            f"and the number of axes; seen {content[:4].hex(' ') or 'nothing'}"
        )
    dtype, ndim = np.dtype(TYPES[content[2]]), content[3]
    begin = 4 + 4 * ndim
    if len(content) < begin:
        raise ValueError(
            f"{path} is cut off: expected {begin} bytes that tell the lengths of {ndim} axes; seen {len(content)}"
        )
    shape = tuple(np.frombuffer(content, ">u4", ndim, 4).tolist())
    expected, seen = begin + math.prod(shape) * dtype.itemsize, len(content)
    if seen != expected:
        what = "is cut off" if seen < expected else "goes on after its last entry"
        raise ValueError(f"{path} {what}: expected {expected} bytes for shape {shape}; seen {seen}")
    entries = np.frombuffer(content, dtype, offset=begin)
    try:
        return entries.reshape(shape).astype(dtype.newbyteorder("="))
    except ValueError as error:  # a damaged header may tell of any lengths, if one of them is 0
        raise ValueError(f"{path} has {ndim} axes of lengths that NumPy does not take: {error}") from None


def unpacked(path: Path) -> bytes:
    """What is in a file, or in the file that was packed by gzip."""
    content = path.read_bytes()
    if not content.startswith(GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path} is damaged: expected gzip data; seen {len(content)} bytes that do not unpack ({error}): "
            "fetch the file again"
        ) from None
