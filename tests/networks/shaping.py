"""Layers that change the shape."""

from networks.convolution import alike

CASES = [
    alike("Flatten", (2, 3, 2, 2)),
    alike("Flatten", (2, 3, 2, 2), 0, -2),
    alike("Flatten", (2, 3, 2), start_dim=2),
    alike("Unflatten", (2, 6), 1, (3, 2)),
    alike("Unflatten", (2, 6, 2), -2, (2, -1)),
]
