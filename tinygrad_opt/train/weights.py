"""The numbers of a model alone, in a file for whoever uses it: here, or in PyTorch under the same names."""

from __future__ import annotations

from ..nn.module import Module
from ..nn.state import Loaded
from . import files
from .files import FilePath


def save_weights(path: FilePath, model: Module) -> None:
    """Write a model's parameters and buffers to a file, .safetensors or .npz, under PyTorch's names.

    ``net.load_state_dict(safetensors.torch.load_file(path))`` is all that PyTorch needs.  How the file is written, and
    what is raised, is said at `files.save`.

    >>> import tempfile, os
    >>> from tinygrad_opt import nn
    >>> path = os.path.join(tempfile.mkdtemp(), "model.npz")
    >>> model = nn.Sequential(nn.Linear(2, 3))
    >>> save_weights(path, model)
    >>> load_weights(path, model)
    Loaded(missing_keys=[], unexpected_keys=[])
    """
    files.save(path, checked(path, model).state_dict())


def load_weights(path: FilePath, model: Module, strict: bool = True) -> Loaded:
    """Give a model the numbers in a file: of `save_weights`, of `save_checkpoint`, or of another program.

    They take the dtype of the model.  strict is that of `Module.load_state_dict`.
    Raises ValueError, before anything is changed, for a file that is damaged, or holds other names or shapes.
    """
    shapes = {name: array.shape for name, array in checked(path, model).state_dict().items()}
    state = files.load(path, foreign=True, wanted=shapes)
    if isinstance(state, dict) and isinstance(state.get("checkpoint"), int):
        if "model" not in state:
            raise ValueError(files.refused(path, "it is a checkpoint without a model"))
        state = state["model"]
    try:
        return model.load_state_dict(state, strict)
    except (TypeError, ValueError) as error:
        raise ValueError(files.refused(path, error)) from None


def checked(path: FilePath, model: Module) -> Module:
    """The model, if it is one, and not the path: PyTorch has them in the other order."""
    if not isinstance(model, Module):
        raise TypeError(f"the path comes first, and then the model, a Module; got {path!r:.40} and {model!r:.40}")
    return model
