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
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(f"CSVLogger: separator is one character; got {separator!r}")
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

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        if self.columns is None:
            self.begin(sorted(logs))
        elif not self.path.exists():  # resumed, and the table of before is elsewhere
            self.begin(self.columns)
        self.write([epoch, *(logs.get(name, "NA") for name in self.columns or ())])

    def begin(self, columns: list[str]) -> None:
        """Find the end of the table there is, or write the header of a new one."""
        self.columns = columns
        if self.append and self.path.exists() and self.path.stat().st_size:
            with open(self.path, newline="", encoding="utf-8") as file:
                header = next(csv.reader(file, delimiter=self.separator))
            if header != ["epoch", *columns]:
                self.columns = None
                raise ValueError(
                    f"CSVLogger: {self.path} has the columns {', '.join(header)}; this run logs epoch, "
                    f"{', '.join(columns)}: write to another file"
                )
            self.length = self.path.stat().st_size
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
            file.truncate(min(self.length, os.path.getsize(self.path)))
            file.seek(0, os.SEEK_END)
            file.write(text.getvalue().encode())
            self.length = file.tell()


class RemoteMonitor(Callback):
    """Posts the logs of each epoch to a server, as JSON.

    root, path    its address, http or https, and the place there
    field         the name of the form's field that has the JSON
    headers       further headers of the request
    send_as_json  whether the body is the JSON itself rather than a form

    The first failure is a warning, the others are silent, and training goes on.  nan and inf, which JSON does not have,
    are null.

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
        self.url, self.field, self.headers = root + path, field, dict(headers or {})
        self.send_as_json = flag("RemoteMonitor", "send_as_json", send_as_json)
        self.warned = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        text = json.dumps({"epoch": epoch, **{name: in_json(value) for name, value in logs.items()}})
        kind, body = "application/json", text
        if not self.send_as_json:
            kind, body = "application/x-www-form-urlencoded", urllib.parse.urlencode({self.field: text})
        request = urllib.request.Request(self.url, body.encode(), {"Content-Type": kind, **self.headers})
        try:
            urllib.request.urlopen(request, timeout=TIMEOUT).close()
        except (OSError, http.client.HTTPException) as error:  # urllib's own are OSErrors
            if not self.warned:
                self.warned = True
                warnings.warn(f"RemoteMonitor cannot reach {self.url}: {error}; training goes on", stacklevel=2)


def in_json(value: Any) -> Any:
    number = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(number, float) and not math.isfinite(number) else number
