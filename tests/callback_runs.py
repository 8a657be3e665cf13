"""Small runs for the tests of callbacks: a real model and loop, and logs that say what a test wants."""

import numpy as np

from tinygrad_opt import nn, optim
from tinygrad_opt.train import Callback, DataLoader, Dataset, Run

X = np.random.default_rng(0).normal(size=(6, 2))
Y = X @ [[1.0], [-2.0]] + 0.5


class Script(Callback):
    """Logs given numbers, epoch by epoch; None is a number that was not logged."""

    def __init__(self, **values):
        self.values = values

    def on_epoch_end(self, epoch, logs):
        for name, values in self.values.items():
            if values[epoch] is not None:
                logs[name] = values[epoch]


class Raise(Callback):
    """Raises an error in one batch of one epoch."""

    def __init__(self, error, epoch, batch=0):
        self.error, self.place = error, (epoch, batch)

    def on_train_batch_end(self, batch, logs):
        if (self.run.epoch, batch) == self.place:
            raise self.error


class SaveAt(Callback):
    """Saves the run at one moment: after a batch of an epoch, counted from 1, or with batch 0 between two epochs."""

    def __init__(self, path, epoch, batch=0):
        self.path, self.place = path, (epoch, batch)

    def on_save(self):
        if (self.run.epoch, self.run.batch) == self.place:
            self.run.save(self.path)


def resumed(fresh, path, epoch, batch=0):
    """A run that goes on from where another of its kind was, trained to its end."""
    fresh(SaveAt(path, epoch, batch)).train()
    run = fresh()
    run.load(path)
    run.train()
    return run


def make(*callbacks, epochs=1, optimizer=None, model=None, validation=False, batch_size=2, x=X, y=Y):
    """A run of three batches an epoch."""
    model = nn.Linear(2, 1, rng=np.random.default_rng(1)) if model is None else model
    make_optimizer = optimizer or optim.get("sgd", lr=0.1)
    return Run(
        model,
        make_optimizer(list(model.named_parameters())),
        nn.MSELoss(),
        loader(x, y, batch_size),
        epochs=epochs,
        validation=loader(x, y, 4) if validation else None,
        callbacks=callbacks,
    )


def loader(x, y, batch_size):
    return DataLoader(Dataset(x, y), batch_size, shuffle=True, seed=0)


def weights(run):
    return {name: array.tolist() for name, array in run.model.state_dict().items()}
