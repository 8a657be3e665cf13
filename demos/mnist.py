"""The network of the slides on MNIST: 784-512-10, ReLU, RMSprop, five epochs; and beside it dropout and batch norm.

    python demos/mnist.py FOLDER [plain] [dropout] [batch_norm]

FOLDER has MNIST's files, gzip or not; left out, it is mnist in the folder that TINYGRAD_OPT_DATA names.  With all four,
60,000 images are for training and 10,000 for tests; with t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz alone,
8,000 and 2,000 of these.  The networks are trained whose names are given, or all three.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

from tinygrad_opt import datasets, nn, optim, train

BETWEEN = {
    "plain": lambda: [nn.ReLU()],
    "dropout": lambda: [nn.ReLU(), nn.Dropout(0.2, rng=np.random.default_rng(1))],
    "batch_norm": lambda: [nn.BatchNorm1d(512, dtype=np.float32), nn.ReLU()],
}

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(os.environ.get("TINYGRAD_OPT_DATA", ""), "mnist")
NAMES = sys.argv[2:] or [*BETWEEN]
if not FOLDER.is_dir():
    sys.exit(
        f"There is no folder {FOLDER}, and MNIST is not part of this package.\n"
        "Its files, such as t10k-images-idx3-ubyte.gz, are published by LeCun, Cortes and Burges as 'The MNIST\n"
        "database of handwritten digits', and by many who copied them.\n"
        "Then: python demos/mnist.py FOLDER"
    )
if unknown := set(NAMES) - set(BETWEEN):
    sys.exit(f"There is no network {', '.join(sorted(unknown))}: there are {', '.join(BETWEEN)}.")


def network(name):
    """784-512-10, its weights from He's distribution, with what comes between the layers."""
    rng = np.random.default_rng(0)
    settings = {"init": "he_normal", "rng": rng, "dtype": np.float32}
    return nn.Sequential(nn.Linear(784, 512, **settings), *BETWEEN[name](), nn.Linear(512, 10, **settings))


training, test = datasets.load_mnist_parts(FOLDER)
print(f"{len(training[0]):,} images for training, {len(test[0]):,} for tests")
print("784-512-10, RMSprop, lr 0.001, batches of 128, 5 epochs\n")
print("             accuracy")
print("             training    test   seconds")
for name in NAMES:
    model = network(name)
    start = time.perf_counter()
    optimizer = optim.get("rmsprop", lr=0.001)
    train.fit(model, training, loss="cross_entropy", optimizer=optimizer, epochs=5, batch_size=128, seed=0)
    seconds = time.perf_counter() - start
    seen, new = (train.evaluate(model, part, loss="cross_entropy")["accuracy"] for part in (training, test))
    print(f"{name:12} {seen:8.4f}  {new:.4f}  {seconds:8.1f}")
