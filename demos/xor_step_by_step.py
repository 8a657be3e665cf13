"""XOR by two hidden neurons: one step of backprop with every number and its reason, then training to the end.

No line parts (0,1), (1,0) from (0,0), (1,1).  Two hidden neurons fold the plane so that one does.  Run with
`python demos/xor_step_by_step.py`; it writes xor.svg, the graph of one sample's loss with the value and gradient of
every node.
"""

import numpy as np

from tinygrad_opt import Value, draw, explain, nn
from tinygrad_opt.functional import binary_cross_entropy_with_logits, sigmoid
from tinygrad_opt.optim import SGD

corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
targets = np.array([[0.0], [1.0], [1.0], [0.0]])
rng = np.random.default_rng(3)


class Net(nn.Module):
    """Two inputs, two tanh units, one score."""

    def __init__(self):
        self.hidden = nn.Linear(2, 2, init="tanh", rng=rng)
        self.out = nn.Linear(2, 1, rng=rng)

    def forward(self, x):
        return self.out(np.tanh(self.hidden(x)))


net = Net()
print(net.summary(corners), "\n")

print("one sample, (0, 1) with target 1, before training")
loss = binary_cross_entropy_with_logits(net(Value([[0.0, 1.0]], name="x", requires_grad=False)), [[1.0]])
loss.name = "loss"
print(explain(loss), "\n")
draw(loss).write("xor.svg")

opt = SGD(net.named_parameters(), lr=1.0)
for step in range(1001):
    opt.zero_grad()
    loss = binary_cross_entropy_with_logits(net(corners), targets)
    loss.backward()
    opt.step()
    if step % 200 == 0:
        print(f"step {step:4d}   loss {float(loss):.4f}")

print("\ncorner   hidden units     probability   target")
for corner, h, score, target in zip(
    corners, np.tanh(net.hidden(corners).data), net(corners).data, targets, strict=True
):
    print(f"{corner}  {h[0]:6.3f} {h[1]:6.3f}   {sigmoid(float(score[0])):.3f}         {target[0]:.0f}")
print("In the plane of the hidden units one line parts the two classes:")
print(f"  {net.out.weight.data[0, 0]:.2f} h1 + {net.out.weight.data[0, 1]:.2f} h2 + {net.out.bias.data[0]:.2f} = 0")
