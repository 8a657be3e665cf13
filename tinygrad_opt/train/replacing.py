"""A file replaced as a whole: whatever happens meanwhile, its name stands for the old content or the new, all of it."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

Piece = bytes | memoryview
LONGEST = 255
"""Bytes of a file's name, on all file systems in use."""


def replace(path: Path, pieces: Sequence[Piece]) -> None:
    """Write the pieces, one after the other, in the place of a file, or as a new one.

    They go to a temporary file in the same folder, to the disk itself, and only then take the name: a process that is
    killed and a machine that loses power leave the file from before.  Temporary files of killed processes are removed.
    A symbolic link goes on to point where it did: what it points to is replaced.
    Raises OSError, of the kind that the system gave, with the path, the reason, and what stands now.
    """
    target = Path(os.path.realpath(path))
    try:
        remove_abandoned(target)
        write(target, pieces)
    except OSError as error:
        stands = "the file from before stands unchanged" if os.path.exists(target) else "there is no such file"
        raise OSError(error.errno, f"cannot save {path}: {error.strerror}; {stands}") from None


def write(target: Path, pieces: Sequence[Piece]) -> None:
    with begun(target) as (file, temporary):
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(target, temporary)
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
        if sys.platform == "win32":
            file.close()  # an open file cannot be renamed there; elsewhere it stays locked until it is
        os.replace(temporary, target)
    sync_folder(target.parent)


@contextlib.contextmanager
def begun(target: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new temporary file, open and locked: the lock tells others that who writes it is alive.

    However the block ends, at whatever moment an error or Ctrl-C comes, the file is closed, and gone if it has no name
    of its own by then.
    """
    while True:
        temporary = target.with_name(f"{stem(target)}{secrets.token_hex(8)}.part")
        try:
            with open(temporary, "xb") as file:
                if is_ours(file.fileno()):
                    yield file, temporary
                    return
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise


def stem(target: Path) -> str:
    """How the names of temporary files begin: with that of the file, as much of it as leaves room for the rest."""
    name = target.name
    while len(os.fsencode(name)) > LONGEST - len("..0123456789abcdef.part"):
        name = name[:-1]
    return f".{name}."


def is_ours(descriptor: int) -> bool:
    """Whether no other process came between the making of a file and its locking, to remove it as abandoned."""
    try:
        lock(descriptor)
    except BlockingIOError:
        return False
    except OSError:  # no locks on this file system: none is removed there
        return True
    return os.fstat(descriptor).st_nlink > 0


def remove_abandoned(target: Path) -> None:
    """Remove the temporary files of processes that were killed: those that nobody holds locked."""
    pattern = f"{glob.escape(stem(target))}{'[0-9a-f]' * 16}.part"
    for temporary in target.parent.glob(pattern):
        with contextlib.suppress(OSError):  # held by a process that writes it, or gone meanwhile
            remove_unlocked(temporary)


def remove_unlocked(temporary: Path) -> None:
    if sys.platform == "win32":
        temporary.unlink()  # fails there while a process holds it open
        return
    descriptor = os.open(temporary, os.O_RDONLY)
    try:
        lock(descriptor)
        temporary.unlink()
    finally:
        os.close(descriptor)


def lock(descriptor: int) -> None:
    """Take the file for this process until it is closed; OSError if another has it."""
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def sync_folder(folder: Path) -> None:
    """Put the new name itself on the disk, where the system can do that; the file is whole either way."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):  # a folder that may not be read, and some network file systems
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
