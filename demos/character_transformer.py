"""A small transformer learns to write, character by character: python demos/character_transformer.py

It is built here from the package's layers, as GPT is: an embedding of characters and places, blocks of attention and
of a small network, each beside a residual path, and for each place the scores of the character that comes next.
Attention is three lines of NumPy; its gradient comes by itself, and compile=True makes a program of each step.
The text is the Declaration of Independence and the Constitution of the United States, 55,000 characters.  Who knows
nothing pays log(74) = 4.3 nats for each of them, who knows how often each comes 3.1.  The first epoch brings it to
2.36, the second to 1.78, the fourth to 1.44.
With two numbers, EPOCHS and PART, it takes only one of PART stretches of text in an epoch: 3 8 is a quick look.
"""

import sys
from pathlib import Path

import numpy as np

from tinygrad_opt import functional, nn, no_grad, optim, train

if len(sys.argv) > 3 or not all(word.isdecimal() and int(word) for word in sys.argv[1:]):
    sys.exit(__doc__)

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 4
PART = int(sys.argv[2]) if len(sys.argv) > 2 else 1
CONTEXT, WIDTH, HEADS, BLOCKS, BATCH = 32, 64, 4, 2, 32
STRIDE = 8 * PART  # characters from one stretch to the next: at 8 an epoch sees each character four times
BEGINNING = "The Congress shall have Power to "
PLACES = np.arange(CONTEXT)
FUTURE = np.triu(np.full((CONTEXT, CONTEXT), -1e9, np.float32), k=1)  # what a place is not to see weighs exp(-1e9) = 0

rng = np.random.default_rng(0)
text = Path(__file__).with_name("texts").joinpath("declaration_and_constitution.txt").read_text(encoding="utf-8")
alphabet, codes = np.unique(list(text), return_inverse=True)


class CausalAttention(nn.Module):
    """Each place looks at itself and those before it: softmax(q k^T / sqrt(d)) v, in several heads (Vaswani 2017)."""

    def __init__(self):
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, rng=rng, dtype=np.float32)
        self.out = nn.Linear(WIDTH, WIDTH, rng=rng, dtype=np.float32)

    def forward(self, x):
        n, places, _ = x.shape
        qkv = self.qkv(x).reshape(n, places, 3, HEADS, WIDTH // HEADS)
        q, k, v = (qkv[:, :, i] for i in range(3))
        scores = np.einsum("nihd,njhd->nhij", q, k) * (WIDTH // HEADS) ** -0.5
        weights = functional.softmax(scores + FUTURE, axis=-1)
        return self.out(np.einsum("nhij,njhd->nihd", weights, v).reshape(n, places, WIDTH))


class Transformer(nn.Module):
    """codes (n, CONTEXT)  ->  scores of the next character (n, alphabet, CONTEXT)"""

    def __init__(self):
        settings = {"rng": rng, "dtype": np.float32}
        self.characters = nn.Embedding(len(alphabet), WIDTH, **settings)
        self.places = nn.Embedding(CONTEXT, WIDTH, **settings)
        self.blocks = nn.Sequential()
        for _ in range(BLOCKS):
            wide, narrow = nn.Linear(WIDTH, 4 * WIDTH, **settings), nn.Linear(4 * WIDTH, WIDTH, **settings)
            for layers in ([CausalAttention()], [wide, nn.GELU("tanh"), narrow]):
                self.blocks.append(nn.Residual(nn.Sequential(nn.LayerNorm(WIDTH, dtype=np.float32), *layers)))
        self.norm = nn.LayerNorm(WIDTH, dtype=np.float32)
        self.head = nn.Linear(WIDTH, len(alphabet), **settings)

    def forward(self, codes):
        x = self.characters(codes) + self.places(PLACES)
        return np.swapaxes(self.head(self.norm(self.blocks(x))), 1, 2)


def sample(model, start, length):
    """Text that the model goes on with from CONTEXT characters or more, each drawn by its probability."""
    draws, written = np.random.default_rng(0), [list(alphabet).index(c) for c in start]
    with model.eval(), no_grad():
        for _ in range(length):
            scores = model(np.array([written[-CONTEXT:]])).data[0, :, -1].astype(np.float64)
            chances = np.exp((scores - scores.max()) / 0.7)
            written.append(draws.choice(len(alphabet), p=chances / chances.sum()))
    return "".join(alphabet[written])


class Report(train.Callback):
    def on_epoch_end(self, epoch, logs):
        loss, accuracy = logs["loss"], logs["accuracy"]
        print(f"epoch {epoch + 1}: {loss:.3f} nats a character, {accuracy:.1%} guessed right", flush=True)
        if epoch + 1 in (1, EPOCHS):
            print(f"\n{sample(self.model, BEGINNING, 240)}\n", flush=True)


windows = np.lib.stride_tricks.sliding_window_view(codes, CONTEXT + 1)[::STRIDE]
model = Transformer()
print(f"{len(text):,} characters, {len(alphabet)} different; {model.count_params():,} parameters")
steps = EPOCHS * -(-len(windows) // BATCH)
train.fit(
    model,
    (windows[:, :-1], windows[:, 1:]),
    loss="cross_entropy",
    optimizer=optim.get("adamw", lr=optim.schedules.cosine(3e-3, steps=steps)),
    epochs=EPOCHS,
    batch_size=BATCH,
    callbacks=[Report()],
    seed=0,
    compile=True,
    verbose=False,
)
