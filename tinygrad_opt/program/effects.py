"""What a call of f does besides computing its result."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..check.replay import Replay, generator_setter, same
from ..nn.attributes import UNSEEN
from ..ops.random import default_rng
from .refusal import NotStatic
from .tape import Aside


class Effects:
    """What the asides of a call draw from and write to; a program does the same.

    Made before f is called, told afterwards by `settle`, which refuses any other effect.
    """

    def __init__(self, f: Callable[..., Any]):
        self.replay = Replay(f)
        self.default = repr(default_rng().bit_generator.state)
        self.draws_by_default = False
        self.generators: list[np.random.Generator] = []
        self.arrays: list[Any] = []

    def settle(self, asides: list[Aside]) -> None:
        args = {id(x): x for call in asides for x in call.args}
        self.generators = [x for x in args.values() if isinstance(x, np.random.Generator)]
        self.draws_by_default = repr(default_rng().bit_generator.state) != self.default
        written = [x for x, was in self.replay.arrays if not same(x, was)]
        self.arrays = [x for x in written if id(x) in args]
        now_and_then = self.replay.attributes
        set_ = [key for now, were in now_and_then for key in were if now.get(key) is not were[key]]
        set_ += [key for now, were in now_and_then for key in now if key not in were]
        set_ = [key for key in set_ if key not in UNSEEN]
        if set_ or len(written) > len(self.arrays):
            what = f"sets {set_[0]}" if set_ else "writes to an array"
            raise NotStatic(f"f {what} at each call: a program computes the loss and the gradients alone")

    @property
    def any(self) -> bool:
        return bool(self.draws_by_default or self.generators or self.arrays)

    def back(self) -> None:
        """Put everything back as it was before f was called."""
        self.replay.restore()

    def ways_back(self) -> list[Callable[[], None]]:
        """What puts back, after a further call, what it draws from and writes to."""
        generators = [default_rng(), *self.generators] if self.draws_by_default else self.generators
        ways: list[Callable[[], None]] = [generator_setter(x) for x in generators]
        return ways + [functools.partial(np.copyto, x, x.copy()) for x in self.arrays]
