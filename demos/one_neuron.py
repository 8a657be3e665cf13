"""One neuron, tanh(w1*x1 + w2*x2 + b): forward, backward, a check, a picture, and one step downhill."""

import tempfile
from pathlib import Path

import numpy as np

from tinygrad_opt import Value, draw, explain, gradcheck

x1, x2 = Value(2.0, name="x1"), Value(0.0, name="x2")
w1, w2 = Value(-3.0, name="w1"), Value(1.0, name="w2")
b = Value(6.8813735870195432, name="b")


def neuron(w1, w2, b):
    return np.tanh(w1 * x1 + w2 * x2 + b)


out = neuron(w1, w2, b)
out.name = "out"
print(explain(out))

out.backward()
print()
print(gradcheck(neuron, w1, w2, b))

picture = Path(tempfile.mkdtemp()) / "neuron.svg"
picture.write_text(draw(out).svg(), encoding="utf-8")
print(f"the graph is drawn in an SVG of {picture.stat().st_size // 1000} kB")

for parameter in (w1, w2, b):
    parameter.data -= 0.1 * parameter.grad
print(f"\nafter one step of size 0.1 against the gradient: out = {neuron(w1, w2, b).data:.4f} (was {out.data:.4f})")
