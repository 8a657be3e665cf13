"""The size of the gradients, layer by layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .base import Callback


class GradientNorms(Callback):
    """Logs the norm of each layer's gradient, and of all together: means over the batches of an epoch.

    They are gradient_norm/0 and so on, by the layer's path, and gradient_norm: what vanishes or explodes on the way
    back shows in a table of them.  Taken between the backward pass and the step, before any clipping.

    >>> norms = GradientNorms()
    """

    def on_gradients(self, batch: int, logs: dict[str, Any]) -> None:
        layers: dict[str, float] = {}
        for name, parameter in self.model.named_parameters():
            if parameter.grad is not None:
                layer = name.rpartition(".")[0] or name
                norm = float(np.linalg.norm(np.asarray(parameter.grad, np.float64)))
                layers[layer] = math.hypot(layers.get(layer, 0.0), norm)
        logs["gradient_norm"] = math.hypot(*layers.values())
        logs.update({f"gradient_norm/{layer}": norm for layer, norm in layers.items()})
