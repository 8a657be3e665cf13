"""Callbacks: what is called while a run goes on, and how many are called in order."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ...spelling import meant

if TYPE_CHECKING:
    from ...nn import Module
    from ..run import Run


class Callback:
    """What a run calls on its way: subclass it and write the hooks that you need.

    Order: on_train_begin, then for each epoch on_epoch_begin, for each batch on_train_batch_begin and
    on_train_batch_end, for validation on_test_begin, its batches' on_test_batch_begin and on_test_batch_end, and
    on_test_end, then on_epoch_end; at last on_train_end.  Epochs and batches count from 0.  logs is a dict of numbers:
    of the batch, or at the end of an epoch its means; what a hook adds to those is logged.  Beside Keras' hooks,

    on_gradients(batch, logs)  comes between the backward pass and the step, which takes the gradients as they are then.
                               Where an optimizer asks for them several times in a step, as SAM and LBFGS do, it comes
                               each time, and what is added to logs the first time is logged
    on_save()                  comes after a batch or an epoch and all its other hooks, the history included: all that
                               is saved then belongs to one moment.  Where Ctrl-C ends the run, it is the last
                               time, and ``run.history.interrupted`` is True
    on_close()                 is called however the run ends, by an error too, and after evaluate and predict

    run      the `Run`: ``self.run.stop("why")`` ends it after the batch or epoch, `self.run.optimizer` is at hand.
             In evaluate and predict it has the model, but nothing of a training
    model    the model
    first    True for what changes the model for the others: it is called before them
    kept     the names of the attributes that a saved run keeps, for one that is to go on where that stopped

    Instead of kept, one may write state_dict() and load_state_dict().  Names that begin with on_ are those of hooks:
    another one is refused when the run is made.

    >>> class Shout(Callback):
    ...     def on_epoch_end(self, epoch, logs):
    ...         print(f"epoch {epoch + 1}: {logs['loss']:.2f}!")
    """

    run: Run
    first = False
    kept: tuple[str, ...] = ()

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

    def on_gradients(self, batch: int, logs: dict[str, Any]) -> None: ...
    def on_save(self) -> None: ...
    def on_close(self) -> None: ...

    def state_dict(self) -> dict[str, Any]:
        return {name: copy.deepcopy(getattr(self, name)) for name in self.kept}

    def load_state_dict(self, state: Any) -> None:
        if set(state) != set(self.kept):
            raise ValueError(
                f"the state of {type(self).__name__} is one of {', '.join(self.kept) or 'nothing'}; "
                f"the saved one has {', '.join(state) or 'nothing'}"
            )
        for name, value in state.items():
            setattr(self, name, copy.deepcopy(value))

    def has_state(self) -> bool:
        """Whether there is something to save."""
        return bool(self.kept) or has(self, "state_dict")


HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


class LambdaCallback(Callback):
    """A callback of functions, by the names of the hooks.

    Raises TypeError for a name that no hook has.

    >>> show = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    """

    def __init__(self, **hooks: Callable[..., Any]):
        for name, function in hooks.items():
            if name not in HOOKS:
                raise TypeError(no_hook(name))
            if not callable(function):
                raise TypeError(f"LambdaCallback: {name} is a function; got {function!r}")
            setattr(self, name, function)


class Callbacks:
    """The hooks of several callbacks: ``callbacks("on_epoch_end", epoch, logs)`` calls each that has one, in order.

    A hook that nobody wrote costs nothing more than a look at an empty list.
    """

    def __init__(self, callbacks: Iterable[Callback], run: Any):
        self.all = sorted(map(checked, callbacks), key=lambda callback: not callback.first)
        for callback in self.all:
            callback.run = run
        self.hooks: dict[str, list[Callable[..., None]]] = {
            name: [getattr(callback, name) for callback in self.all if has(callback, name)] for name in HOOKS
        }

    def __call__(self, hook: str, *args: Any) -> None:
        for call in self.hooks[hook]:
            call(*args)

    def closed_after(self) -> contextlib.ExitStack:
        """on_close of every callback at the end of a block, in order, however it ends and whatever they raise."""
        stack = contextlib.ExitStack()
        for close in reversed(self.hooks["on_close"]):
            stack.callback(close)
        return stack


def checked(callback: Any) -> Callback:
    if not isinstance(callback, Callback):
        advice = f": write {callback.__name__}()" if isinstance(callback, type) else ""
        raise TypeError(f"callbacks are instances of train.Callback; got {callback!r}{advice}")
    for name in dir(type(callback)):
        if name.startswith("on_") and name not in HOOKS:
            raise TypeError(no_hook(name, f" of {type(callback).__name__}"))
    return callback


def no_hook(name: str, where: str = "") -> str:
    """What is said of a name that no hook has: it would never be called."""
    return f"there is no hook {name!r}{where}{meant(name, HOOKS) or ': there are ' + ', '.join(HOOKS)}"


def has(callback: Callback, hook: str) -> bool:
    """Whether a callback has written that method."""
    own = getattr(callback, hook)
    return getattr(own, "__func__", own) is not vars(Callback)[hook]
