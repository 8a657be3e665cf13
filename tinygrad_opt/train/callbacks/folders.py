"""Whether there is a place to write to: asked when a run begins, not found out when it has something to lose."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ..files import FilePath


def refuse_unwritable(asker: str, path: FilePath) -> None:
    """Raise OSError, of the system's kind and with its reason, if no file can be made in the folder of a path.

    Where there is no such folder yet, the one in which it would be made is asked; nothing is left there.
    """
    folder = Path(os.path.realpath(path)).parent
    there = next((above for above in (folder, *folder.parents) if os.path.exists(above)), folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise OSError(error.errno, f"{asker} cannot write in the folder {there}: {error.strerror}") from None
