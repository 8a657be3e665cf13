"""What a run reported, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class History:
    """The logs of every epoch: ``history["loss"]`` is a list with one number an epoch, None where there was none.

    epoch        the numbers of the epochs, from 0
    history      the same lists as a dict, as Keras has it
    interrupted  whether Ctrl-C ended the run
    stopped      why a callback ended it, or None

    >>> history = History()
    >>> history.append(0, {"loss": 0.7})
    >>> history.append(1, {"loss": 0.5, "val_loss": 0.6})
    >>> history["loss"], history["val_loss"]
    ([0.7, 0.5], [None, 0.6])
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}
        self.interrupted = False
        self.stopped: str | None = None

    def append(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Add the logs of one epoch."""
        for name in logs:
            self.history.setdefault(name, [None] * len(self.epoch))
        for name, values in self.history.items():
            values.append(logs.get(name))
        self.epoch.append(epoch)

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self.history:
            raise KeyError(f"{name} was not logged; there are {', '.join(self.history) or 'no logs'}")
        return self.history[name]

    def __contains__(self, name: object) -> bool:
        return name in self.history

    def __iter__(self) -> Iterator[str]:
        return iter(self.history)

    def __len__(self) -> int:
        return len(self.epoch)

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {brief(values[-1])}" for name, values in self.history.items())
        return f"<History of {len(self)} epochs{': ' + last if last else ''}>"

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": list(self.epoch), "history": {name: list(v) for name, v in self.history.items()}}

    def load_state_dict(self, state: Any) -> None:
        self.epoch = list(state["epoch"])
        self.history = {name: list(values) for name, values in state["history"].items()}


def brief(x: Any) -> str:
    return f"{x:.4g}" if isinstance(x, float) else str(x)
