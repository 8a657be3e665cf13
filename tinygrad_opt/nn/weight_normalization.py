"""Weights computed from a length and a direction."""

from __future__ import annotations

import functools
from typing import Any, TypeVar

import numpy as np

from ..value import Value
from .module import Module
from .paths import joined

M = TypeVar("M", bound=Module)


def weight_norm(module: M, name: str = "weight", dim: int | None = 0, *, centered: bool = False) -> M:
    """Give a layer a weight of a learned length g and direction v: g v / ||v|| (Salimans & Kingma, 2016, equation 2).

    The weight gives way to two parameters, g as weight_g and v as weight_v, and is computed from them before each
    forward.  They start so that it is what it was.  The gradient with respect to v is perpendicular to v.
    To be called before an optimizer is given the parameters; a weight that two modules share is shared no longer.

    dim       the axis that is not summed over: 0 for one length an output; None for one in all
    centered  take v - mean(v) for v, so that the weights of an output sum to 0 (Huang et al., 2017);
              then the weight that it starts from loses its mean

    Returns the module.  Raises ValueError where there is no such weight, or a part of it is 0: it has no direction.

    >>> from tinygrad_opt.nn import Linear
    >>> layer = weight_norm(Linear(2, 1))
    >>> layer.weight_g.data[...], layer.weight_v.data[...] = 10.0, [[3.0, 4.0]]
    >>> layer(np.eye(2)).data.ravel()
    array([6., 8.])
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight_g', 'weight_v']
    """
    weight = weight_of(module, name)
    axes = summed_axes(weight.ndim, dim)
    v = np.array(weight.data)
    direction = centered_at_0(v, axes) if centered else v
    g = length(direction, axes) if dim is not None else length(direction, axes).reshape(())
    refuse_no_direction(module, name, g, direction, centered)
    for part, numbers in (("g", g), ("v", v)):
        parameter = Value(np.asarray(numbers))
        setattr(module, f"{name}_{part}", parameter)
        parameter.requires_grad = weight.requires_grad
    module.derive(name, functools.partial(computed, name=name, axes=axes, centered=centered))
    vars(module)[name] = computed(module, name, axes, centered)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make a weight that `weight_norm` computes a parameter again, with the numbers that it has now."""
    check_module("remove_weight_norm", module)
    made = module._derived.get(name)
    if not (isinstance(made, functools.partial) and made.func is computed):
        raise ValueError(f"{module.where} has no weight norm on {name!r} to remove")
    weight = Value(np.array(made(module).data))
    learned = getattr(module, f"{name}_v").requires_grad
    del module._derived[name]
    delattr(module, f"{name}_g")
    delattr(module, f"{name}_v")
    setattr(module, name, weight)
    weight.requires_grad = learned
    return module


def computed(module: Module, name: str, axes: tuple[int, ...], centered: bool) -> Value:
    """The weight, from its parts."""
    g, v = getattr(module, f"{name}_g"), getattr(module, f"{name}_v")
    direction = centered_at_0(v, axes) if centered else v
    weight: Value = g * (direction / length(direction, axes))
    weight.name = joined(module._path, name)
    return weight


def length(v: Any, axes: tuple[int, ...]) -> Any:
    return np.sqrt(np.sum(np.square(v), axis=axes, keepdims=True))


def centered_at_0(v: Any, axes: tuple[int, ...]) -> Any:
    return v - np.mean(v, axis=axes, keepdims=True)


def check_module(function: str, module: Any) -> None:
    if not isinstance(module, Module):
        raise TypeError(f"{function} takes a module; got {module!r}")


def weight_of(module: Module, name: str) -> Value:
    """The parameter that is to be computed from now on."""
    check_module("weight_norm", module)
    if name in module._derived:
        raise ValueError(f"{module.where}: {name} is already computed; remove_weight_norm makes it a parameter again")
    if name not in module._parameters:
        known = ", ".join(module._parameters) or "none"
        raise ValueError(f"{module.where} has no parameter {name!r} of its own; it has {known}")
    return module._parameters[name]


def summed_axes(ndim: int, dim: int | None) -> tuple[int, ...]:
    """The axes over which the length is taken."""
    if dim is not None and (isinstance(dim, bool) or dim not in range(ndim)):
        raise ValueError(
            f"weight_norm of a weight of {ndim} axes takes dim from 0 to {ndim - 1}, or None for all; got {dim!r}"
        )
    return tuple(i for i in range(ndim) if i != dim)


def refuse_no_direction(module: Module, name: str, g: Any, direction: Any, centered: bool) -> None:
    if np.all(g > 0) and np.all(np.isfinite(g)):
        return
    less = ", less its mean," if centered else ""
    at = int(np.argmin(np.ravel((g > 0) & np.isfinite(g))))
    raise ValueError(
        f"{module.where}: part {at} of {name}{less} has length {np.ravel(g)[at]:g}, so that it has no direction "
        f"to be kept; {name} is {direction.shape}"
    )
