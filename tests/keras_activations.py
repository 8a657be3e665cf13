"""Activations that Keras has and PyTorch lacks, or calls otherwise, by Keras' names: ours, and the settings of Keras'.

sparsemax is not among them: that of Keras 3.15 adds up sums where it should take the last, and its outputs do not sum
to 1 where more than one is above 0: for [2, 1.8, 0] all are 0.
"""

import os

import numpy as np

from tinygrad_opt import Value, nn

SAME = {
    "squareplus": (nn.Squareplus(), {}),
    "squareplus of 0.5": (nn.Squareplus(0.5), {"b": 0.5}),
    "sparse_plus": (nn.SparsePlus(), {}),
    "sparse_sigmoid": (nn.SparseSigmoid(), {}),
    "exponential": (nn.Exponential(), {}),
    "hard_silu": (nn.activation("hard_silu"), {}),
    "swish": (nn.activation("swish"), {}),
    "leaky_relu": (nn.LeakyReLU(0.2), {}),
    "gelu": (nn.GELU(), {}),
    "softplus": (nn.Softplus(threshold=None), {}),
}
X = np.array([[-3.1, -1.2, -0.4, 0.3], [0.2, 0.9, 1.2, 0.7], [-0.1, 25.5, 24.8, -30.0]])
UPSTREAM = np.array([[1.0, -0.5, 2.0, 0.3], [-1.1, 0.4, 0.8, 1.7], [0.6, -0.9, 1.3, -0.2]])


def by_us(name):
    x = Value(X)
    output = SAME[name][0](x)
    output.backward(UPSTREAM)
    return {"output": output.data, "gradient": x.grad}


def by_keras(name):
    """What Keras gives: the output and the gradient of the input."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import jax

    jax.config.update("jax_enable_x64", True)
    import keras

    function = getattr(keras.activations, name.split()[0])
    output, back = jax.vjp(lambda x: function(x, **SAME[name][1]), X)
    return {"output": np.asarray(output), "gradient": np.asarray(back(UPSTREAM)[0])}
