"""How large the gradient is in each of twenty layers, for sigmoid, tanh and relu with weights of three sizes.

Backward through one layer the gradient is multiplied by the weights and by the activation's slope.  A sigmoid's
slope is at most 1/4: with weights that keep the forward pass, twenty layers leave nothing.  He's weights and relu
keep it; a little more, and it explodes.  Each bar is a power of ten.
"""

import numpy as np

from tinygrad_opt import init, nn

DEPTH, WIDTH = 20, 64
x = np.random.default_rng(0).normal(size=(100, WIDTH))
upstream = np.random.default_rng(1).normal(size=(100, WIDTH))


def gradients(activation, scheme):
    """The root mean square of the gradient that arrives at each layer's output."""
    rng = np.random.default_rng(2)
    h, outputs = x, []
    for _ in range(DEPTH):
        outputs.append(nn.Linear(WIDTH, WIDTH, init=scheme, rng=rng)(h))
        h = activation(outputs[-1])
    h.backward(upstream)
    return [float(np.sqrt(np.mean(z.grad**2))) for z in outputs]


def bar(g):
    """From 1e-16 at the left margin to 1e8: one mark for each power of ten."""
    exponent = int(np.clip(np.round(np.log10(g)), -16, 8)) if g else -16
    return "#" * (exponent + 16)


cases = {
    "sigmoid, Xavier": (nn.Sigmoid(), "xavier_normal"),
    "tanh, Xavier": (nn.Tanh(), "xavier_normal"),
    "relu, Xavier": (nn.ReLU(), "xavier_normal"),
    "relu, He": (nn.ReLU(), "kaiming_normal"),
    "relu, three times He": (nn.ReLU(), init.get("variance_scaling", scale=18.0)),
}
for name, (activation, scheme) in cases.items():
    found = gradients(activation, scheme)
    print(f"{name}: from layer 20 back to layer 1 the gradient is multiplied by {found[0] / found[-1]:.1e}")
    for layer in (20, 15, 10, 5, 1):
        g = found[layer - 1]
        print(f"  layer {layer:2d}  {g:7.1e}  {bar(g)}")
