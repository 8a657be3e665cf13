"""The same walk by PyTorch, optax and Keras, in float64."""

import os

import numpy as np

from optimizers.cases import KEPT, STEPS, gradients, loss, start


def walk(case):
    """Their trajectory: a list of arrays for each kept step."""
    return WALKS[case.library](case)


def by_torch(case):
    import torch

    params = [torch.nn.Parameter(torch.tensor(w)) for w in start(case.shapes)]
    optimizer = case.theirs(torch, params)

    def step(t):
        arrays = [p.detach().numpy() for p in params]
        for p, g in zip(params, gradients(arrays, t), strict=True):
            p.grad = torch.tensor(g)
        optimizer.step()
        return [p.detach().numpy().copy() for p in params]

    return [found for t in range(1, STEPS + 1) if (found := step(t)) and t in KEPT]


def by_optax(case):
    import jax
    import jax.numpy as jnp
    import optax

    jax.config.update("jax_enable_x64", True)
    optimizer = case.theirs(optax)
    params = [jnp.asarray(w) for w in start(case.shapes)]
    state, update = optimizer.init(params), jax.jit(optimizer.update)
    found = []
    for t in range(1, STEPS + 1):
        arrays = [np.asarray(p) for p in params]
        grads = [jnp.asarray(g) for g in gradients(arrays, t)]
        wants_value = isinstance(optimizer, optax.GradientTransformationExtraArgs)
        extra = {"value": loss(arrays), "grad": grads} if wants_value else {}
        updates, state = update(grads, state, params, **extra)
        params = optax.apply_updates(params, updates)
        if t in KEPT:
            found.append([np.asarray(p) for p in params])
    return found


def by_keras(case):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import jax

    jax.config.update("jax_enable_x64", True)
    import keras

    keras.config.set_floatx("float64")
    optimizer = case.theirs(keras)
    params = [keras.Variable(w, dtype="float64") for w in start(case.shapes)]
    found = []
    for t in range(1, STEPS + 1):
        grads = gradients([np.asarray(p.value) for p in params], t)
        optimizer.apply([keras.ops.convert_to_tensor(g, dtype="float64") for g in grads], params)
        if t in KEPT:
            found.append([np.array(p.value) for p in params])
    return found


WALKS = {"torch": by_torch, "optax": by_optax, "keras": by_keras, "prodigyopt": by_torch}
