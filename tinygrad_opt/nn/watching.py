"""Seeing what each part of a model returns while it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .attributes import Changes

if TYPE_CHECKING:
    from .module import Module


@contextlib.contextmanager
def watching(model: Module, see: Callable[[Module, Any], None]) -> Iterator[None]:
    """Within, see(module, output) is called whenever a part of the model, or the model itself, has run."""

    def watched(module: Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **settings: Any) -> Any:
            output = forward(*args, **settings)
            see(module, output)
            return output

        return run

    modules = model.modules()
    before = [vars(module).get("forward") for module in modules]  # of who watches around this, or of the user's own
    for module in modules:
        vars(module)["forward"] = watched(module, module.forward)
    Changes.note()
    try:
        yield
    finally:
        for module, forward in zip(modules, before, strict=True):
            if forward is None:
                del vars(module)["forward"]
            else:
                vars(module)["forward"] = forward
        Changes.note()
