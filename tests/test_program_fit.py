"""fit(compile=True) is fit, bit for bit, or says why it cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from small_fits import LABELS, NUMBERS, X, net, same

from tinygrad_opt import functional, nn, optim
from tinygrad_opt.program import NotStatic
from tinygrad_opt.train import Callback, GradientNorms, Run, fit

WORDS = np.random.default_rng(2).integers(0, 9, (40, 5))
IMAGES = np.random.default_rng(3).normal(size=(40, 1, 8, 8))


def rng():
    return np.random.default_rng(0)


def cnn(*layers):
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, rng=rng()), *layers, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3, rng=rng())
    )


class Tied(nn.Module):
    """Words, their table also the weight of the last layer."""

    def __init__(self):
        self.table = nn.Embedding(9, 4, rng=rng())
        self.hidden = nn.Linear(4, 4, rng=rng())

    def forward(self, words):
        h = np.tanh(self.hidden(np.mean(self.table(words), axis=1)))
        return h @ self.table.weight.T


class Attention(nn.Module):
    """Places look at those before them."""

    def __init__(self):
        self.table, self.norm = nn.Embedding(9, 4, rng=rng()), nn.LayerNorm(4)
        self.qkv, self.head = nn.Linear(4, 12, rng=rng()), nn.Linear(4, 9, rng=rng())
        self.future = np.triu(np.full((5, 5), -1e9), k=1)

    def forward(self, words):
        x = self.norm(self.table(words))
        qkv = self.qkv(x).reshape(len(words), 5, 3, 2, 2)
        q, k, v = (qkv[:, :, i] for i in range(3))
        scores = np.einsum("nihd,njhd->nhij", q, k) * 2**-0.5
        weights = functional.softmax(scores + self.future, axis=-1)
        seen = np.einsum("nhij,njhd->nihd", weights, v).reshape(x.shape)
        return np.swapaxes(self.head(x + seen), 1, 2)


def frozen():
    model = net()
    model[0].requires_grad_(False)
    return model


def with_a_part_in_use():
    model = cnn(nn.Dropout(0.4)).train()
    model[1].eval()
    return model


MODELS = {
    "mlp": (net, X, LABELS),
    "float32": (lambda: net(dtype=np.float32), X.astype(np.float32), LABELS.astype(np.int32)),
    "float32 of float64 data": (lambda: net(dtype=np.float32), X, LABELS),
    "whole numbers": (lambda: net(inputs=5), WORDS, LABELS),
    "dropout": (lambda: net(dropout=0.3), X, LABELS),
    "cnn": (cnn, IMAGES, LABELS),
    "batch norm": (lambda: cnn(nn.BatchNorm2d(4), nn.Dropout2d(0.2, rng=rng())), IMAGES, LABELS),
    "a part in use": (with_a_part_in_use, IMAGES, LABELS),
    "embedding": (lambda: nn.Sequential(nn.Embedding(9, 4, rng=rng()), nn.Flatten(), nn.Linear(20, 3)), WORDS, LABELS),
    "tied": (Tied, WORDS, LABELS % 9),
    "attention": (Attention, WORDS, WORDS[:, ::-1]),
    "frozen": (frozen, X, LABELS),
}


def both(make, x, y, **settings):
    """The run and the model by the engine and as a program."""
    found = []
    for compile in (False, True):
        model = make()
        for p in model.parameters():
            p.data = rng().normal(0, 0.3, p.shape).astype(p.dtype)
        chosen = {"loss": "cross_entropy", "optimizer": "adam", "epochs": 3, "batch_size": 16, "seed": 0, **settings}
        history = fit(model, (x, y), validation_split=0.1, compile=compile, verbose=False, **chosen)
        found.append((history.history, model))
    return found


def assert_same(found):
    (history, model), (compiled_history, compiled_model) = found
    assert history == compiled_history
    ours, theirs = compiled_model.state_dict(), model.state_dict()
    assert list(ours) == list(theirs)
    for name, array in ours.items():
        assert array.dtype == theirs[name].dtype
        assert array.tobytes() == theirs[name].tobytes()


@pytest.mark.parametrize("name", MODELS)
def test_models(name):
    assert_same(both(*MODELS[name]))


LOSSES = {
    "mse": ("mse", NUMBERS, 1),
    "huber": (nn.HuberLoss(), NUMBERS, 1),
    "bce of whole numbers": (nn.BCEWithLogitsLoss(), (NUMBERS > 0).astype(int), 1),
    "label smoothing": (nn.CrossEntropyLoss(label_smoothing=0.1), LABELS, 3),
    "class weights": (nn.CrossEntropyLoss(weight=np.array([1.0, 2.0, 0.5])), LABELS, 3),
    "ignored": (nn.CrossEntropyLoss(ignore_index=2), LABELS, 3),
    "seldom ignored": (nn.CrossEntropyLoss(), np.where(np.arange(40) == 7, -100, LABELS), 3),
    "probabilities": (nn.CrossEntropyLoss(), np.eye(3)[LABELS], 3),
    "a function": (lambda p, y: np.mean((p - y) ** 2) + 0.1 * np.mean(np.abs(p)), NUMBERS, 1),
    "a composition": (lambda p, y: functional.nll_loss(functional.log_softmax(p), y), LABELS, 3),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    loss, y, outputs = LOSSES[name]
    assert_same(both(lambda: net(outputs), X, y, loss=loss))


OPTIMIZERS = {
    "sgd": optim.get("sgd", lr=0.1, momentum=0.9),
    "clipping": optim.get("adam", lr=0.01, transforms=[optim.ClipGlobalNorm(0.1)]),
    "accumulate": lambda ps: optim.Accumulate(optim.Adam(ps, lr=0.01), 2),
    "lookahead and average": lambda ps: optim.EMA(optim.Lookahead(optim.SGD(ps, lr=0.1))),
    "sam": lambda ps: optim.SAM(optim.SGD(ps, lr=0.05)),
    "lbfgs": lambda ps: optim.LBFGS(ps),
    "bfgs": lambda ps: optim.BFGS(ps),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    assert_same(both(net, X, LABELS, optimizer=OPTIMIZERS[name]))


class Halving(Callback):
    """Sees and changes gradients."""

    def on_gradients(self, batch, logs):
        for p in self.run.parameters:
            p.grad = p.grad * 0.5


class Interfering(Callback):
    """Freezes, replaces and switches in the midst of a run."""

    def on_epoch_begin(self, epoch, logs):
        layer = self.model[0]
        layer.bias.requires_grad = epoch != 1
        layer.weight.data = layer.weight.data * 0.9
        self.model[1].slope = 0.1 * (1 + epoch)


def test_callbacks():
    assert_same(both(net, X, LABELS, callbacks=[Halving(), GradientNorms()]))
    assert_same(both(lambda: net(activation="leaky_relu"), X, LABELS, callbacks=[Interfering()]))


class Saving(Callback):
    def __init__(self, folder):
        self.folder = folder

    def on_save(self):
        self.run.save(self.folder / f"{self.run.epoch}-{self.run.batch}.npz")


@pytest.mark.parametrize("compile", [False, True])
def test_a_run_goes_on_from_a_file_of_the_other_kind(tmp_path, compile):
    settings = {"loss": "cross_entropy", "batch_size": 16, "epochs": 3, "verbose": False}

    def make():
        return cnn(nn.BatchNorm2d(4), nn.Dropout(0.3))

    whole, resumed = make(), make()
    data = (IMAGES, LABELS)
    expected = fit(whole, data, seed=5, compile=compile, callbacks=[Saving(tmp_path)], **settings)
    found = fit(resumed, data, seed=9, compile=not compile, resume=tmp_path / "1-2.npz", **settings)
    assert found.history == expected.history
    assert same(whole, resumed)
    for (_, a), (_, b) in zip(whole.named_buffers(), resumed.named_buffers(), strict=True):
        np.testing.assert_array_equal(a, b)


# -- what is refused ---------------------------------------------------------------------------
class Counting(nn.Sequential):
    def forward(self, x):
        self.count = getattr(self, "count", 0) + 1
        return super().forward(x)


class Branching(nn.Sequential):
    def forward(self, x):
        h = super().forward(x)
        return h * 2 if np.sum(h) > 0 else h


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Counting(nn.Linear(2, 3)), r"f sets count at each call.*\. Or leave out compile=True"),
        (Branching(nn.Linear(2, 3)), r"f, cannot be made a program: f reads numbers besides the graph, by np.greater"),
        (nn.weight_norm(nn.Linear(2, 3)), "weight anew at each call"),
    ],
    ids=["counting", "branching", "weight norm"],
)
def test_what_cannot_be_a_program_is_said(model, message):
    with pytest.raises(NotStatic, match=message):
        fit(model, (X, LABELS), loss="cross_entropy", compile=True)


class Restless(Callback):
    """Sets what the model reads before each batch."""

    def on_train_batch_begin(self, batch, logs):
        self.model[1].slope = 0.1 + 0.01 * (batch + 10 * self.run.epoch)


def test_a_run_that_is_refused_in_its_midst_goes_on_by_the_engine():
    with pytest.warns(UserWarning, match=r"the run goes on by the engine, .* recorded 8 times") as seen:
        found = both(lambda: net(activation="leaky_relu"), X, LABELS, callbacks=[Restless()], epochs=5)
    assert len(seen) == 1
    assert_same(found)


def test_compile_is_a_truth():
    with pytest.raises(ValueError, match="fit: compile must be True or False; got 'yes'"):
        fit(net(), (X, LABELS), loss="cross_entropy", compile="yes")


def test_errors_are_those_of_fit():
    for compile in (False, True):
        with pytest.raises(ValueError, match="labels must be from 0 to 2; got 0 to 8"):
            fit(net(), (X, LABELS * 4), loss="cross_entropy", compile=compile)
        with pytest.raises(ValueError, match="a loss is one number made of the predictions"):
            fit(net(), (X, LABELS), loss=nn.CrossEntropyLoss(reduction="none"), compile=compile)


def test_a_run_takes_it_too():
    from tinygrad_opt.train import DataLoader, Dataset

    loader = DataLoader(Dataset(X, LABELS), 16, seed=0)
    runs = []
    for compile in (False, True):
        model = net()
        run = Run(model, optim.Adam(model.parameters()), nn.CrossEntropyLoss(), loader, epochs=2, compile=compile)
        runs.append((run.train().history, model))
    assert_same(runs)
