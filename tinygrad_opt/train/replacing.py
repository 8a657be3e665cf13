"""A file replaced as a whole: whatever happens meanwhile, its name stands for the old content or the new, all of it."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

if sys.platform != "win32":
    import fcntl

Piece = bytes | memoryview


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
    descriptor, temporary = begun(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with contextlib.suppress(FileNotFoundError):
                shutil.copymode(target, temporary)
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(descriptor)
            if sys.platform == "win32":
                file.close()  # an open file cannot be renamed there; elsewhere it stays locked until it is
            os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(target.parent)


def begun(target: Path) -> tuple[int, Path]:
    """A new temporary file, open and locked: the lock tells others that who writes it is alive."""
    while True:
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        if is_ours(descriptor):
            return descriptor, temporary
        os.close(descriptor)


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
    pattern = f".{glob.escape(target.name)}.{'[0-9a-f]' * 16}.part"
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
    """Put the new name itself on the disk, where the system can do that."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot; the file is whole either way
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
