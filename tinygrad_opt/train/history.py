"""What a run reported, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Never


class History(dict[str, list[Any]]):
    """The logs of every epoch, a dict: ``history["loss"]`` is a list with one number an epoch, None where it has none.

    It is one so that ``pandas.DataFrame(history)`` and ``json.dumps(history)`` take it as it is.

    epochs       how many there were
    epoch        their numbers, from 0
    history      the same lists as a dict of its own, where Keras has it
    interrupted  whether Ctrl-C ended the run
    stopped      why a callback ended it, or None

    >>> history = History()
    >>> history.append(0, {"loss": 0.7})
    >>> history.append(1, {"loss": 0.5, "val_loss": 0.6})
    >>> history["loss"], history["val_loss"]
    ([0.7, 0.5], [None, 0.6])
    >>> history.epochs, list(history)
    (2, ['loss', 'val_loss'])
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.interrupted = False
        self.stopped: str | None = None

    @property
    def epochs(self) -> int:
        return len(self.epoch)

    @property
    def history(self) -> dict[str, list[Any]]:
        return dict(self)

    def append(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Add the logs of one epoch."""
        for name in logs:
            self.setdefault(name, [None] * self.epochs)
        for name, values in self.items():
            values.append(logs.get(name))
        self.epoch.append(epoch)

    def __missing__(self, name: str) -> Never:
        raise KeyError(f"{name} was not logged; there are {', '.join(self) or 'no logs'}")

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {brief(values[-1])}" for name, values in self.items())
        interrupted = ", interrupted" if self.interrupted else ""
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        return f"<History of {epochs}{interrupted}{': ' + last if last else ''}>"

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": list(self.epoch), "history": {name: list(values) for name, values in self.items()}}

    def load_state_dict(self, state: Any) -> None:
        epoch = list(state["epoch"])
        history = {name: list(values) for name, values in state["history"].items()}
        self.clear()
        self.update(history)
        self.epoch = epoch


def brief(x: Any) -> str:
    return f"{x:.4g}" if isinstance(x, float) else str(x)
