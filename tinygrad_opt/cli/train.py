"""The command `tinygrad-opt train`: a multilayer perceptron on known data."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from .. import nn, optim, plots
from ..program import NotStatic
from ..train import EarlyStopping, History, evaluate, fit, save_weights
from .table import print_table
from .train_data import BROUGHT, DEFAULTS, MADE, READ, Data, Defaults, known, load
from .train_files import CHECKPOINT, CURVES, HISTORY, WEIGHTS, WRITTEN, Files, prepared
from .train_model import dashed, network

DESCRIPTION = """\
Train a multilayer perceptron to tell the classes of DATA apart, with softmax cross-entropy, and print its
loss and accuracy.  What is not given is chosen to suit the data.  One seed makes one result."""

EPILOG = f"""\
data:
  {", ".join(MADE)}
  {", ".join(BROUGHT):34} with the extra demos (scikit-learn)
  {", ".join(READ):34} with --data, a folder of its IDX files; Fashion-MNIST and KMNIST too

examples:
  tinygrad-opt train moons
  tinygrad-opt train digits --model 64-32-10 --dropout 0.2 --early-stopping 5 --out run --plots
  tinygrad-opt train mnist --data mnist --optimizer rmsprop --lr 0.001
  tinygrad-opt train moons --epochs 80 --out run --resume run/{CHECKPOINT}

--out gets {HISTORY}, {WEIGHTS} for use (train.load_weights), {CHECKPOINT}, from which --resume goes on
bit for bit (give the same options again), and with --plots {CURVES}.  --early-stopping restores the weights of
the epoch with the lowest validation loss.  lbfgs and bfgs search along a line, with all samples as one batch.
Ctrl-C ends a run after the batch under way, with its files written and exit status 130."""

RESUMED_AS_IT_WAS = (
    "model", "activation", "dropout", "batch_norm", "optimizer", "lr", "early_stopping", "seed",
    "validation_split", "dtype",
)  # fmt: skip
"""Options that a run must keep to go on."""


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "train",
        help="train a network on known data",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("dataset", metavar="DATA", help="moons, circles, spirals, digits, mnist, ...")
    add("--data", metavar="FOLDER", type=Path, help="where the files of mnist are")
    add("--model", metavar="SIZES", help="the sizes of all layers, such as 784-512-10")
    add("--activation", default="relu", help="relu (default), tanh, gelu, ...")
    add("--dropout", metavar="P", type=float, default=0.0, help="the share dropped after each hidden layer (default 0)")
    add("--batch-norm", action="store_true", help="normalize before each activation")
    add("--optimizer", default="adam", help="adam (default), sgd, rmsprop, ...")
    add("--lr", type=float, help="the learning rate (adam: to suit the data; others: their own)")
    add("--epochs", type=int, help="how often all samples are seen")
    add("--batch-size", type=int, help="samples a step")
    add("--seed", type=int, default=0, help="of weights, points, order, dropout and validation samples (default 0)")
    add("--validation-split", metavar="P", type=float, help="the share of samples kept for validation")
    add("--early-stopping", metavar="N", type=int, help="stop when the validation loss fell in none of N epochs")
    add("--out", metavar="FOLDER", type=Path, help="where history and checkpoint go (nothing is written without)")
    add("--resume", metavar="FILE", type=Path, help="go on from this checkpoint")
    add("--plots", action="store_true", help="draw the curves into --out, with the extra plots")
    add("--dtype", choices=("float32", "float64"), default="float32", help="default float32")
    add("--compile", action="store_true", help="run each step as a program: the same numbers, sooner in small networks")
    add("--quiet", action="store_true", help="print the table of results alone")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Train one network; the exit status."""
    name = known(options.dataset)
    fill_in(options, DEFAULTS[name])
    check(options, name)
    data = load(name, options.data, options.validation_split, options.dtype, options.seed)
    options.model = options.model or dashed(data.inputs, *DEFAULTS[name].hidden, data.classes)
    model = network(options, data)
    optimizer = optimizer_of(model, options)
    options.batch_size = batch_size(options, data, optimizer)
    if options.out:
        prepared(options.out, options.resume)
    if not options.quiet:
        announce(options, data, model)
    with np.errstate(over="ignore", invalid="ignore"):  # what diverges is said below
        start = time.perf_counter()
        history = trained(options, data, model, optimizer)
        seconds = time.perf_counter() - start
        loss = print_results(model, data)
    print(f"{model.count_params():,} parameters, {counted(history.epochs, 'epoch')}, {seconds:.1f} s")
    if history.interrupted:
        print(f"interrupted in epoch {history.epochs + 1} of {options.epochs}")
    if history.stopped:
        print(f"stopped: {history.stopped}")
    if options.plots and history.epochs:
        plots.curves(history).savefig(options.out / CURVES)
    if options.out:
        save_weights(options.out / WEIGHTS, model)
        print("files:", *sorted(options.out / file for file in WRITTEN if (options.out / file).exists()))
    if history.interrupted:
        raise KeyboardInterrupt
    if not np.isfinite(loss):
        raise ValueError(f"the training diverged, its loss is {loss}: try a lower --lr")
    return 0


