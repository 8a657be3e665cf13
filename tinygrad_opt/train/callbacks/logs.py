"""Callbacks that write the logs of each epoch: to a table, and to a server."""

from __future__ import annotations

import csv
import http.client
import io
import json
import math
import os
import urllib.parse
import urllib.request
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...settings import flag
from ..files import FilePath
from .base import Callback
from .folders import refuse_unwritable
from .known import Known

TIMEOUT = 5.0  # seconds: a server that does not answer must not hold up the training for long


class CSVLogger(Known):
    """Writes a table with one row an epoch, at once, which spreadsheets and ``pandas.read_csv`` open.

    filename   the file; a run that is resumed goes on in it, after the last epoch that counts
    separator  between the columns
    append     whether to go on in a file that is there, whose columns must be the same

    Columns are epoch, from 0, and the logs of the first epoch, in alphabetical order; what a later epoch lacks is NA.
    Callbacks that log something themselves are listed before this one.

    >>> table = CSVLogger("log.csv", separator=";")
    """

    kept = ("columns", "length")

    def __init__(self, filename: FilePath, separator: str = ",", append: bool = False):
        if not isinstance(separator, str) or len(separator) != 1 or separator in '\r\n"':
            raise ValueError(f"CSVLogger: separator is one character, no quote or end of line; got {separator!r}")
        self.path, self.separator = Path(filename), separator
        self.append = flag("CSVLogger", "append", append)
        self.reset()

    def settings(self) -> dict[str, Any]:
        """The name alone: a run that was moved to another folder goes on there."""
        return {"filename": self.path.name}

    def reset(self) -> None:
        self.columns: list[str] | None = None
        self.length = 0

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        if self.run.fresh:
            self.reset()
            if self.append and self.path.exists():
                self.length = self.path.stat().st_size
        self.refuse_unwritable()

    def refuse_unwritable(self) -> None:
        """Raise OSError if the table cannot be written: one that is there may be, in a folder that may not."""
        if not self.path.exists():
            return refuse_unwritable("CSVLogger", self.path)
        try:
            self.path.open("r+b").close()
        except OSError as error:
            raise OSError(error.errno, f"CSVLogger cannot write {self.path}: {error.strerror}") from None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        if self.columns is None:
            self.begin(sorted(logs))
        elif not self.path.exists():  # resumed, and the table of before is elsewhere
            self.begin(self.columns)
        self.write([epoch, *(logs.get(name, "NA") for name in self.columns or ())])

    def begin(self, columns: list[str]) -> None:
        """Go on after the table that was there, length bytes of it, or write the header of a new one."""
        self.columns = columns
        if self.length and self.path.exists():
            with open(self.path, newline="", encoding="utf-8") as file:
                header = next(csv.reader(file, delimiter=self.separator))
            if header != ["epoch", *columns]:
                self.columns = None
                raise ValueError(
                    f"CSVLogger: {self.path} has the columns {', '.join(header)}; this run logs epoch, "
                    f"{', '.join(columns)}: write to another file"
                )
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(b"")
            self.length = 0
            self.write(["epoch", *columns])

    def write(self, row: Sequence[Any]) -> None:
        """Add a row; those of epochs that a resumed run goes through again are dropped."""
        text = io.StringIO()
        csv.writer(text, delimiter=self.separator, lineterminator="\n").writerow(row)
        with open(self.path, "r+b") as file:
            end = file.truncate(min(self.length, os.path.getsize(self.path)))
            file.seek(max(end - 1, 0))
            is_ended = file.read(1) in (b"", b"\n")
            file.write(b"" if is_ended else b"\n")
            file.write(text.getvalue().encode())
            self.length = file.tell()


class RemoteMonitor(Callback):
    """Posts the logs of each epoch to a server, as JSON.

    root, path    its address, http or https, and the place there
    field         the name of the form's field that has the JSON
    headers       further headers of the request
    send_as_json  whether the body is the JSON itself rather than a form

    The first failure is a warning, the others are silent, and training goes on.  nan and inf, which JSON does not have,
    are null.  Raises ValueError for what can be no address.

    >>> monitor = RemoteMonitor("http://localhost:9000", send_as_json=True)
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ):
        if not root.startswith(("http://", "https://")):
            raise ValueError(f"RemoteMonitor: root begins with http:// or https://; got {root!r}")
        refuse_no_address(root)
        self.url, self.field, self.headers = root + path, field, dict(headers or {})
        self.send_as_json = flag("RemoteMonitor", "send_as_json", send_as_json)
        self.warned = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        try:
            self.post(json.dumps({"epoch": epoch, **{name: in_json(value) for name, value in logs.items()}}))
        except (OSError, http.client.HTTPException, TypeError, ValueError) as error:  # urllib's own are OSErrors
            if not self.warned:
                self.warned = True
                warnings.warn(f"RemoteMonitor cannot post to {self.url}: {error}; training goes on", stacklevel=2)

    def post(self, text: str) -> None:
        kind, body = "application/json", text
        if not self.send_as_json:
            kind, body = "application/x-www-form-urlencoded", urllib.parse.urlencode({self.field: text})
        request = urllib.request.Request(self.url, body.encode(), {"Content-Type": kind, **self.headers})
        urllib.request.urlopen(request, timeout=TIMEOUT).close()


def refuse_no_address(root: str) -> None:
    """Raise ValueError for an address that no request can be sent to."""
    try:
        parts = urllib.parse.urlsplit(root)
        host = (parts.hostname or "").encode("idna")
        if not host or parts.port == 0 or any(c <= " " for c in root):
            raise ValueError("it needs the name of a server, and has no spaces")
    except ValueError as error:
        raise ValueError(f"RemoteMonitor: {root!r} is no address of a server: {error}") from None


def in_json(value: Any) -> Any:
    """Numbers and arrays of NumPy as Python's own, and what is not finite as null."""
    plain = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
    if isinstance(plain, list):
        return [in_json(part) for part in plain]
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
