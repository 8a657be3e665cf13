"""The same by PyTorch and Keras, in float64."""

import os
import warnings
from unittest import mock

import numpy as np

from losses.case import put, upstream


def run(case, reduction):
    """What theirs gives: the loss, and the gradient of every live operand."""
    return RUNS[case.library](case, reduction)


def by_torch(case, reduction):
    import torch

    leaves = [torch.tensor(case.operands[i], requires_grad=True) for i in case.live]
    rest = [torch.tensor(x) if isinstance(x, np.ndarray) else x for x in case.operands]
    with warnings.catch_warnings():  # kl_div warns that its mean is not the divergence
        warnings.filterwarnings("ignore", "reduction: 'mean'")
        loss = case.theirs(torch.nn.functional, *put(rest, case.live, leaves), reduction=reduction)
    loss.backward(torch.tensor(upstream(tuple(loss.shape))))
    return [loss.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)]


def by_keras(case, reduction):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import jax

    jax.config.update("jax_enable_x64", True)
    import keras
    from keras.src import ops

    keras.config.set_floatx("float64")

    def losses(*values):
        with mock.patch.object(ops, "mean", jax.numpy.mean):  # theirs computes means in float32 under JAX
            each = case.theirs(keras.losses, *put(case.operands, case.live, values))
        return {"mean": each.mean, "sum": each.sum, "none": lambda: each}[reduction]()

    loss, backward = jax.vjp(losses, *(jax.numpy.asarray(case.operands[i]) for i in case.live))
    gradients = backward(jax.numpy.asarray(upstream(loss.shape)))
    return [np.asarray(loss), *map(np.asarray, gradients)]


RUNS = {"torch": by_torch, "keras": by_keras}