def trained(options: argparse.Namespace, data: Data, model: nn.Module, optimizer: Any) -> History:
    """Train the network as the options say, from the start or from where a checkpoint stands."""
    try:
        return fit(
            model,
            data.training,
            loss="cross_entropy",
            optimizer=optimizer,
            epochs=options.epochs,
            batch_size=options.batch_size,
            validation_data=data.validation,
            callbacks=callbacks(options, data.name),
            seed=options.seed,
            verbose=False if options.quiet else None,
            resume=options.resume,
            compile=options.compile,
        )
    except NotStatic as error:
        raise ValueError(f"--compile: {error}") from None


def fill_in(options: argparse.Namespace, defaults: Defaults) -> None:
    """What was not given, by the data; another optimizer than Adam has its own learning rate."""
    if options.lr is None and options.optimizer.lower() == "adam":
        options.lr = defaults.lr
    for name in ("epochs", "validation_split"):
        if getattr(options, name) is None:
            setattr(options, name, getattr(defaults, name))


def check(options: argparse.Namespace, name: str) -> None:
    """Refuse what does not fit together, and what else would only be seen after the training."""
    if options.data is None and name in READ:
        raise ValueError(f"{name} needs --data FOLDER, where its files are: train-images-idx3-ubyte.gz and the others")
    if options.data is not None and name not in READ:
        raise ValueError(f"--data is the folder of {', '.join(READ)}; {name} needs none")
    if options.seed < 0:
        raise ValueError(f"--seed is a whole number, 0 or more; got {options.seed}")
    share = options.validation_split
    if not 0 <= share < 1:
        raise ValueError(f"--validation-split is a share of the samples, from 0 to less than 1; got {share}")
    if options.early_stopping is not None:
        if options.early_stopping < 1:
            raise ValueError(f"--early-stopping is a number of epochs, 1 or more; got {options.early_stopping}")
        if not share:
            raise ValueError("--early-stopping looks at the validation loss: give --validation-split 0.1")
    if options.plots:
        if not options.out:
            raise ValueError("--plots draws into a folder: give --out FOLDER")
        plots.figure_of_matplotlib()


def optimizer_of(model: nn.Module, options: argparse.Namespace) -> Any:
    """The optimizer that the options name; one that compares losses searches along a line, else it may run off."""
    settings = {} if options.lr is None else {"lr": options.lr}
    learned = list(model.named_parameters())
    optimizer = optim.get(options.optimizer, **settings)(learned)
    if not optimizer.needs_closure:
        return optimizer
    return optim.get(options.optimizer, line_search="strong_wolfe", **settings)(learned)


def batch_size(options: argparse.Namespace, data: Data, optimizer: Any) -> int:
    """What was given or suits the data; where the optimizer compares losses, all samples, as they must be the same."""
    given: int | None = options.batch_size
    if not optimizer.needs_closure:
        return DEFAULTS[data.name].batch_size if given is None else given
    n = len(data.training)
    if given is not None and given < n:
        raise ValueError(
            f"--optimizer {options.optimizer} compares the losses of its steps, which must be of the same samples: "
            f"leave out --batch-size, for one batch of all {n:,}"
        )
    return n


def callbacks(options: argparse.Namespace, name: str) -> list[Any]:
    """What stops the run early, if that is asked for, and what writes its files."""
    settings = {"data": name} | {key.replace("_", "-"): str(getattr(options, key)) for key in RESUMED_AS_IT_WAS}
    stopping = [] if options.early_stopping is None else [EarlyStopping(patience=options.early_stopping)]
    return [*stopping, Files(options.out, settings, options.resume)]


def announce(options: argparse.Namespace, data: Data, model: nn.Module) -> None:
    """What is about to be trained, on what, and how."""
    if data.note:
        print(data.note)
    samples = ", ".join(f"{len(part):,} for {name}" for name, part in data.parts.items())
    print(f"{data.name}: {data.inputs} inputs, {data.classes} classes; samples: {samples}")
    rate = "" if options.lr is None else f", lr {options.lr:g}"
    batches = "one batch" if options.batch_size == len(data.training) else "batches"
    print(f"model {options.model}, {options.activation}; {options.optimizer}{rate}; {batches} of {options.batch_size}")


def print_results(model: nn.Module, data: Data) -> float:
    """Loss and accuracy of the trained model on all that there is; returns the loss on the training data."""
    found = {name: evaluate(model, part, loss="cross_entropy") for name, part in data.parts.items()}
    rows = [
        [name, f"{logs['loss']:.4f}", f"{logs['accuracy']:.4f}", f"{len(data.parts[name]):,}"]
        for name, logs in found.items()
    ]
    print_table(["", "loss", "accuracy", "samples"], rows)
    return found["training"]["loss"]


def counted(n: int, thing: str) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"
