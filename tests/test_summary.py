"""The table of a model's layers, and what sees them run."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_opt import Value, nn
from tinygrad_opt.nn.watching import watching


def digits() -> nn.Sequential:
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))


def test_layer_by_layer():
    summary = digits().summary()
    assert [(row.name, row.kind, row.parameters) for row in summary.rows] == [
        ("0", "Linear(784, 512)", 784 * 512 + 512),
        ("1", "ReLU()", 0),
        ("2", "Linear(512, 10)", 512 * 10 + 10),
    ]
    assert summary.parameters == 407_050
    assert summary.memory == 8 * 407_050
    assert {row.shape for row in summary.rows} == {None}


def test_text():
    text = """\
layer   kind               parameters      memory
─────────────────────────────────────────────────
0       Linear(784, 512)      401,920   3.066 MiB
1       ReLU()
2       Linear(512, 10)         5,130   40.08 KiB
─────────────────────────────────────────────────
total                         407,050   3.106 MiB"""
    assert str(digits().summary()) == repr(digits().summary()) == text


def test_text_with_shapes_and_frozen_parameters():
    model = digits()
    model[0].requires_grad_(False)
    text = """\
layer   kind               output shape   parameters      memory
────────────────────────────────────────────────────────────────
0       Linear(784, 512)   (64, 512)         401,920   3.066 MiB
1       ReLU()             (64, 512)
2       Linear(512, 10)    (64, 10)            5,130   40.08 KiB
────────────────────────────────────────────────────────────────
total                                        407,050   3.106 MiB
401,920 parameters are frozen"""
    summary = model.summary(np.zeros((64, 784)))
    assert str(summary) == text
    assert summary.trainable == 5_130


def test_memory_is_what_the_arrays_take():
    model = digits().astype(np.float32)
    model[1].register_buffer("seen", np.zeros(10, np.int64))
    summary = model.summary()
    assert summary.memory == 4 * 407_050 + 80
    assert [row.memory for row in summary.rows] == [4 * 401_920, 80, 4 * 5_130]


def test_of_one_layer():
    assert [row.name for row in nn.Linear(2, 3).summary().rows] == [""]


def test_what_is_shared_counts_once():
    layer = nn.Linear(4, 4)
    model = nn.Sequential(layer, nn.Linear(4, 4), layer)
    model[1].weight = layer.weight
    assert [(row.name, row.parameters) for row in model.summary().rows] == [("0", 20), ("1", 4)]
    assert model.summary().parameters == model.count_params() == 24


def test_long_names_are_not_cut():
    inner = nn.Sequential({"a" * 90: nn.ConvTranspose2d(16, 16, (3, 3), stride=(2, 2), padding=(1, 1), groups=4)})
    text = str(nn.Sequential({"b" * 90: inner}).summary())
    assert f"{'b' * 90}.{'a' * 90}" in text
    assert "padding=(1, 1), groups=4)" in text


def test_nothing_in_the_model_changes():
    class Counting(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(2, 2)
            self.register_buffer("calls", np.zeros((), int))

        def forward(self, x):
            if self.training:
                self.calls = self.calls + 1
            return self.layer(x)

    model = Counting()
    model.layer.eval()
    before = dict(vars(model)), dict(vars(model.layer))
    model.summary(np.zeros((1, 2)))
    assert model.calls == 0
    assert (model.training, model.layer.training) == (True, False)
    assert [set(kept) for kept in before] == [set(vars(model)), set(vars(model.layer))]


def test_an_input_that_does_not_fit_leaves_the_model_as_it_was():
    model = digits()
    with pytest.raises(ValueError, match="takes 784 features"):
        model.summary(np.zeros((64, 28)))
    assert model.training
    assert not any("forward" in vars(module) for module in model.modules())


def test_a_pair_of_outputs_has_no_shape():
    class Two(nn.Module):
        def __init__(self):
            self.a, self.b = nn.Linear(2, 1), nn.Linear(2, 3)

        def forward(self, x):
            return self.a(x), self.b(x)

    rows = nn.Sequential(Two()).summary(np.zeros((4, 2))).rows
    assert [row.shape for row in rows] == [(4, 1), (4, 3)]


def test_watching_within_watching():
    model = digits()
    outer: list[nn.Module] = []
    inner: list[nn.Module] = []
    with watching(model, lambda module, _: outer.append(module)):
        with watching(model, lambda module, _: inner.append(module)):
            model(np.zeros((1, 784)))
        model(np.zeros((1, 784)))
    model(np.zeros((1, 784)))
    assert inner == [*model, model]
    assert outer == inner * 2


def test_watching_keeps_a_forward_of_the_users_own():
    layer = nn.ReLU()
    layer.forward = lambda x: x + 1
    with watching(layer, lambda *_: None):
        assert layer(1.0) == 2.0
    assert layer(1.0) == 2.0


def test_a_scalar_output_has_the_shape_of_a_number():
    class Total(nn.Module):
        def forward(self, x):
            return Value(x).sum()

    assert Total().summary(np.ones(3)).rows[0].shape == ()
