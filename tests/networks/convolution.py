"""Layers of filters, with every setting."""

from networks.cases import Case
from tinygrad_opt import nn


def alike(kind, shape, *args, **settings):
    """The layer of that name and those arguments in both libraries."""
    said = ", ".join([*map(str, args), *(f"{name}={value}" for name, value in settings.items())])
    name = f"{kind}({said}) of {shape}"
    return Case(
        name,
        lambda: getattr(nn, kind)(*args, **settings),
        lambda torch: getattr(torch.nn, kind)(*args, **settings),
        shape,
    )


def in_another_order(case):
    """The case with an input whose axes lie in memory in another order, one of them from its end."""
    n, c, h, w = case.shape
    return case._replace(
        name=f"{case.name}, in another order",
        shape=lambda rng: rng.normal(size=(w, c, h, n)).transpose(3, 1, 2, 0)[..., ::-1],
    )


CASES = [
    alike("Conv1d", (2, 2, 6), 2, 3, 3),
    alike("Conv1d", (2, 6), 2, 3, 3, padding=1),
    alike("Conv1d", (1, 2, 7), 2, 4, 2, stride=2, padding=1, dilation=2, groups=2),
    alike("Conv2d", (2, 2, 4, 3), 2, 3, 2),
    alike("Conv2d", (2, 4, 3), 2, 2, (2, 1), bias=False),
    alike("Conv2d", (1, 2, 5, 4), 2, 2, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
    alike("Conv2d", (1, 4, 3, 3), 4, 2, 2, groups=2),
    alike("Conv2d", (1, 1, 4, 3), 1, 2, 3, padding="same"),
    alike("Conv2d", (1, 1, 4, 3), 1, 2, 3, padding="valid"),
    alike("Conv2d", (1, 2, 5, 4), 2, 2, (2, 4), padding="same"),
    alike("Conv2d", (1, 2, 5, 6), 2, 2, 2, padding="same", dilation=(2, 3)),
    alike("Conv1d", (1, 2, 6), 2, 2, 4, padding="same", dilation=3, groups=2),
    in_another_order(alike("Conv2d", (2, 2, 5, 4), 2, 3, (2, 3), padding=1)),
    alike("ConvTranspose1d", (2, 2, 3), 2, 3, 2),
    alike("ConvTranspose1d", (2, 3), 2, 2, 3, stride=2, padding=1, output_padding=1),
    alike("ConvTranspose2d", (1, 2, 2, 3), 2, 3, 2),
    alike("ConvTranspose2d", (4, 2, 2), 4, 2, (2, 3), stride=(2, 3), padding=(0, 1), output_padding=(1, 2), groups=2),
    alike("ConvTranspose2d", (1, 2, 2, 3), 2, 2, 2, dilation=2, bias=False),
    alike("ConvTranspose2d", (2, 4, 2, 3), 4, 6, 2, stride=(2, 1), padding=1, dilation=(1, 3), groups=2),
    in_another_order(alike("ConvTranspose2d", (2, 2, 3, 4), 2, 3, 2, 2)),
]
