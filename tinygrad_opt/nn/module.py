"""Module: a part of a network that knows its parameters, its buffers and its parts."""

from __future__ import annotations

import functools
from typing import Any, Self

import numpy as np

from ..value import Value
from .attributes import Attributes, Changes, check_appended
from .description import settings_of
from .paths import entries, joined, walk
from .state import Loaded, load, saved
from .summary import Summary, summarize

Array = np.ndarray[Any, np.dtype[Any]]


class Module(Attributes):
    """A part of a network: subclass it, give it parameters and parts as attributes, and write `forward`.

    An attribute that is a `Value` which requires a gradient and was not computed is a parameter, what PyTorch calls
    nn.Parameter; one that is a Module is a part.  What is neither, and yet to be saved, such as a running mean, is a
    buffer: ``register_buffer``.  A parameter is called in graphs by its path from the outermost module:
    ``layers.0.weight``.

    training  True for the behaviour in training, of dropout for instance; `train()` and `eval()` set it

    Raises TypeError where an attribute would hide parameters: a list of modules, an array in a parameter's place,
    a layer of the class, ``Value(...) * 0.1`` before the module first runs (then forward may keep what it computes);
    ValueError for a name that a module has of its own.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...
    ...     def forward(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(np.array([0.0, 1.0])).data
    array([1., 3.])
    >>> [name for name, _ in line.named_parameters()]
    ['slope', 'offset']
    """

    _switched: list[tuple[Module, bool]] | None
    _entered: list[list[tuple[Module, bool]]]

    def __init__(self) -> None:
        """No arguments, for a module that takes none: __new__ takes any, and nothing would be said of Flat(3)."""
        super().__init__()

    def forward(self, *args: Any, **settings: Any) -> Any:
        """What the module computes; `module(x)` calls it."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(self, x): write what it computes")

    def __call__(self, *args: Any, **settings: Any) -> Any:
        if not self._has_run:
            vars(self)["_has_run"] = True
        derived = self._compute_derived() if self._derived else {}
        if not self._perturbed:
            return self.forward(*args, **settings)
        known = self._parameters | derived  # not what the attributes are: another thread may be within its forward
        unchanged = {name: known[name] for name in self._perturbed}
        try:
            for name, changes in self._perturbed.items():
                vars(self)[name] = functools.reduce(lambda x, change: change(self, x), changes, unchanged[name])
            return self.forward(*args, **settings)
        finally:
            vars(self).update(unchanged)

    # -- what it holds -------------------------------------------------------------------------
    def children(self) -> list[Module]:
        """The modules that are its own parts, not theirs."""
        return list(self._modules.values())

    def named_modules(self) -> list[tuple[str, Module]]:
        """The module itself and all its parts, outer before inner, each once, with their paths."""
        seen: dict[int, tuple[str, Module]] = {}
        for path, module in walk(self, ""):
            seen.setdefault(id(module), (path, module))
        for _, module in seen.values():
            check_appended(module)
        return list(seen.values())

    def modules(self) -> list[Module]:
        return [module for _, module in self.named_modules()]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter with its path, each once: where two layers share one, under the first path."""
        seen: dict[int, tuple[str, Value]] = {}
        for path, module in self.named_modules():
            for name, parameter in module._parameters.items():
                seen.setdefault(id(parameter), (joined(path, name), parameter))
        return list(seen.values())

    def parameters(self) -> list[Value]:
        return [parameter for _, parameter in self.named_parameters()]

    def named_buffers(self) -> list[tuple[str, Array]]:
        return [(joined(path, name), b) for path, module in self.named_modules() for name, b in module._buffers.items()]

    def count_params(self) -> int:
        """How many numbers are learned, those of frozen parameters included."""
        return sum(p.size for p in self.parameters())

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters, before the next backward pass."""
        for p in self.parameters():
            p.grad = None

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze all parameters, or free them: a frozen one has no gradient, so that optimizers pass it by.

        A new optimizer takes only what learns: ``[(n, p) for n, p in model.named_parameters() if p.requires_grad]``.
        Batch normalization goes on to update its running statistics until it is told `eval()`.
        """
        for p in self.parameters():
            p.requires_grad = requires_grad
            p.grad = p.grad if requires_grad else None
        return self

    # -- training and evaluation ---------------------------------------------------------------
    def train(self, mode: bool = True) -> Self:
        """Behave as in training: dropout drops, batch normalization takes the batch's own statistics.

        ``with model.train():`` puts every part back into its former mode at the end.
        """
        if not isinstance(mode, bool | np.bool_):
            raise ValueError(f"train(mode) takes True or False; got {mode!r}")
        modules = self.modules()
        vars(self)["_switched"] = [(module, module.training) for module in modules]
        for module in modules:
            vars(module)["training"] = bool(mode)
        Changes.note()
        return self

    def eval(self) -> Self:
        """Behave as in use: nothing is random, running statistics stand.  ``with model.eval():`` restores."""
        return self.train(False)

    def __enter__(self) -> Self:
        if self._switched is None:
            raise RuntimeError("write `with model.eval():` or `with model.train():`, which says what is to be restored")
        self._entered.append(self._switched)
        vars(self)["_switched"] = None
        return self

    def __exit__(self, *_: object) -> None:
        for module, mode in self._entered.pop():
            vars(module)["training"] = mode
        Changes.note()

    # -- numbers -------------------------------------------------------------------------------
    def astype(self, dtype: Any) -> Self:
        """Hold parameters and buffers of floats in float32 or float64 from now on; gradients are forgotten.

        Make optimizers afterwards: one that was made before refuses to go on.
        """
        dtype = np.dtype(dtype)
        if dtype not in (np.float32, np.float64):
            raise TypeError(f"a module computes in float32 or float64; got {dtype}")
        for p in self.parameters():
            p.data, p.grad = np.asarray(p.data).astype(dtype), None
        for module in self.modules():
            for name, b in module._buffers.items():
                if b.dtype.kind == "f":
                    module.register_buffer(name, b.astype(dtype))
            module._compute_derived()
        return self

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and buffers by their paths: PyTorch's names, layouts and order.

        ``{name: torch.from_numpy(a) for name, a in model.state_dict().items()}`` is what PyTorch loads.
        """
        return saved(entries(self))

    def load_state_dict(self, state: Any, strict: bool = True) -> Loaded:
        """Take over the numbers of a state: of `state_dict()`, or of PyTorch's as it is.

        The arrays of the parameters stay and are written to, so that optimizers go on with them.
        strict=False passes over what one side lacks, and the result says what.
        Raises ValueError, which names them all, for missing or unexpected entries and such of another shape;
        then nothing has changed.
        """
        loaded = load(entries(self), state, strict, type(self).__name__)
        for module in self.modules():
            module._compute_derived()
        return loaded

    def summary(self, x: Any = None) -> Summary:
        """A table of the layers: kind, parameters, memory and, for an example input x, output shapes.

        Print it, or read its ``rows`` and ``parameters``.
        """
        return summarize(self, x)

    # -- text ----------------------------------------------------------------------------------
    def __repr__(self) -> str:
        lines = [f"({name}): {part!r}".replace("\n", "\n  ") for name, part in self._modules.items()]
        if not lines:
            return f"{type(self).__name__}({settings_of(self)})"
        return "\n  ".join([f"{type(self).__name__}(", *lines]) + "\n)"

    @property
    def where(self) -> str:
        """The module and its place in the outermost one, as errors name it: "Linear(784, 512) at layers.0"."""
        text = f"{type(self).__name__}({settings_of(self)})"
        return f"{text} at {self._path}" if self._path else text
