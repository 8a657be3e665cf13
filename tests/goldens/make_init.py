"""Writes init.json: what PyTorch and Keras multiply their draws by, and PyTorch's fans, gains and structured weights.

Run from the root of the repository: KERAS_BACKEND=numpy PYTHONPATH=.:tests python tests/goldens/make_init.py
"""

import json
import sys
from pathlib import Path

import keras
import torch
from init_twins import KAIMINGS, OURS, SCALINGS, SHAPES, factor
from torch.nn import init

GAINS = [
    *("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    *("sigmoid", "tanh", "relu", "leaky_relu", "selu"),
]
DIRACS = [((4, 4, 3), 1), ((5, 2, 4), 1), ((2, 5, 3, 4), 1), ((6, 2, 3, 3), 3), ((4, 3, 2, 1, 3), 2)]
SPARSITIES = [(rows, sparsity) for rows in (1, 7, 10, 100) for sparsity in (0.0, 0.07, 0.1, 0.25, 0.9, 1.0)]


def empty(shape):
    return torch.empty(shape, dtype=torch.float64)


def of_torch(fill, plain, **settings):
    """PyTorch's initializer beside its plain distribution, from one seed."""

    def oracle(shape):
        drawn = fill(empty(shape), generator=torch.Generator().manual_seed(1), **settings)
        return factor(drawn, plain(empty(shape), torch.Generator().manual_seed(1)))

    return oracle


def plain_uniform(tensor, generator=None):
    return init.uniform_(tensor, -1, 1, generator=generator)


def plain_normal(tensor, generator=None):
    return init.normal_(tensor, generator=generator)


def layer(shape):
    """The layer that has a weight of this shape, just made."""
    outputs, inputs, *kernel = shape
    torch.manual_seed(1)
    if not kernel:
        return torch.nn.Linear(inputs, outputs, dtype=torch.float64)
    return [torch.nn.Conv1d, torch.nn.Conv2d][len(kernel) - 1](inputs, outputs, kernel, dtype=torch.float64)


def layer_weight(shape):
    drawn = layer(shape).weight.detach()
    torch.manual_seed(1)
    return factor(drawn, plain_uniform(empty(shape)))


def layer_bias(shape):
    drawn = layer(shape).bias.detach()
    torch.manual_seed(1)
    plain_uniform(empty(shape))  # a layer draws its weight first
    return factor(drawn, plain_uniform(empty(shape[0])))


def of_keras(kind, **settings):
    """Keras' initializer beside its plain distribution, from one seed."""
    plain = {
        "uniform": lambda shape: keras.random.uniform(shape, -1, 1, dtype="float64", seed=1),
        "untruncated_normal": lambda shape: keras.random.normal(shape, dtype="float64", seed=1),
        "truncated_normal": lambda shape: keras.random.truncated_normal(shape, dtype="float64", seed=1),
    }[kind(**settings).distribution]

    def oracle(shape):
        outputs, inputs, *kernel = shape
        shape = (*kernel, inputs, outputs)
        return factor(kind(seed=1, **settings)(shape, dtype="float64"), plain(shape))

    return oracle


FACTORS = {
    "torch xavier_uniform_": of_torch(init.xavier_uniform_, plain_uniform),
    "torch xavier_uniform_ of gain 5/3": of_torch(init.xavier_uniform_, plain_uniform, gain=5 / 3),
    "torch xavier_normal_": of_torch(init.xavier_normal_, plain_normal),
    "torch xavier_normal_ of gain 5/3": of_torch(init.xavier_normal_, plain_normal, gain=5 / 3),
    **{
        f"torch kaiming_uniform_{name}": of_torch(init.kaiming_uniform_, plain_uniform, **settings)
        for name, settings in KAIMINGS.items()
    },
    **{
        f"torch kaiming_normal_{name}": of_torch(init.kaiming_normal_, plain_normal, **settings)
        for name, settings in KAIMINGS.items()
    },
    "torch weight of a layer": layer_weight,
    "torch bias of a layer": layer_bias,
    **{
        f"keras {name}": of_keras(getattr(keras.initializers, name))
        for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal")
    },
    "keras VarianceScaling": of_keras(keras.initializers.VarianceScaling),
    **{
        f"keras VarianceScaling {name}": of_keras(keras.initializers.VarianceScaling, **settings)
        for name, settings in SCALINGS.items()
    },
}


def dirac(shape, groups):
    return init.dirac_(empty(shape), groups).nonzero().tolist()


def zeros_of_sparse(rows, sparsity):
    return (init.sparse_(empty((rows, 2)), sparsity) == 0).sum(0).tolist()


def main(path):
    assert FACTORS.keys() == OURS.keys()
    tables = {
        "made by": {library.__name__: library.__version__ for library in (torch, keras)},
        "shapes": SHAPES,
        "fans": [init._calculate_fan_in_and_fan_out(empty(shape)) for shape in SHAPES],
        "gains": {name: init.calculate_gain(name) for name in GAINS},
        "gains of leaky_relu": [[slope, init.calculate_gain("leaky_relu", slope)] for slope in (0, 0.01, 0.2, 1, -2)],
        "factors": {name: [oracle(shape) for shape in SHAPES] for name, oracle in FACTORS.items()},
        "ones of dirac": [[shape, groups, dirac(shape, groups)] for shape, groups in DIRACS],
        "zeros of sparse": [[*case, zeros_of_sparse(*case)] for case in SPARSITIES],
    }
    lines = []
    for name, table in tables.items():
        if name == "factors":
            table = ",\n  ".join(f"{json.dumps(case)}: {json.dumps(found)}" for case, found in table.items())
            lines.append(f'"factors": {{\n  {table}\n}}')
        else:
            lines.append(f"{json.dumps(name)}: {json.dumps(table)}")
    path.write_text("{" + ",\n ".join(lines) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("init.json"))
