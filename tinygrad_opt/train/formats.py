"""The two formats of a file, .npz and .safetensors: a text and arrays by name, and a digest over every byte.

The digest, SHA-256 as 64 hexadecimal digits, stands in the file itself: at the end of an .npz, in the comment of the
zip archive; in the metadata of a .safetensors.  It is that of all bytes of the file, with zeros in its own place, so
that one changed byte, wherever it is, is seen.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np

from .replacing import Piece
from .structure import Array

BLANK = b"0" * 64
MARK = b"sha256:"
SHOWN = 16
Shapes = Mapping[str, tuple[int, ...]]
"""The arrays that are wanted of another program's file; of others it matters only that they are there."""

HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class Content(NamedTuple):
    """What a file holds; text is None in one that another program wrote."""

    text: str | None
    arrays: dict[str, Array]


class Format(Protocol):
    """How a text and arrays lie in the bytes of a file."""

    reserved: str

    def packed(self, text: str, arrays: dict[str, Array]) -> memoryview:
        """The bytes of a file, with zeros in the digest's place."""

    def digest_at(self, data: memoryview) -> int | None:
        """Where the digest begins; None if it has none.  ValueError, which goes on "it ...", for another format."""

    def unpacked(self, data: bytes, wanted: Shapes | None) -> Content:
        """What the bytes hold; whatever error there comes from reading them if they are none of its files."""


class Npz:
    """NumPy's own: a zip archive of .npy files, which np.load reads."""

    reserved = "structure.json"

    def packed(self, text: str, arrays: dict[str, Array]) -> memoryview:
        file = io.BytesIO()
        archive = zipfile.ZipFile(file, "w")
        try:
            archive.comment = MARK + BLANK
            archive.writestr(zipfile.ZipInfo(self.reserved), text)
            for name, array in arrays.items():
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
            archive.close()
        except BaseException:
            archive.fp = None  # bytes in memory need no close, and one within a member would hide this error
            raise
        return file.getbuffer()

    def digest_at(self, data: memoryview) -> int | None:
        if bytes(data[:2]) != b"PK":
            raise ValueError(f"it is no .npz file: it begins with {bytes(data[:SHOWN])!r}")
        at = len(data) - len(BLANK)
        return at if bytes(data[:at][-len(MARK) :]) == MARK else None

    def unpacked(self, data: bytes, wanted: Shapes | None) -> Content:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            names = file.files
            if len(set(names)) < len(names):
                raise ValueError(f"it has {Counter(names).most_common(1)[0][0]} more than once")
            is_foreign = self.reserved not in names
            unfit = misfits(data, wanted) if is_foreign and wanted is not None else {}
            content: dict[str, Any] = {name: unfit[name] if name in unfit else file[name] for name in names}
        text = content.pop(self.reserved, None)
        return Content(None if text is None else text.decode(), content)


def misfits(data: bytes, wanted: Shapes) -> dict[str, Array]:
    """Zeros without memory in the place of the arrays of an .npz that have not the shape that is wanted.

    A small file may be packed so that its arrays fill the memory, before it is seen that they do not fit.
    """
    found = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for path in archive.namelist():
            if not path.endswith(".npy"):
                continue
            with archive.open(path) as member:
                shape, _, dtype = HEADERS[np.lib.format.read_magic(member)](member)
            name = path.removesuffix(".npy")
            if wanted.get(name) != shape:
                found[name] = np.broadcast_to(np.zeros((), dtype), shape)
    return found


class Safetensors:
    """A header of JSON, then the numbers of all arrays; PyTorch and others read it through its library."""

    reserved = "__metadata__"
    own = "tinygrad_opt"
    digest = "tinygrad_opt.sha256"
    mark = f'"{digest}":"'.encode()  # once only: quotes within names and texts have a backslash before them

    def packed(self, text: str, arrays: dict[str, Array]) -> memoryview:
        return memoryview(safetensors_library().save(arrays, {self.own: text, self.digest: BLANK.decode()}))

    def digest_at(self, data: memoryview) -> int | None:
        at = self.header(data).find(self.mark)
        return None if at < 0 else 8 + at + len(self.mark)

    def unpacked(self, data: bytes, wanted: Shapes | None) -> Content:
        header = json.loads(self.header(memoryview(data)))
        try:
            return Content(header.get(self.reserved, {}).get(self.own), safetensors_library().load(data))
        except KeyError as error:
            raise TypeError(f"it has tensors of {error.args[0]}, for which NumPy has no dtype") from None

    @staticmethod
    def header(data: memoryview) -> bytes:
        """The JSON, whose length stands before it in 8 bytes."""
        length = int.from_bytes(data[:8], "little")
        if bytes(data[8:9]) != b"{":
            raise ValueError(f"it is no .safetensors file: it begins with {bytes(data[:SHOWN])!r}")
        if len(data) < 8 + length:
            raise ValueError(f"it is cut off: {len(data):,} bytes, of which the header alone should have {length:,}")
        return bytes(data[8 : 8 + length])


FORMATS: dict[str, Format] = {".npz": Npz(), ".safetensors": Safetensors()}


def safetensors_library() -> ModuleType:
    try:
        import safetensors.numpy
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("safetensors"):  # it is there, and what it needs is not
            raise ImportError(f"the library safetensors cannot be imported here: {error}") from error
        raise ImportError(
            "files that end in .safetensors need its library: pip install 'tinygrad_opt[safetensors]'; "
            "those that end in .npz need nothing"
        ) from None
    return safetensors.numpy


def packed(kind: Format, text: str, arrays: dict[str, Array]) -> list[Piece]:
    """The pieces of a file, with the digest where zeros were kept for it."""
    data = kind.packed(text, arrays)
    at = kind.digest_at(data)
    assert at is not None
    return [data[:at], digest(data, at), data[at + len(BLANK) :]]


def unpacked(kind: Format, data: bytes, wanted: Shapes | None = None) -> Content:
    """What a file holds; ValueError, which goes on "it ...", for one that was not written like this."""
    if not data:
        raise ValueError("it is empty, 0 bytes")
    at = kind.digest_at(memoryview(data))
    if at is not None:
        check_digest(data, at)
    try:
        content = kind.unpacked(data, wanted)
    except Exception as error:  # those who read bytes of other programs raise anything
        raise ValueError(f"it cannot be read, is it cut off? {type(error).__name__}: {error}") from None
    if (content.text is None) != (at is None):
        missing = "structure" if content.text is None else "digest"
        raise ValueError(f"it is damaged: its {missing} is missing")
    if odd := [name for name, array in content.arrays.items() if not isinstance(array, np.ndarray)]:
        raise ValueError(f"it holds what is no array: {odd[0]}")
    return content


def check_digest(data: bytes, at: int) -> None:
    kept, seen = data[at : at + len(BLANK)], digest(memoryview(data), at)
    if kept != seen:
        raise ValueError(
            f"it is damaged or cut off: the SHA-256 of its {len(data):,} bytes is {seen[:SHOWN].decode()}..., "
            f"and was {kept[:SHOWN].decode('ascii', 'backslashreplace')}..."
        )


def digest(data: memoryview, at: int) -> bytes:
    """SHA-256 of a file, as text; its own place counts as zeros."""
    sha = hashlib.sha256(data[:at])
    sha.update(BLANK)
    sha.update(data[at + len(BLANK) :])
    return sha.hexdigest().encode()
