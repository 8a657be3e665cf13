"""Activations, with their settings; inputs come near no kink."""

from networks.cases import Case, modes
from tinygrad_opt import nn

# By the name of the class, which is PyTorch's, and the settings, which have the same names in both.
SAME = [
    ("Identity", {}),
    ("ReLU", {}),
    ("ReLU6", {}),
    ("Threshold", {"threshold": 0.1, "value": -2.0}),
    ("LeakyReLU", {}),
    ("LeakyReLU", {"negative_slope": 0.3}),
    ("ELU", {}),
    ("ELU", {"alpha": 0.5}),
    ("CELU", {}),
    ("CELU", {"alpha": 2.0}),
    ("SELU", {}),
    ("Sigmoid", {}),
    ("LogSigmoid", {}),
    ("Tanh", {}),
    ("Hardtanh", {}),
    ("Hardtanh", {"min_val": -0.3, "max_val": 0.6}),
    ("Tanhshrink", {}),
    ("Softsign", {}),
    ("SiLU", {}),
    ("Hardswish", {}),
    ("Mish", {}),
    ("GELU", {}),
    ("GELU", {"approximate": "tanh"}),
    ("Softplus", {}),
    ("Softplus", {"beta": 0.5, "threshold": 0.2}),
    ("Softshrink", {}),
    ("Softshrink", {"lambd": 0.1}),
    ("Hardshrink", {}),
    ("Hardshrink", {"lambd": 0.1}),
    ("Softmax", {"dim": -1}),
    ("Softmax", {"dim": 0}),
    ("LogSoftmax", {"dim": 1}),
    ("Softmin", {"dim": -1}),
    ("GLU", {}),
    ("GLU", {"dim": 0}),
]


def entries(rng):
    """Small numbers in the first row; in the second from beyond the left bend of every function to its right one."""
    return rng.uniform(-1, 1, (2, 6)) * [[1], [10]]


def wider(rng):
    """To where PyTorch's softplus is a straight line."""
    return rng.uniform(-40, 40, (2, 6))


def twins(kind, settings):
    """The class of that name, made by both."""
    return lambda: getattr(nn, kind)(**settings), lambda torch: getattr(torch.nn, kind)(**settings)


def titled(kind, settings):
    return f"{kind}({', '.join(f'{name}={value!r}' for name, value in settings.items())})"


def mlp(torch):
    layer = torch.nn.Linear
    return torch.nn.Sequential(layer(3, 4), torch.nn.PReLU(), layer(4, 3), torch.nn.PReLU(), layer(3, 2))


CASES = [
    *[Case(titled(kind, settings), *twins(kind, settings), entries) for kind, settings in SAME],
    Case("Hardsigmoid()", *twins("Hardsigmoid", {}), entries, rtol=1e-7),  # PyTorch's slope is 1/6 in float32
    Case("Softplus() of large numbers", *twins("Softplus", {}), wider),
    *[Case(f"PReLU of shape {shape}", *twins("PReLU", {}), shape) for shape in [(), (3,), (2, 3), (2, 3, 2)]],
    *[
        Case(f"PReLU(3) of shape {shape}", *twins("PReLU", {"num_parameters": 3}), shape)
        for shape in [(2, 3), (2, 3, 2), (1, 3, 2, 2)]
    ],
    Case("RReLU in evaluation", *twins("RReLU", {"lower": 0.1, "upper": 0.5}), entries, training=False),
    *modes("RReLU with one slope", *twins("RReLU", {"lower": 0.2, "upper": 0.2}), entries),
    Case("MLP", lambda: nn.MLP(3, 4, 3, 2, activation="prelu"), mlp, (5, 3)),
]
