"""Module, as one who writes networks with it: what it finds, how it names it, what it refuses."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from refusals import Refusals, refused

from tinygrad_opt import Value, draw, explain, nn
from tinygrad_opt.functional import cross_entropy
from tinygrad_opt.optim import Adam


class Scaled(nn.Module):
    """A module without an __init__ of its own."""

    def forward(self, x: Any) -> Any:
        return 2 * x


class Net(nn.Module):
    def __init__(self) -> None:
        self.layers = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
        self.scale = Value(1.0)

    def forward(self, x: Any) -> Any:
        return self.scale * self.layers(x)


def names(model: nn.Module) -> list[str]:
    return [name for name, _ in model.named_parameters()]


def own_names(model: nn.Module) -> list[str | None]:
    return [p.name for p in model.parameters()]


NET = ["scale", "layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias"]
X = np.random.default_rng(0).normal(size=(5, 2))


def with_attribute(name: str, value: Any, model: nn.Module | None = None) -> nn.Module:
    model = Net() if model is None else model
    setattr(model, name, value)
    return model


# -- what it holds -----------------------------------------------------------------------------
def test_parameters_are_found_without_a_call_of_supers_init():
    model = Net()
    assert names(model) == NET
    assert model.count_params() == 1 + 9 + 8
    assert [path for path, _ in model.named_modules()] == ["", "layers", "layers.0", "layers.1", "layers.2"]
    assert model.children() == [model.layers]


def test_constants_and_results_are_no_parameters():
    model = with_attribute("offset", Value(np.ones(2), requires_grad=False))
    model.doubled = model.scale * 2
    assert names(model) == NET
    assert list(model.state_dict()) == NET


def test_forward_may_keep_what_it_computes():
    class Keeping(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Linear(2, 1)
            self.kept = Value(np.ones(2), requires_grad=False) * 2

        def encode(self, x: Any) -> Any:
            self.code = self.layer(x)
            return self.code

        def forward(self, x: Any) -> Any:
            self.doubled = 2 * x
            return self.encode(self.doubled)

    model = Keeping()
    assert model.encode(Value(np.ones(2))) is model.code
    assert model(Value(np.ones(2))) is model.code
    assert names(model) == ["layer.weight", "layer.bias"]


def test_another_parameter_or_part_takes_the_place():
    model = Net()
    model.layers[0].weight = Value(np.ones((3, 2)))
    model.layers[2] = nn.Linear(3, 7)
    assert names(model) == NET
    assert own_names(model) == NET
    assert model(X).shape == (5, 7)
    model.layers = nn.Linear(2, 1)
    assert names(model) == ["scale", "layers.weight", "layers.bias"]
    model.scale = None
    model.scale = nn.ReLU()
    assert names(model) == ["layers.weight", "layers.bias"]


def test_deleting_and_leaving_out():
    model = Net()
    model.layers[0].bias = None
    assert names(model) == ["scale", "layers.0.weight", "layers.2.weight", "layers.2.bias"]
    assert repr(model.layers[0]) == "Linear(2, 3, bias=False)"
    assert model(X).shape == (5, 2)
    model.layers[0].bias = Value(np.zeros(3))
    del model.layers[2].bias, model.scale
    assert names(model) == ["layers.0.weight", "layers.0.bias", "layers.2.weight"]
    del model.layers
    assert model.parameters() == []


def test_buffers_are_saved_and_not_learned():
    model = Net()
    model.layers.register_buffer("seen", np.zeros(3))
    model.layers.seen = model.layers.seen + 1
    assert [name for name, _ in model.named_buffers()] == ["layers.seen"]
    np.testing.assert_array_equal(model.state_dict()["layers.seen"], np.ones(3))
    assert names(model) == NET


def test_shared_parameters_count_once_and_are_saved_under_both_names():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    assert names(model) == own_names(model) == ["0.weight", "0.bias", "1.bias"]
    assert model.count_params() == 8
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    outer = nn.Sequential({"both": model})
    assert names(outer) == own_names(outer) == ["both.0.weight", "both.0.bias", "both.1.bias"]
    outer(X).sum().backward()
    Adam(outer.named_parameters(), lr=0.1).step()
    assert model[1].weight is model[0].weight


def test_a_shared_module_runs_twice_and_counts_once():
    layer = nn.Linear(2, 2)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    assert names(model) == ["0.weight", "0.bias"]
    assert len(model.modules()) == 3
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]


# -- gradients ---------------------------------------------------------------------------------
def test_frozen_parameters_get_no_gradient_and_stay():
    model = Net()
    optimizer = Adam(model.named_parameters(), lr=0.1)
    model(X).sum().backward()
    model.layers[0].requires_grad_(False)
    before = model.state_dict()
    model(X).sum().backward()
    optimizer.step()
    assert [p.grad is None for p in model.layers.parameters()] == [True, True, False, False]
    after = model.state_dict()
    assert [name for name in before if np.array_equal(before[name], after[name])] == NET[1:3]
    assert names(model) == NET
    model.requires_grad_()
    model(X).sum().backward()
    assert model.layers[0].weight.grad is not None


def test_zero_grad_forgets_all():
    model = Net()
    model(X).sum().backward()
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [None] * 5


# -- names -------------------------------------------------------------------------------------
def test_explanations_and_pictures_speak_of_the_parts():
    model = Net()
    loss = cross_entropy(model(X), np.array([0, 1, 0, 1, 0]))
    text = str(explain(loss))
    assert "linear(c1, layers.0.weight, layers.0.bias)" in text
    assert "layers.2.weight.grad +=" in text
    source = draw(loss).source
    assert "label=<layers>" in source
    assert "label=<layers.0>" in source
    assert "label=<layers.2>" in source


def test_names_are_paths_from_the_outermost_module():
    inner = nn.Linear(2, 2)
    assert inner.weight.name == "weight"
    middle = nn.Sequential(inner)
    assert inner.weight.name == "0.weight"
    outer = with_attribute("body", middle)
    assert inner.weight.name == "body.0.weight"
    assert own_names(outer) == names(outer)
    assert inner.where == "Linear(2, 2) at body.0"
    middle.append(nn.Linear(2, 2))
    assert middle[1].where == "Linear(2, 2) at body.1"


def test_written_as_in_pytorch():
    assert repr(Net()) == (
        "Net(\n  (layers): Sequential(\n    (0): Linear(2, 3)\n    (1): ReLU()\n    (2): Linear(3, 2)\n  )\n)"
    )
    assert repr(nn.Linear(np.int64(2), 3)) == "Linear(2, 3)"
    assert repr(nn.Sequential()) == "Sequential()"


# -- training and evaluation -------------------------------------------------------------------
def modes(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


def test_modes_reach_all_parts_and_are_restored():
    model = Net()
    model.layers[1].eval()
    mixed = [True, True, True, False, True]
    assert modes(model) == mixed
    with model.eval() as same:
        assert same is model
        assert modes(model) == [False] * 5
        with model.train():
            assert modes(model) == [True] * 5
            with model.layers.eval():
                assert modes(model) == [True] + [False] * 4
        assert modes(model) == [False] * 5
    assert modes(model) == mixed
    assert modes(model.train(False)) == [False] * 5


def test_modes_are_restored_after_an_error():
    model = Net()
    with pytest.raises(ValueError, match="takes 2 features"), model.eval():
        model(np.zeros((5, 3)))
    assert modes(model) == [True] * 5


def test_parts_may_change_within():
    model = Net()
    with model.eval():
        model.head = nn.Linear(2, 2)
        del model.layers
    assert modes(model) == [True, True]


# -- copies ------------------------------------------------------------------------------------
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_stands_on_its_own(copied):
    model = Net()
    model.layers[0].bias = model.layers[2].bias = Value(np.zeros(3))
    model.layers.register_buffer("seen", np.zeros(3))
    with model.eval():
        twin = copied(model.eval())
    assert names(twin) == own_names(twin) == names(model)
    assert twin.layers[2].bias is twin.layers[0].bias
    twin.layers[0].weight.data[...] = 0
    twin.layers.seen[...] = 1
    twin.head = nn.Linear(2, 2)
    assert not np.any(model.layers.seen)
    assert np.any(model.layers[0].weight.data)
    assert "head.weight" not in names(model)
    assert modes(twin) == [False] * 5 + [True]
    with pytest.raises(RuntimeError, match="which says what is to be restored"):
        twin.__enter__()


def test_a_shallow_copy_has_parts_of_its_own():
    model = Net()
    twin = copy.copy(model)
    twin.head = nn.Linear(2, 2)
    del twin.scale
    assert names(model) == NET
    assert twin.layers is model.layers


# -- numbers -----------------------------------------------------------------------------------
def test_float32_and_back():
    model = Net()
    model.layers.register_buffer("mean", np.zeros(3))
    model.layers.register_buffer("count", np.zeros((), int))
    labels = np.array([0, 1, 0, 1, 0])
    losses = []
    for dtype in (np.float64, np.float32, np.float64):
        assert model.astype(dtype) is model
        assert [p.grad for p in model.parameters()] == [None] * 5
        assert (model.layers.mean.dtype, model.layers.count.dtype) == (dtype, int)
        optimizer = Adam(model.named_parameters(), lr=0.01)
        for _ in range(20):
            optimizer.zero_grad()
            loss = cross_entropy(model(X), labels)
            loss.backward()
            optimizer.step()
        assert {a.dtype for a in (loss, *model.parameters())} == {np.dtype(dtype)}
        losses.append(loss.item())
    assert all(np.diff(losses) < 0)


@pytest.mark.parametrize(("made", "now"), [(np.float64, np.float32), (np.float32, np.float64)])
def test_an_optimizer_made_before_is_told_so(made, now):
    """It would have gone on in its own dtype, and taken the model back to it without a word."""
    model = Net().astype(made)
    optimizer = Adam(model.named_parameters(), lr=0.01)
    model.astype(now)
    model(X).sum().backward()
    before = model.state_dict()
    assert refused(optimizer.step, ValueError) == (
        f"scale was {np.dtype(made)} when the optimizer was made and is {np.dtype(now)} now: "
        "make a new optimizer for it"
    )
    for name, a in model.state_dict().items():
        np.testing.assert_array_equal(a, before[name])
        assert a.dtype == now


def test_data_come_in_the_dtype_of_the_weights():
    assert nn.Linear(2, 3, dtype=np.float32)(X).dtype == np.float32
    assert nn.Linear(2, 3)(X.astype(np.float32)).dtype == np.float64
    assert nn.Linear(2, 3)([1, 2]).dtype == np.float64


# -- refused -----------------------------------------------------------------------------------
def appended(held: Any, put: Any) -> list[Value]:
    model = with_attribute("parts", held)
    put(model.parts)
    return model.parameters()


class Cycle(nn.Module):
    def __init__(self) -> None:
        self.inner = nn.Sequential(nn.Linear(2, 2))


LISTED = "would not be found: take nn.ModuleList([...]) or nn.Sequential(...)"
OF_ITS_OWN = (
    ": the activation that the weights are drawn for is init='relu', and an activation is a module of its own: "
    "nn.Sequential(nn.Linear(3, 4), nn.ReLU())"
)
FLAGS: list[tuple[Any, tuple[Any, ...], str]] = [
    (nn.LayerNorm, (2,), "elementwise_affine"), (nn.RMSNorm, (2,), "elementwise_affine"),
    (nn.GroupNorm, (2, 4), "affine"), (nn.BatchNorm1d, (2,), "affine"), (nn.BatchNorm2d, (2,), "unbiased"),
    (nn.InstanceNorm1d, (2,), "track_running_stats"), (nn.MaxPool1d, (2,), "ceil_mode"),
    (nn.AvgPool2d, (2,), "ceil_mode"), (nn.AvgPool1d, (2,), "count_include_pad"),
]  # fmt: skip
CONVOLUTION = (
    "in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, init, bias_init, rng, dtype"
)
OF_THE_CLASS = (
    ": an attribute of the class would be shared by all that are made of it, and its parameters not found: assign self."
)
REFUSED: Refusals = {
    "a list of modules": (
        lambda: with_attribute("parts", [nn.Linear(2, 2)]), TypeError,
        f"Net.parts: the parameters of modules in a list {LISTED}"),
    "modules in a list within a dict": (
        lambda: with_attribute("parts", {"a": [1, nn.Linear(2, 2)]}), TypeError,
        f"Net.parts: the parameters of modules in a list {LISTED}"),
    "a set of modules": (
        lambda: with_attribute("parts", {nn.Linear(2, 2)}), TypeError,
        f"Net.parts: the parameters of modules in a set {LISTED}"),
    "a module appended to a list": (
        lambda: appended([], lambda parts: parts.append(nn.Linear(2, 2))), TypeError,
        f"Net.parts: the parameters of modules in a list {LISTED}"),
    "a module put into a dict": (
        lambda: appended({}, lambda parts: parts.update(a=nn.Linear(2, 2))), TypeError,
        f"Net.parts: the parameters of modules in a dict {LISTED}"),
    "a list of parameters": (
        lambda: with_attribute("parts", (Value(1.0), Value(2.0))), TypeError,
        "Net.parts: parameters in a tuple would not be found: give each its own attribute"),
    "a generator of modules": (
        lambda: with_attribute("parts", (nn.Linear(2, 2) for _ in range(3))), TypeError,
        "Net.parts: what a generator yields cannot be found: take nn.ModuleList(...) for modules, "
        "a list for anything else"),
    "a class of modules": (
        lambda: with_attribute("act", nn.ReLU), TypeError,
        "Net.act: ReLU is a class of modules: write ReLU(...)"),
    "a layer of the class": (
        lambda: type("Shared", (nn.Module,), {"layer": nn.Linear(2, 2)}), TypeError, f"Shared.layer{OF_THE_CLASS}layer"
        " in __init__"),
    "a parameter of the class": (
        lambda: type("Shared", (nn.Module,), {"scale": Value(1.0)}), TypeError, f"Shared.scale{OF_THE_CLASS}scale"
        " in __init__"),
    "a parameter times a number": (
        lambda: with_attribute("w", Value(np.ones((2, 2))) * 0.1), TypeError,
        "Net.w is a computed Value, and what it was computed from is no parameter of any module: "
        "it would never be learned; compute the numbers first, as Value(0.1 * np.random.randn(2, 2))"),
    "an array in a parameter's place": (
        lambda: with_attribute("scale", np.ones(2)), TypeError,
        "Net.scale is a parameter; got a ndarray in its place: set scale.data to change its numbers, "
        "or assign a new Value"),
    "a result in a parameter's place": (
        lambda: with_attribute("scale", Value(1.0) * 2), TypeError,
        "Net.scale is a parameter; got a computed Value in its place: set scale.data to change its numbers, "
        "or assign a new Value"),
    "a list in a buffer's place": (
        lambda: with_attribute("mean", [0.0], with_buffer("mean")), TypeError,
        "Net.mean is a buffer, an array; got a list in its place"),
    "a buffer that is no array": (
        lambda: Net().register_buffer("mean", 0.0), TypeError, "a buffer is an array; got float for 'mean'"),
    "a buffer in a parameter's place": (
        lambda: Net().register_buffer("scale", np.ones(2)), ValueError,
        "Net.scale is there already: a buffer needs a name of its own"),
    "a part in a method's place": (
        lambda: with_attribute("forward", nn.ReLU()), ValueError,
        "Net.forward is what every Net has: take another name"),
    "a parameter in a property's place": (
        lambda: with_attribute("where", Value(1.0)), ValueError, "Net.where is what every Net has: take another name"),
    "a path for a name": (
        lambda: nn.Sequential({"a.b": nn.ReLU()}), ValueError,
        "Sequential: a name stands between the points of a path, so it has none; got 'a.b'"),
    "no name": (
        lambda: nn.Sequential({"": nn.ReLU()}), ValueError,
        "Sequential: a name stands between the points of a path, so it has none; got ''"),
    "itself": (
        lambda: with_attribute("outer", (model := Cycle()), model.inner[0]), ValueError,
        "Linear.outer: a module cannot be a part of itself"),
    "arguments of a module that takes none": (
        lambda: Scaled(3), TypeError,
        "Scaled takes no arguments: too many positional arguments"),
    "data for arguments": (
        lambda: Scaled(X), TypeError,
        "Scaled is made first, then called with data: write Scaled()(x)"),
    "data for a layer's arguments": (
        lambda: nn.Linear(X), TypeError,
        "Linear is made first, then called with data: write nn.Linear(in_features, out_features)(x)"),
    "an argument that is needed": (
        lambda: nn.Conv2d(3, 4), TypeError,
        f"Conv2d takes {CONVOLUTION}: missing a required argument: 'kernel_size'"),
    "PyTorch's padding_mode": (
        lambda: nn.Conv2d(3, 4, 3, padding_mode="reflect"), TypeError,
        f"Conv2d takes {CONVOLUTION}: got an unexpected keyword argument 'padding_mode': "
        "leave it out, and pad with np.pad(x, ..., mode=...) before the layer"),
    "PyTorch's device": (
        lambda: nn.Softmax(1, device="cpu"), TypeError,
        "Softmax takes dim: got an unexpected keyword argument 'device': "
        "leave it out, for everything is computed on the CPU"),
    "PyTorch's inplace": (
        lambda: nn.Dropout2d(0.5, inplace=True), TypeError,
        "Dropout2d takes p, rng: got an unexpected keyword argument 'inplace': "
        "leave it out, for nothing is computed in place"),
    "no forward": (
        lambda: nn.Module()(1.0), NotImplementedError, "Module has no forward(self, x): write what it computes"),
    "a mode that is a word": (
        lambda: Net().train("eval"), ValueError, "train(mode) takes True or False; got 'eval'"),
    "with without a mode": (
        lambda: Net().__enter__(), RuntimeError,
        "write `with model.eval():` or `with model.train():`, which says what is to be restored"),
    "half precision": (
        lambda: Net().astype(np.float16), TypeError, "a module computes in float32 or float64; got float16"),
    "other features": (
        lambda: Net()(np.zeros((5, 3))), ValueError,
        "Linear(2, 3) at layers.0 takes 2 features on the last axis; got shape (5, 3)"),
    "an activation for a bias": (
        lambda: nn.Linear(3, 4, "relu"), ValueError, "Linear: bias must be True or False; got 'relu'" + OF_ITS_OWN),
    "a module for a bias": (
        lambda: nn.Conv2d(3, 4, 3, bias=nn.ReLU()), ValueError,
        "Conv2d: bias must be True or False; got ReLU()" + OF_ITS_OWN),
    "a number for a bias": (
        lambda: nn.ConvTranspose1d(3, 4, 3, bias=3), ValueError, "ConvTranspose1d: bias must be True or False; got 3"),
    "an array for a bias": (
        lambda: nn.LayerNorm(2, bias=np.ones(2)), ValueError,
        "LayerNorm: bias must be True or False; got array([1., 1.])"),
    **{f"{name} of {kind.__name__}": (
        lambda kind=kind, args=args, name=name: kind(*args, **{name: "yes"}), ValueError,
        f"{kind.__name__}: {name} must be True or False; got 'yes'")
       for kind, args, name in FLAGS},
    "an activation for an initializer": (
        lambda: nn.Linear(3, 4, init=nn.LeakyReLU()), TypeError,
        "Linear: init is an initializer, its name, or the name of the activation that follows, as init='leaky_relu'; "
        "got LeakyReLU()"),
    "a function for an initializer": (
        lambda: nn.Conv1d(3, 4, 2, init=np.tanh), TypeError,
        "Conv1d: init is an initializer, its name, or the name of the activation that follows, as init='tanh'; "
        "got <ufunc 'tanh'>"),
    "a module for an initializer": (
        lambda: nn.Linear(3, 4, bias_init=nn.Flatten()), TypeError,
        "Linear: bias_init is an initializer, its name, or the name of the activation that follows; got Flatten()"),
    "images for rows": (
        lambda: nn.Linear(784, 10)(np.zeros((5, 28, 28))), ValueError,
        "Linear(784, 10) takes 784 features on the last axis; got shape (5, 28, 28): "
        "flatten each sample first, x.reshape(5, 784) or nn.Flatten()"),
    "samples in columns": (
        lambda: nn.Linear(784, 10)(np.zeros((784, 5))), ValueError,
        "Linear(784, 10) takes 784 features on the last axis; got shape (784, 5): "
        "are the samples its columns? Then pass x.T"),
    "text for numbers": (
        lambda: nn.Linear(3, 2)(["a", "b", "c"]), TypeError,
        "Linear(3, 2): the input must be real numbers; got a string (list, dtype <U1): convert it with float(...)"),
    "whole numbers for a dtype": (
        lambda: nn.LayerNorm(2, dtype=int), TypeError,
        "LayerNorm gives arrays of dtype float32 or float64; got <class 'int'>"),
    "running statistics of whole numbers": (
        lambda: nn.BatchNorm1d(2, dtype="int8"), TypeError,
        "BatchNorm1d gives arrays of dtype float32 or float64; got 'int8'"),
    "no dtype": (
        lambda: nn.PReLU(dtype="half a float"), TypeError,
        "PReLU gives arrays of dtype float32 or float64; got 'half a float'"),
    "text for numbers to normalize": (
        lambda: nn.LayerNorm(2)(["a", "b"]), TypeError,
        "LayerNorm((2,)): the input must be real numbers; got a string (list, dtype <U1): convert it with float(...)"),
    "ragged rows": (
        lambda: nn.Linear(3, 2)([[1, 2, 3], [1]]), ValueError,
        "Linear(3, 2): the input must be rectangular; got a ragged list: make its rows equal"),
}  # fmt: skip


def with_buffer(name: str) -> nn.Module:
    model = Net()
    model.register_buffer(name, np.zeros(3))
    return model


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, error, words = REFUSED[name]
    assert refused(call, error) == words


def test_after_a_refusal_nothing_has_changed():
    model = Net()
    kept = model.layers, model.scale
    for name, value in (("scale", np.ones(2)), ("layers", [nn.ReLU()]), ("forward", nn.ReLU())):
        with pytest.raises((TypeError, ValueError)):
            setattr(model, name, value)
    assert (model.layers, model.scale) == kept
    assert names(model) == NET
    assert model(X).shape == (5, 2)


def test_a_default_of_the_class_may_be_replaced():
    class Net(nn.Module):
        act = scale = None

    model = with_attribute("scale", Value(1.0), with_attribute("act", nn.Linear(2, 2), Net()))
    assert names(model) == ["scale", "act.weight", "act.bias"]
