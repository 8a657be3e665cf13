"""A small convolutional network and its whole training loop: mini-batches, evaluation, saving and loading.

The images are made here: 8x8 pixels with a bar that lies, a bar that stands, or a cross, at any place, under noise.
Run with `python demos/small_cnn_by_hand_loop.py`; it writes cnn.npz, the trained numbers.
"""

import numpy as np

from tinygrad_opt import nn, no_grad
from tinygrad_opt.optim import Adam

KINDS = ("lying bar", "standing bar", "cross")


def images(n, rng):
    """n images (n, 1, 8, 8) and the number of the kind of each."""
    labels = rng.integers(0, len(KINDS), n)
    x = rng.normal(0, 0.4, (n, 1, 8, 8))
    for image, kind in zip(x[:, 0], labels, strict=True):
        row, column = rng.integers(1, 7, 2)
        if kind != 1:
            image[row, max(column - 2, 0) : column + 3] += 1
        if kind != 0:
            image[max(row - 2, 0) : row + 3, column] += 1
    return x, labels


def network(rng):
    settings = {"rng": rng, "dtype": np.float32}
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False, init="relu", **settings),  # (N, 8, 8, 8); the norm has a bias
        nn.BatchNorm2d(8, dtype=np.float32),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 8, 4, 4)
        nn.Conv2d(8, 16, 3, padding=1, init="relu", **settings),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 16, 2, 2)
        nn.Flatten(),
        nn.Dropout(0.2, rng=rng),
        nn.Linear(64, len(KINDS), **settings),
    )


def batches(x, labels, size, rng):
    """All examples once, in random order, size at a time."""
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        chosen = order[start : start + size]
        yield x[chosen], labels[chosen]


def accuracy(model, x, labels):
    with model.eval(), no_grad():
        return np.mean(np.argmax(model(x), axis=1) == labels)


rng = np.random.default_rng(0)
train_x, train_labels = images(1200, rng)
test_x, test_labels = images(600, rng)

model = network(rng)
print(model.summary(test_x), "\n")

criterion = nn.CrossEntropyLoss()
opt = Adam(model.named_parameters(), lr=0.01)
for epoch in range(12):
    total = 0.0
    for x, labels in batches(train_x, train_labels, 50, rng):
        opt.zero_grad()
        loss = criterion(model(x), labels)
        loss.backward()
        opt.step()
        total += float(loss) * len(x)  # a float: a sum of Values would keep every graph
    print(f"epoch {epoch + 1:2d}   loss {total / len(train_x):.3f}   right {accuracy(model, test_x, test_labels):.3f}")

with model.eval(), no_grad():
    guesses = np.argmax(model(test_x), axis=1)
print("\nwhat it is, and how often it is taken for each")
for kind, name in enumerate(KINDS):
    print(f"{name:12s}", *(f"{np.sum(guesses[test_labels == kind] == k):5d}" for k in range(len(KINDS))))

np.savez("cnn.npz", **model.state_dict())
loaded = network(np.random.default_rng(1))
print(f"\na new network         right {accuracy(loaded, test_x, test_labels):.3f}")
loaded.load_state_dict(np.load("cnn.npz"))
print(f"with the saved state  right {accuracy(loaded, test_x, test_labels):.3f}")
