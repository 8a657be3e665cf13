"""Layers of pooling, with every setting."""

from networks.convolution import alike


def ties(rng, shape=(1, 2, 5, 6)):
    """Many equal entries, of which the first is to win."""
    return rng.integers(0, 2, shape).astype(float)


def of_ties(case):
    return case._replace(name=f"{case.name}, ties", shape=ties, smooth=False)


CASES = [
    alike("MaxPool1d", (2, 2, 5), 2),
    alike("MaxPool1d", (2, 6), 3, stride=2, padding=1),
    alike("MaxPool2d", (2, 2, 4, 5), 2),
    alike("MaxPool2d", (2, 4, 5), (2, 3), stride=(1, 2)),
    alike("MaxPool2d", (1, 1, 6, 5), 3, 2, 1, 1, ceil_mode=True),
    alike("MaxPool2d", (1, 1, 2, 3), (3, 4), ceil_mode=True),  # smaller than the kernel
    alike("MaxPool1d", (1, 1, 2), 2, 3, dilation=3, ceil_mode=True),
    alike("MaxPool1d", (1, 2, 6), 2, 3, padding=1, ceil_mode=True),  # no window that begins in the padding after
    alike("MaxPool2d", (1, 2, 5, 4), 2, stride=1, dilation=(3, 2)),
    of_ties(alike("MaxPool2d", (1, 2, 5, 6), 2)),
    of_ties(alike("MaxPool2d", (1, 2, 5, 6), 3, 2, 1)),
    of_ties(alike("MaxPool2d", (1, 2, 5, 6), 3, 2, 1, ceil_mode=True)),
    of_ties(alike("AdaptiveMaxPool2d", (1, 2, 5, 6), (3, 4))),
    alike("AvgPool1d", (2, 2, 5), 2),
    alike("AvgPool1d", (2, 6), 3, stride=2, padding=1),
    alike("AvgPool2d", (2, 2, 4, 5), 2),
    alike("AvgPool2d", (1, 1, 6, 5), 3, 2, 1, ceil_mode=True),
    alike("AvgPool2d", (1, 1, 2, 3), (3, 4), ceil_mode=True),
    alike("AvgPool1d", (1, 1, 1), 3, 3, padding=1, ceil_mode=True, count_include_pad=False),
    alike("AvgPool2d", (1, 1, 5, 4), (2, 3), (3, 2), (1, 0), ceil_mode=True, count_include_pad=False),
    alike("AvgPool2d", (1, 1, 4, 6), 3, 2, 1, ceil_mode=True),
    alike("AvgPool2d", (2, 4, 5), 2, padding=1, count_include_pad=False),
    alike("AdaptiveAvgPool1d", (2, 2, 6), 3),
    alike("AdaptiveAvgPool1d", (2, 7), 3),
    alike("AdaptiveAvgPool2d", (2, 2, 4, 3), 1),
    alike("AdaptiveAvgPool2d", (1, 2, 4, 6), (2, 3)),
    alike("AdaptiveAvgPool2d", (2, 5, 4), (3, None)),
    alike("AdaptiveAvgPool2d", (1, 1, 2, 3), (3, 4)),
    alike("AdaptiveMaxPool1d", (2, 2, 7), 3),
    alike("AdaptiveMaxPool2d", (2, 2, 4, 3), 1),
    alike("AdaptiveMaxPool2d", (1, 2, 5, 7), (3, 2)),
]
