"""What a run must have to go on, and what may differ."""

import numpy as np

from tinygrad_opt import datasets, nn, train


class Saver(train.Callback):
    last = True

    def __init__(self, path):
        self.path = path

    def on_epoch_end(self, epoch, logs):
        self.run.save(self.path)


def trained(epochs, **settings):
    data = datasets.make_moons(40, noise=0.1, rng=np.random.default_rng(0))
    model = nn.MLP(2, 8, 2, dropout=0.2, rng=np.random.default_rng(0))
    history = train.fit(model, data, loss="cross_entropy", epochs=epochs, batch_size=16, seed=0, **settings)
    return model.state_dict(), history.history


def test_callbacks_without_a_state_may_come_and_go(tmp_path, capsys):
    path = tmp_path / "run.npz"
    trained(2, callbacks=[Saver(path)], verbose=False)
    weights, history = trained(3, resume=path, verbose=True)
    expected, whole = trained(3, verbose=False)
    assert history == whole
    for name, array in expected.items():
        np.testing.assert_array_equal(weights[name], array)
