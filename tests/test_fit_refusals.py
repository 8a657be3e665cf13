"""What fit, evaluate and predict refuse, in which words, and that nothing has changed then."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from refusals import Refusals, refused
from small_fits import CLASSES, LABELS, NUMBERS, Watch, X, net, same

from tinygrad_opt import Value, functional, nn, optim
from tinygrad_opt.train import DataLoader, Dataset, ProgbarLogger, StreamLoader, evaluate, fit, predict


def trained(model=None, data=(X, LABELS), loss=CLASSES, **settings):
    return fit(net() if model is None else model, data, loss=loss, **settings)


class Pair(nn.Module):
    def __init__(self):
        self.line = nn.Linear(2, 3)

    def forward(self, x):
        return self.line(x), x


class ByNumber:
    def __len__(self):
        return 40

    def __getitem__(self, i):
        return X[i], LABELS[i]


class InBatches:
    def __iter__(self):
        return iter([(X, LABELS)])


def some_samples():
    yield from zip(X, LABELS, strict=True)


PAIRS = (
    "data is (x, y), each one array; got a list of {} pairs: x, y = map(np.stack, zip(*data)) if each is a sample, "
    "x, y = map(np.concatenate, zip(*data)) if each is a batch"
)

WRONG: Refusals = {
    "a data set of another library": (
        lambda: trained(data=ByNumber()),
        TypeError,
        "data is (x, y), a Dataset or a loader of train; got a ByNumber, whose samples come by number: "
        "give train.StreamLoader(lambda: (data[i] for i in range(len(data))), length=len(data))",
    ),
    "a loader of another library": (
        lambda: trained(data=InBatches()),
        TypeError,
        "data is (x, y), a Dataset or a loader of train; got a InBatches, which gives batches or samples of its own: "
        "give arrays, (x, y), or train.StreamLoader of a function that returns a new iterator of samples (x, y), "
        "one at a time",
    ),
    "a generator function": (
        lambda: trained(data=some_samples),
        TypeError,
        "data is (x, y), a Dataset or a loader of train; got a function: if it returns a new iterator of samples "
        "(x, y), give train.StreamLoader(some_samples)",
    ),
    "a list of samples": (lambda: trained(data=[*some_samples()]), TypeError, PAIRS.format(40)),
    "a list of batches": (lambda: trained(data=[(X, LABELS), [X, LABELS]]), TypeError, PAIRS.format(2)),
    "x and y of different length": (
        lambda: trained(data=(X, LABELS[:30])),
        ValueError,
        "Dataset: x has 40 samples and y has 30; each x needs its y",
    ),
    "targets after the data": (
        lambda: fit(net(), X, LABELS, epochs=3),
        TypeError,
        "give data as a tuple, and what comes after it by name: fit(model, (x, y), loss=...)",
    ),
    "targets by name": (
        lambda: evaluate(net(), X, y=LABELS, loss=CLASSES),
        TypeError,
        "give data as a tuple, and what comes after it by name: evaluate(model, (x, y), loss=...)",
    ),
    "no data": (
        lambda: trained(data=(X[:0], LABELS[:0])),
        ValueError,
        "Dataset: there are no samples: x has shape (0, 2)",
    ),
    "a batch size of zero": (
        lambda: trained(batch_size=0),
        ValueError,
        "DataLoader: batch_size must be a whole number, at least 1; got 0",
    ),
    "a batch size of zero, to evaluate": (
        lambda: evaluate(net(), (X, LABELS), loss=CLASSES, batch_size=0),
        ValueError,
        "DataLoader: batch_size must be a whole number, at least 1; got 0",
    ),
    "a batch size for a loader": (
        lambda: trained(data=DataLoader(Dataset(X, LABELS), 4), batch_size=8),
        ValueError,
        "a DataLoader has a batch size of its own, 4: leave out batch_size",
    ),
    "a batch size for a loader, to evaluate": (
        lambda: evaluate(net(), DataLoader(Dataset(X, LABELS), 4), loss=CLASSES, batch_size=8),
        ValueError,
        "a DataLoader has a batch size of its own, 4: leave out batch_size",
    ),
    "a batch size for a loader, to predict": (
        lambda: predict(net(), DataLoader(Dataset(X), 4), batch_size=-7),
        ValueError,
        "a DataLoader has a batch size of its own, 4: leave out batch_size",
    ),
    "a validation_split of sorted classes": (
        lambda: trained(data=(X, np.sort(LABELS)), validation_split=0.2),
        ValueError,
        "validation_split takes the last samples, 8 here, and all are of class 2, as the data are sorted by class: "
        "give them in another order, (x[order], y[order]) with order = np.random.default_rng(0).permutation(40); "
        "or draw those of the validation, training, validation = train.Dataset(x, y).split(0.8)",
    ),
    "a single sample to predict": (
        lambda: predict(net(inputs=256), np.ones(512)),
        ValueError,
        "predict needs a row for each sample; the model gave (3,) for (256,), 256 samples: "
        "if x is one sample, give x[None]",
    ),
    "an unknown loss": (
        lambda: trained(loss="cros_entropy"),
        ValueError,
        "there is no loss 'cros_entropy': did you mean 'CrossEntropyLoss'?",
    ),
    "a loss that is none": (
        lambda: trained(loss=None),
        TypeError,
        "loss is a name or a function of predictions and targets; got None",
    ),
    "the class of a loss": (
        lambda: trained(loss=nn.MSELoss),
        TypeError,
        "loss is a name or a function of predictions and targets; got <class 'tinygrad_opt.nn.losses.MSELoss'>: "
        "write MSELoss()",
    ),
    "an unknown optimizer": (
        lambda: trained(optimizer="adem"),
        ValueError,
        "there is no optimizer 'adem': did you mean 'Adam'?",
    ),
    "an optimizer that is none": (
        lambda: trained(optimizer=3),
        TypeError,
        "optimizer is a name, a function of parameters, or an optimizer; got 3",
    ),
    "a function that makes no optimizer": (
        lambda: trained(optimizer=lambda ps: len(ps)),
        TypeError,
        "4 is no optimizer: it has no params, needs_closure, zero_grad, step, state_dict, load_state_dict; "
        "subclass optim.Optimizer",
    ),
    "an unknown metric": (
        lambda: trained(metrics=["acuracy"]),
        ValueError,
        "there is no metric 'acuracy': did you mean 'accuracy'?",
    ),
    "labels that are words": (
        lambda: trained(data=(X, np.array(["red", "green"] * 20))),
        TypeError,
        "y of a Dataset must be real numbers; got words, such as 'red': number them with names, "
        "y = np.unique(y, return_inverse=True)",
    ),
    "nan in the data": (
        lambda: trained(data=(np.where(np.arange(40)[:, None] == 3, np.nan, X), LABELS), batch_size=40),
        ValueError,
        "DataLoader: x of sample 3 is nan at (0,), in batch 0 of epoch 0",
    ),
    "accuracy of numbers": (
        lambda: trained(net(1), (X, NUMBERS), "mse", metrics=["accuracy"]),
        TypeError,
        "accuracy of one score a sample needs targets of 0 and 1: for numbers take metrics=('mae',)",
    ),
    "labels that are floats": (
        lambda: trained(data=(X, LABELS.astype(float))),
        TypeError,
        "labels must be integers; got float64: use labels.astype(int)",
    ),
    "too few outputs": (
        lambda: trained(net(2), batch_size=40),
        ValueError,
        "labels must be from 0 to 1; got 0 to 2",
    ),
    "targets of another shape": (
        lambda: trained(net(1), (X, NUMBERS[:, 0]), "mse"),
        ValueError,
        "mse_loss: prediction (32, 1) and target (32,) would broadcast to (32, 32), every prediction compared with "
        "every target; use target.reshape(-1, 1)",
    ),
    "negative epochs": (
        lambda: trained(epochs=-1),
        ValueError,
        "fit: epochs must be a whole number, at least 0; got -1",
    ),
    "half an epoch": (
        lambda: trained(epochs=0.5),
        ValueError,
        "fit: epochs must be a whole number, at least 0; got 0.5",
    ),
    "a seed that is a word": (
        lambda: trained(seed="a"),
        ValueError,
        "fit: seed must be a whole number, at least 0; got 'a'",
    ),
    "two kinds of validation": (
        lambda: trained(validation_data=(X, LABELS), validation_split=0.1),
        ValueError,
        "give validation_data or validation_split, not both",
    ),
    "a share above one": (
        lambda: trained(validation_split=20),
        ValueError,
        "fit: validation_split must be a number of 0 or more and less than 1; got 20",
    ),
    "a share of nothing": (
        lambda: trained(validation_split=0.001),
        ValueError,
        "validation_split=0.001 of 40 samples gives 0 and 40; neither may be empty",
    ),
    "a share of a loader": (
        lambda: trained(data=DataLoader(Dataset(X, LABELS)), validation_split=0.1),
        ValueError,
        "validation_split needs data in arrays, (x, y) or a Dataset; give a loader validation_data=",
    ),
    "x without y": (
        lambda: trained(data=X),
        ValueError,
        "training needs a target for each sample: data of x and y; got x alone",
    ),
    "validation without y": (
        lambda: trained(validation_data=X),
        ValueError,
        "evaluation needs a target for each sample: data of x and y; got x alone",
    ),
    "x without y, to evaluate": (
        lambda: evaluate(net(), X, loss=CLASSES),
        ValueError,
        "evaluation needs a target for each sample: data of x and y; got x alone",
    ),
    "x as a dict": (
        lambda: trained(data=({"left": X, "right": X}, LABELS)),
        TypeError,
        "data is (x, y), each one array; got a dict of left, right: join what belongs to a sample in one array, "
        "or write the training loop yourself",
    ),
    "a list for a tuple": (
        lambda: trained(data=[X, LABELS]),
        TypeError,
        "data is a tuple, (x, y); got a list of two arrays",
    ),
    "three arrays": (
        lambda: trained(data=(X, LABELS, LABELS)),
        ValueError,
        "data is (x, y), a Dataset or a loader; got a tuple of 3",
    ),
    "a generator": (
        lambda: trained(data=(pair for pair in zip(X, LABELS, strict=True))),
        TypeError,
        "a generator is empty after one epoch: give a StreamLoader of what makes it anew",
    ),
    "the optimizer of another model": (
        lambda: trained(optimizer=optim.Adam(net().parameters())),
        ValueError,
        "Adam holds none of the model's parameters: make it of model.named_parameters()",
    ),
    "a loss without reduction": (
        lambda: trained(loss=nn.CrossEntropyLoss(reduction="none")),
        ValueError,
        'a loss is one number made of the predictions; got shape (32,): take reduction="mean", or np.mean of it',
    ),
    "the same, to evaluate": (
        lambda: evaluate(net(), (X, LABELS), loss=nn.CrossEntropyLoss(reduction="none")),
        ValueError,
        'a loss is one number made of the predictions; got shape (40,): take reduction="mean", or np.mean of it',
    ),
    "a sigmoid twice": (
        lambda: trained(nn.Sequential(net(1), nn.Sequential(nn.Sigmoid())), (X, NUMBERS > 0), loss="bce_with_logits"),
        ValueError,
        "the model ends in Sigmoid, and binary_cross_entropy_with_logits applies one itself: leave it out of the "
        'model, or take loss="binary_cross_entropy"',
    ),
    "classes that come last": (
        lambda: functional.cross_entropy(np.zeros((2, 5, 3)), np.zeros((2, 5), int)),
        ValueError,
        "scores (2, 5, 3) need labels (2, 3) or the scores' own shape; got (2, 5): the classes are on axis 1, "
        "np.moveaxis(scores, -1, 1)",
    ),
    "a loss without a graph": (
        lambda: trained(net(1), (X, NUMBERS), loss=lambda z, y: float(np.mean((z.data - y) ** 2))),
        ValueError,
        "a loss is one number made of the predictions; got a float, which has left the graph: compute it without "
        ".data, .item() and float(), in the model too",
    ),
    "a loss of something else": (
        lambda: trained(net(1), (X, NUMBERS), loss=lambda z, y: Value(1.0) * 2),
        ValueError,
        "no parameter got a gradient: the loss is not made of what the model gives, or of its .data alone",
    ),
    "a function for a model": (
        lambda: fit(3, (X, LABELS), loss=CLASSES),
        TypeError,
        "the model is a Module of nn; got 3",
    ),
    "a class for a model": (
        lambda: predict(nn.ReLU, X),
        TypeError,
        "the model is a Module of nn; got <class 'tinygrad_opt.nn.activations.ReLU'>: write ReLU(...)",
    ),
    "a model that learns nothing": (
        lambda: trained(net().requires_grad_(False)),
        ValueError,
        "MLP has no parameter that learns: nothing to train",
    ),
    "features that do not fit": (
        lambda: trained(data=(X[:, :1], LABELS)),
        ValueError,
        "Linear(2, 6) at 0 takes 2 features on the last axis; got shape (32, 1)",
    ),
    "a callback outside a list": (
        lambda: trained(callbacks=Watch(print)),
        TypeError,
        "callbacks is a list: write callbacks=[Watch(...)]",
    ),
    "the class of a callback": (
        lambda: trained(callbacks=[ProgbarLogger]),
        TypeError,
        "callbacks are instances of train.Callback; got "
        "<class 'tinygrad_opt.train.callbacks.progress.ProgbarLogger'>: write ProgbarLogger()",
    ),
    "another verbose": (
        lambda: trained(verbose=2),
        ValueError,
        "verbose is True, False, or None for a bar where somebody looks; got 2",
    ),
    "predictions in another order": (
        lambda: predict(net(), DataLoader(Dataset(X), shuffle=True)),
        ValueError,
        "predict keeps the order of the samples; this DataLoader shuffles: give one that does not",
    ),
    "predictions in a stream's other order": (
        lambda: predict(net(), StreamLoader(lambda: iter(X), shuffle_buffer=8)),
        ValueError,
        "predict keeps the order of the samples; this StreamLoader shuffles: give one that does not",
    ),
    "predictions for a part": (
        lambda: predict(net(), DataLoader(Dataset(X), drop_last=True)),
        ValueError,
        "predict takes all samples; this DataLoader has drop_last=True: give one without it",
    ),
    "an evaluation of a part": (
        lambda: evaluate(net(), DataLoader(Dataset(X, LABELS), drop_last=True), loss=CLASSES),
        ValueError,
        "evaluate takes all samples; this DataLoader has drop_last=True: give one without it",
    ),
    "validation with a part": (
        lambda: trained(validation_data=DataLoader(Dataset(X, LABELS), drop_last=True), epochs=0),
        ValueError,
        "validation takes all samples; this DataLoader has drop_last=True: give one without it",
    ),
    "several outputs to predict": (
        lambda: predict(Pair(), X),
        TypeError,
        "predict needs a model that gives one Value; got a tuple",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_refused(name):
    call, error, words = WRONG[name]
    assert refused(call, error) == words


def test_the_signature_is_that_of_the_function():
    assert list(inspect.signature(fit).parameters)[:4] == ["model", "data", "loss", "optimizer"]
    assert inspect.signature(fit).parameters["epochs"].default == 1
    assert fit.__doc__.startswith("Train a model on data")


@pytest.mark.parametrize(
    "wrong", [{"metrics": ["x"]}, {"seed": "a"}, {"optimizer": "x"}, {"batch_size": 0}, {"verbose": 2}], ids=str
)
def test_what_is_refused_changes_nothing(wrong):
    model = net().eval()
    refused(lambda: trained(model, **wrong), ValueError)
    assert same(model, net())
    assert not model.training


def test_what_is_wrong_in_validation_says_so():
    with pytest.raises(ValueError, match="labels must be from 0 to 2; got 0 to 9") as caught:
        trained(validation_data=(X, LABELS.clip(1) * 9 - 9), epochs=3)
    assert caught.value.__notes__ == ["This was in the validation after epoch 1."]


SPLIT = {
    "in any order": LABELS,
    "one class alone": 0 * LABELS,
    "sorted, of which two classes are held back": np.repeat([0, 1, 2], [20, 18, 2]),
    "one class at the end by chance": np.array([0, 1] * 16 + 8 * [0]),
}


@pytest.mark.parametrize("name", SPLIT)
def test_a_validation_split_of_what_may_be_so(name):
    assert trained(data=(X, SPLIT[name]), validation_split=0.2)["val_loss"]


def test_numbers_may_be_sorted():
    settings = {"loss": "mse", "validation_split": 0.1}
    assert trained(net(1), (X[:10], np.arange(10.0)[:, None]), **settings)["val_loss"]
    assert trained(net(3), (X[:10], np.arange(10) // 4), loss=CLASSES, validation_split=0.1)["val_loss"]
