"""Run: a model, an optimizer, data and callbacks, and the loop over epochs and batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from ..nn.module import Module
from .callbacks.base import Callback
from .checkpoint import load_checkpoint, save_checkpoint
from .evaluation import Evaluation, pair, refuse_drop_last
from .files import FilePath
from .history import History
from .interrupts import Interrupts
from .loader import Loader
from .metrics import Means, Metric, counted
from .steps import by_engine, by_program


class Stepping(Protocol):
    """What a run asks of an optimizer: those of `optim` have it, and what wraps them.

    needs_closure  whether step takes a function that computes the loss and its gradients anew, as often as it is called
    """

    @property
    def params(self) -> Sequence[Any]: ...
    @property
    def needs_closure(self) -> bool: ...
    def zero_grad(self) -> None: ...
    def step(self, loss: Any, /) -> Any: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: Any, /) -> Any: ...


class Run(Evaluation):
    """One training run: what callbacks see, and what a checkpoint saves.

    model, optimizer, loss, loader, validation, history   what it was made of
    epochs    how many there are to be
    epoch     epochs that are over: the number of the one under way
    batch     batches of this epoch that are over
    stopped   why a callback asked it to end, or None

    With compile=True forward and backward are run by a `program`; LBFGS and its like run it as often as they ask.
    Gradients are forgotten before each batch, not after it: callbacks see those of the step that was taken.
    """

    def __init__(
        self,
        model: Module,
        optimizer: Stepping,
        loss: Callable[[Any, Any], Any],
        loader: Loader,
        *,
        epochs: int,
        validation: Loader | None = None,
        metrics: Mapping[str, Metric] | None = None,
        callbacks: Iterable[Callback] = (),
        compile: bool = False,
    ):
        if validation is not None:
            refuse_drop_last("validation", validation)
        self.optimizer: Any = optimizer  # callbacks look at what this one has beside
        self.loader = loader
        self.epochs, self.validation = epochs, validation
        self.forward_backward = (by_program if compile else by_engine)(model, loss)
        self.epoch, self.batch = 0, 0
        self.means = Means()
        self.history = History()
        self.interrupts = Interrupts()
        self.stopped: str | None = None
        self.parameters = model.parameters()
        held = {id(p) for p in optimizer.params}
        self.others = [p for p in self.parameters if id(p) not in held]
        self.by_closure = optimizer.needs_closure
        super().__init__(model, loss, metrics=metrics, callbacks=callbacks)

    def stop(self, why: str) -> None:
        """End the run: after this batch its epoch is finished with validation and hooks, and no other begins.

        The first reason is the one that is kept.
        """
        if self.stopped is None:
            self.stopped = why

    # -- the loop ------------------------------------------------------------------------------
    def train(self) -> History:
        """Run all epochs that remain; Ctrl-C ends it at the border of a batch, with the history so far."""
        with self.callbacks.closed_after():
            self.history.interrupted = False
            self.callbacks("on_train_begin", {})
            with self.interrupts:
                self.train_epochs()
            self.history.interrupted |= self.interrupts.seen > 0  # after the last border too
            self.zero_grad()
            self.history.stopped = self.stopped
            self.callbacks("on_train_end", {name: values[-1] for name, values in self.history.items()})
        return self.history

    def train_epochs(self) -> None:
        """The epochs that remain, until a callback or Ctrl-C ends them."""
        try:
            while self.epoch < self.epochs and (self.stopped is None or self.batch) and not self.history.interrupted:
                self.train_epoch()
        except KeyboardInterrupt:
            if self.interrupts.seen > 1:  # it may have left a step half done
                raise
            self.history.interrupted = True

    def train_epoch(self) -> None:
        """The rest of the epoch under way: its batches, validation, and the hooks around them."""
        epoch = self.epoch
        if self.batch == 0:
            self.means.clear()
            self.callbacks("on_epoch_begin", epoch, {})
        if self.batch == 0 and self.stopped is not None:
            return  # an epoch that has no batch does not count
        if not self.model.training:  # else a part that was told eval(), such as a frozen BatchNorm, stays so
            self.model.train()
        self.train_batches(epoch)
        if self.history.interrupted:
            return
        logs = self.means.result()
        if self.validation is not None:
            logs |= {f"val_{name}": value for name, value in self.validated(self.validation).items()}
        self.epoch, self.batch = epoch + 1, 0
        self.callbacks("on_epoch_end", epoch, logs)
        self.history.append(epoch, logs)
        self.border()

    def train_batches(self, epoch: int) -> None:
        """The batches that remain of the epoch; none is asked for once the run is to end."""
        if self.stopped is not None:  # it goes on from where it was saved, in the batch that stopped it
            return
        for batch in self.loader.batches(epoch, start=self.batch):
            self.callbacks("on_train_batch_begin", self.batch, {})
            logs = self.train_batch(*pair("training", batch))
            number, self.batch = self.batch, self.batch + 1
            self.callbacks("on_train_batch_end", number, logs)
            self.border()
            if self.stopped is not None or self.history.interrupted:
                break

    def validated(self, loader: Loader) -> dict[str, float]:
        """`evaluate` of the validation data; an error says that it was there, as training may have gone well."""
        try:
            return self.evaluate(loader)
        except Exception as error:
            error.add_note(f"This was in the validation after epoch {self.epoch + 1}.")
            raise

    def border(self) -> None:
        """Between two batches, or epochs: what is saved now belongs to one moment, and Ctrl-C ends the run now."""
        self.history.interrupted = self.interrupts.seen > 0
        self.callbacks("on_save")

    def train_batch(self, x: Any, y: Any) -> dict[str, float]:
        """One step: forward, backward, update; the loss and the metrics of this batch.

        A batch in which no sample counts has a loss of nan, and so have its gradients: it is passed over.
        """
        samples = counted(x, y, self.ignored)
        if not samples:
            logs = self.nothing()
            self.means.add(logs, 0)
            return logs
        if self.by_closure:
            logs, prediction = self.step_by_closure(x, y)
        else:
            logs, prediction = self.backward(x, y)
            self.optimizer.step(logs["loss"])
        logs |= self.measured(prediction, y)
        self.means.add(logs, samples)
        return logs

    def step_by_closure(self, x: Any, y: Any) -> tuple[dict[str, float], Any]:
        """One step of an optimizer that asks for the loss as often as it needs; the first answer is reported."""
        first: list[tuple[dict[str, float], Any]] = []

        def closure() -> float:
            logs, prediction = self.backward(x, y)
            if not first:
                first.append((logs, prediction))
            return logs["loss"]

        self.optimizer.step(closure)
        return first[0]

    def backward(self, x: Any, y: Any) -> tuple[dict[str, float], Any]:
        """New gradients, which callbacks may change before they are used; what is logged, and the prediction."""
        self.zero_grad()
        loss, prediction = self.gradients(x, y)
        logs = {"loss": loss}
        self.callbacks("on_gradients", self.batch, logs)
        return logs, prediction

    def gradients(self, x: Any, y: Any) -> tuple[float, Any]:
        """Fill the gradients; loss and predictions as numbers."""
        loss, prediction = self.forward_backward(x, y)
        if all(p.grad is None for p in self.parameters):
            raise ValueError(
                "no parameter got a gradient: the loss is not made of what the model gives, or of its .data alone"
            )
        return loss, prediction

    def zero_grad(self) -> None:
        """Forget all gradients, those of parameters that the optimizer does not hold too."""
        self.optimizer.zero_grad()
        for p in self.others:
            p.grad = None

    # -- where it stands -----------------------------------------------------------------------
    @property
    def fresh(self) -> bool:
        """Whether it stands at its very beginning, rather than going on from a file."""
        return self.epoch == self.batch == 0

    @property
    def parts(self) -> dict[str, Any]:
        """All that has a state, as `save_checkpoint` takes it."""
        return {
            "model": self.model,
            "optimizer": self.optimizer,
            "callbacks": [callback for callback in self.callbacks.all if callback.has_state()],
            "parts": {"loader": self.loader, "history": self.history, "means": self.means},
        }

    def save(self, path: FilePath) -> None:
        """Write all that the run needs to go on from here, bit for bit; see `save_checkpoint`."""
        save_checkpoint(path, **self.parts, epoch=self.epoch, batch=self.batch, extra={"stopped": self.stopped})

    def load(self, path: FilePath) -> None:
        """Go on where the run that wrote the file stood; see `load_checkpoint`."""
        position = load_checkpoint(path, **self.parts)
        self.epoch, self.batch, self.stopped = position.epoch, position.batch, position.extra.get("stopped")
