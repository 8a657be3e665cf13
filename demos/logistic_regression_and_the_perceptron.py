"""One neuron learns AND and OR, by the perceptron rule and by logistic regression; neither can learn XOR.

The perceptron corrects itself by w += x or w -= x for each mistake.  Logistic regression is the same neuron with a
sigmoid for the step: its loss has a slope everywhere, and its gradient is (probability - target) * x, the perceptron's
correction with a probability for the verdict.
"""

import numpy as np

from tinygrad_opt import nn
from tinygrad_opt.functional import binary_cross_entropy_with_logits, sigmoid
from tinygrad_opt.optim import SGD

corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
tasks = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}


def perceptron(targets):
    neuron = nn.Perceptron(2, rng=np.random.default_rng(0))
    mistakes = neuron.fit(corners, targets, epochs=20)
    print(f"  perceptron: mistakes in each epoch {' '.join(map(str, mistakes))}")
    print(f"    says {neuron(corners).astype(int).tolist()}")


def logistic_regression(targets):
    neuron = nn.Linear(2, 1, rng=np.random.default_rng(0))
    opt = SGD(neuron.named_parameters(), lr=2.0)
    column = np.reshape(targets, (4, 1))
    for _ in range(500):
        opt.zero_grad()
        loss = binary_cross_entropy_with_logits(neuron(corners), column)
        loss.backward()
        opt.step()
    scores = neuron(corners)
    probabilities = sigmoid(scores.data[:, 0])
    by_hand = (probabilities - targets) @ corners / 4
    opt.zero_grad()
    binary_cross_entropy_with_logits(scores, column).backward()
    print(f"  logistic regression: loss {float(loss):.4f}, probabilities {probabilities.round(3).tolist()}")
    print(f"    gradient of the weights by backprop {neuron.weight.grad[0].round(6).tolist()}")
    print(f"    (p - y) x, averaged by hand         {by_hand.round(6).tolist()}")


for name, targets in tasks.items():
    print(f"{name}: {targets}")
    perceptron(targets)
    logistic_regression(targets)

print("\nXOR needs a hidden layer: demos/xor_step_by_step.py")
