"""Callbacks: what is called while a run goes on, and how many are called in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...nn import Module
    from ..run import Run


class Callback:
    """What a run calls on its way: subclass it and write the hooks that you need.

    Order: on_train_begin, then for each epoch on_epoch_begin, for each batch on_train_batch_begin and
    on_train_batch_end, for validation on_test_begin, its batches' on_test_batch_begin and on_test_batch_end, and
    on_test_end, then on_epoch_end; at last on_train_end.  Epochs and batches count from 0.  logs is a dict of numbers:
    of the batch, or at the end of an epoch its means; what a hook adds to those is logged.

    run      the `Run`: ``self.run.stop("why")`` ends it after the batch or epoch, `self.run.optimizer` is at hand
    model    the model
    last     True for what saves: it is called after all others, the history included

    One that is to go on where a saved run stopped has state_dict() and load_state_dict().

    >>> class Shout(Callback):
    ...     def on_epoch_end(self, epoch, logs):
    ...         print(f"epoch {epoch + 1}: {logs['loss']:.2f}!")
    """

    run: Run
    last = False

    @property
    def model(self) -> Module:
        return self.run.model

    def on_train_begin(self, logs: dict[str, Any]) -> None: ...
    def on_train_end(self, logs: dict[str, Any]) -> None: ...
    def on_epoch_begin(self, epoch: int, logs: dict[str, Any]) -> None: ...
    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None: ...
    def on_train_batch_begin(self, batch: int, logs: dict[str, Any]) -> None: ...
    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None: ...
    def on_test_begin(self, logs: dict[str, Any]) -> None: ...
    def on_test_end(self, logs: dict[str, Any]) -> None: ...
    def on_test_batch_begin(self, batch: int, logs: dict[str, Any]) -> None: ...
    def on_test_batch_end(self, batch: int, logs: dict[str, Any]) -> None: ...
    def on_predict_begin(self, logs: dict[str, Any]) -> None: ...
    def on_predict_end(self, logs: dict[str, Any]) -> None: ...
    def on_predict_batch_begin(self, batch: int, logs: dict[str, Any]) -> None: ...
    def on_predict_batch_end(self, batch: int, logs: dict[str, Any]) -> None: ...

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Any) -> None:
        if state:
            raise ValueError(f"{type(self).__name__} has no state; the saved one has {', '.join(state)}")


HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


class Callbacks:
    """The hooks of several callbacks: ``callbacks("on_epoch_end", epoch, logs)`` calls each that has one, in order.

    Those that save come last, after the history has the epoch.  A hook that nobody wrote costs nothing more than a
    look at an empty list.
    """

    def __init__(self, callbacks: Iterable[Callback], run: Run):
        self.all = sorted(map(checked, callbacks), key=lambda callback: callback.last)
        for callback in self.all:
            callback.run = run
        self.hooks: dict[str, list[Callable[..., None]]] = {
            name: [getattr(callback, name) for callback in self.all if has(callback, name)] for name in HOOKS
        }
        watching = sum(not callback.last for callback in self.all if has(callback, "on_epoch_end"))
        self.hooks["on_epoch_end"].insert(watching, run.history.append)

    def __call__(self, hook: str, *args: Any) -> None:
        for call in self.hooks[hook]:
            call(*args)


def checked(callback: Any) -> Callback:
    if not isinstance(callback, Callback):
        advice = f": write {callback.__name__}()" if isinstance(callback, type) else ""
        raise TypeError(f"callbacks are instances of train.Callback; got {callback!r}{advice}")
    return callback


def has(callback: Callback, method: str) -> bool:
    """Whether a callback has written that method."""
    own = getattr(callback, method)
    return getattr(own, "__func__", own) is not vars(Callback)[method]
