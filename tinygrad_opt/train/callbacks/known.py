"""Callbacks that a saved run knows again by more than their class and order."""

from __future__ import annotations

from typing import Any

from .base import Callback


class Known(Callback):
    """A callback that goes on only where its settings are those of the saved one, as far as its state depends on them.

    So two that were given in the other order, or one that watches something else, do not take up what is not theirs.
    """

    def settings(self) -> dict[str, Any]:
        """What its state depends on, as plain data."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        return {**self.settings(), **super().state_dict()}

    def load_state_dict(self, state: Any) -> None:
        """ValueError, before anything is changed, for the state of one with other settings."""
        here = self.settings()
        there = {name: state.get(name) for name in here}
        if there != here:
            differing = [name for name in here if there[name] != here[name]]
            raise ValueError(
                f"the saved one had {listed(there, differing)}; this one has {listed(here, differing)}: "
                "give the callbacks of the saved run, in their order"
            )
        super().load_state_dict({name: part for name, part in state.items() if name not in here})


def listed(settings: dict[str, Any], names: list[str]) -> str:
    return ", ".join(f"{name}={settings[name]!r}" for name in names)
