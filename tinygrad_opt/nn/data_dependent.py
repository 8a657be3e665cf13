"""Initializers that look at data: weights are scaled until what the layers give for a batch is as wanted.

Both change the weights of a model in place, as it is on a batch x in evaluation mode: no dropout, no batch statistics.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .. import init
from ..ops.random import generator
from ..recording import no_grad
from ..value import Value
from .module import Module
from .watching import watching

Array = np.ndarray[Any, np.dtype[Any]]


def lsuv(
    model: Module, x: Any, *, tol: float = 0.1, max_attempts: int = 10, rng: np.random.Generator | None = None
) -> dict[str, float]:
    """Layer-sequential unit-variance initialization: orthonormal weights, scaled until each layer gives variance 1.

    From the first layer to the last, weight /= std of its output on x, until abs(variance - 1) <= tol.
    Biases are set to 0.  Returns the variance of each layer's output, by the layer's path.

    Raises ValueError for a model without layers of weights, for a layer that gives the same number everywhere, and
    for one whose variance is not within tol after max_attempts.

    Source: Mishkin & Matas, All you need is a good init, 2016, algorithm 1.

    >>> from tinygrad_opt import nn
    >>> rng = np.random.default_rng(0)
    >>> model = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 5))
    >>> reached = lsuv(model, rng.normal(size=(100, 20)), rng=rng)
    >>> {name: round(variance, 6) for name, variance in reached.items()}
    {'0': 1.0, '2': 1.0}
    """
    rng = generator(rng, "lsuv")
    layers = layers_run(model, x)
    for layer in layers.values():
        redraw(layer, init.orthogonal, rng)
    variances = {}
    for path, layer in layers.items():
        variances[path] = to_unit_variance(model, layer, x, tol, max_attempts)
    return variances


def krahenbuhl(
    model: Module, x: Any, *, bias: float = 0.1, rounds: int = 10, rng: np.random.Generator | None = None
) -> dict[str, float]:
    """Data-dependent initialization: every unit gets variance 1 on x, and every layer learns at the same relative rate.

    Within layers: weights N(0, 1); then from first to last, for each unit with mean m and deviation s on x,
    weight /= s and its bias = bias - m/s.  Between layers: with gradients that come from random numbers
    at the output, r = rms(gradient of weight) / rms(weight) of each layer is brought to their geometric mean,
    and the output's deviation to 1, in at most so many rounds.  Returns r of each layer, by the layer's path.

    Raises ValueError for a model without layers of weights and for a unit that gives the same number for all of x.

    Source: Kraehenbuehl, Doersch, Donahue & Darrell, Data-dependent initializations of convolutional neural
    networks, 2016, algorithms 1 and 2.
    """
    rng = generator(rng, "krahenbuhl")
    layers = layers_run(model, x)
    for layer in layers.values():
        redraw(layer, init.normal, rng)
    for layer in layers.values():
        normalize_units(layer, output_of(model, layer, x), bias)
    gradient = np.asarray(rng.normal(size=output_of(model, model, x).shape))
    for _ in range(rounds):
        rates, spread = learning_rates(model, list(layers.values()), x, gradient)
        target = np.exp(np.mean(np.log(rates))) * spread ** (1 / len(rates))
        if np.all(np.abs(np.log(rates / target)) < 0.01):
            break
        scales = np.sqrt(rates / target)
        reached = np.cumprod(scales)  # by how much each layer's output grows
        for layer, scale, so_far in zip(layers.values(), scales, reached, strict=True):
            layer.weight.data *= scale
            if layer.bias is not None:
                layer.bias.data *= so_far
    return dict(zip(layers, learning_rates(model, list(layers.values()), x, gradient)[0].tolist(), strict=True))


# -- layers and what they give -----------------------------------------------------------------
def layers_run(model: Module, x: Any) -> dict[str, Any]:
    """The layers of neurons or filters in the order in which they run, by their paths."""
    paths = {id(module): path for path, module in model.named_modules()}
    found: dict[str, Any] = {}

    def see(module: Module, _: Any) -> None:
        if has_weights(module):
            found.setdefault(paths[id(module)], module)

    with no_grad(), model.eval(), watching(model, see):
        model(x)
    if not found:
        raise ValueError(f"{type(model).__name__} has no layer with a weight of two axes or more to initialize")
    return found


def has_weights(module: Any) -> bool:
    """Whether a module is a layer of units, each a weighted sum: it has a matrix of weights, and may have biases."""
    return hasattr(module, "bias") and isinstance(getattr(module, "weight", None), Value) and module.weight.ndim >= 2


def redraw(layer: Any, initializer: Any, rng: np.random.Generator) -> None:
    """New weights in the arrays that are there, and biases of 0."""
    layer.weight.data[...] = initializer(layer.weight.shape, rng=rng, dtype=layer.weight.dtype)
    if layer.bias is not None:
        layer.bias.data[...] = 0


def output_of(model: Module, layer: Module, x: Any) -> Array:
    """What one module of the model returns for x."""
    outputs: list[Any] = []
    with no_grad(), model.eval(), watching(model, lambda m, out: outputs.append(out) if m is layer else None):
        model(x)
    return np.asarray(outputs[0].data)


def to_unit_variance(model: Module, layer: Any, x: Any, tol: float, max_attempts: int) -> float:
    """Scale a layer's weight until the variance of its output is 1 within tol, and return what it became."""
    for attempts in itertools.count():
        variance = float(np.var(output_of(model, layer, x)))
        if abs(variance - 1) <= tol:
            break
        if not variance > 0:
            raise ValueError(f"lsuv: {layer.where} gives variance {variance:.3g} on this batch: nothing to scale")
        if attempts == max_attempts:
            raise ValueError(
                f"lsuv: the output of {layer.where} has variance {variance:.3g} after {attempts} attempts, "
                f"not 1 within {tol}"
            )
        layer.weight.data /= variance**0.5
    return variance


def normalize_units(layer: Any, out: Array, bias: float) -> None:
    """Divide each unit's weights by its deviation and shift its bias, so that it has mean `bias` and variance 1."""
    units = out.ndim - 1 if layer.weight.ndim == 2 else 1
    others = tuple(axis for axis in range(out.ndim) if axis != units)
    mean, deviation = out.mean(axis=others), out.std(axis=others)
    if not np.all(deviation > 0):
        unit = int(np.argmin(deviation))
        raise ValueError(f"krahenbuhl: unit {unit} of {layer.where} gives {mean[unit]:.3g} for every sample of x")
    layer.weight.data /= deviation.reshape(-1, *(1,) * (layer.weight.ndim - 1))
    if layer.bias is not None:
        layer.bias.data[...] = bias - mean / deviation


def learning_rates(model: Module, layers: list[Any], x: Any, gradient: Array) -> tuple[Array, float]:
    """rms(gradient) / rms(weight) of each layer under that gradient of the output, and the output's deviation."""
    held = [p.grad for p in model.parameters()]
    model.zero_grad()
    with model.eval():
        out = model(x)
        out.backward(gradient, keep="leaves")
    rates = np.array([np.sqrt(np.mean(layer.weight.grad**2) / np.mean(layer.weight.data**2)) for layer in layers])
    for p, grad in zip(model.parameters(), held, strict=True):
        p.grad = grad
    return rates, float(np.std(out.data))
