"""Rules with choices: the words that are allowed, what the formula shows, and the state that a form does not use."""

from typing import Any, Literal

import numpy as np
import pytest
from refusals import refused

from tinygrad_opt import Value
from tinygrad_opt.optim import ADOPT, Adam, AdamW, NAdam, Optimizer, RAdam, RMSprop


class Choosy(Optimizer):
    """With choices annotated in two ways."""

    lr: Any = 0.1
    form: "Literal['plain', 'signed']" = "plain"
    double: bool = False

    @staticmethod
    def rule(h, t, p, g):
        step = np.sign(g) if h.form == "signed" else g
        return p - (2 if h.double else 1) * h.lr * step


class Choosier(Choosy):
    other: Literal["left", "right"] = "left"


def taken(optimizer, steps=1, gradient=2.0):
    """The optimizer of one number after some steps with the same gradient."""
    w = Value(1.0)
    made = optimizer(w)
    for _ in range(steps):
        w.grad = gradient
        made.step()
    return made


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (Choosy, {"form": "sinned"}, "Choosy: form is 'plain' or 'signed'; got 'sinned'"),
        (Choosier, {"form": None}, "Choosier: form is 'plain' or 'signed'; got None"),
        (Choosier, {"other": 1.0}, "Choosier: other is 'left' or 'right'; got 1.0"),
        (Choosy, {"double": 1}, "Choosy: double is True or False; got 1"),
        (Choosy, {"double": "yes"}, "Choosy: double is True or False; got 'yes'"),
        (Adam, {"eps_mode": "within"}, "Adam: eps_mode is 'outside', 'inside' or 'hat'; got 'within'"),
        (NAdam, {"beta1": 1.0}, "NAdam: beta1 must be below 1, the share of the old that is kept; got 1"),
    ],
)
def test_a_word_that_is_no_choice_is_refused(kind, settings, words):
    assert refused(lambda: kind([Value(1.0)], **settings), ValueError) == words


def test_a_choice_cannot_be_changed_to_another_word_either():
    opt = Choosy([Value(1.0)])
    opt.form = "signed"
    assert refused(lambda: setattr(opt, "form", "sinned"), ValueError).endswith("got 'sinned'")
    assert opt.form == "signed"


def test_a_decay_of_momentum_is_no_share():
    assert NAdam([Value(1.0)], momentum_decay=3.0).momentum_decay == 3.0


def test_what_chooses_the_form_is_shown_with_it():
    assert taken(lambda w: RAdam([w])).formula().splitlines()[2:] == [
        "rho_max = 2 / (1 - beta2) - 1",
        "rho = rho_max - 2 * t * beta2 ** t / (1 - beta2 ** t)",
        "m_hat = m[t] / (1 - beta1 ** t)",
        "p[t] = p[t-1] - lr * m_hat",
        "as long as not (rho > threshold)",
    ]
    later = taken(lambda w: RAdam([w]), steps=6).formula()
    assert later.endswith("as long as (rho > threshold)")
    assert "r = ((rho - 4) * (rho - 2) * rho_max" in later


def test_asking_for_the_formula_changes_nothing():
    opt = taken(lambda w: ADOPT([w]), steps=2)
    assert opt.formula() == opt.formula()
    assert opt.formula().count("as long as") == 1


def test_a_rule_that_calls_another_keeps_its_words():
    lines = taken(lambda w: AdamW([w])).formula().splitlines()
    assert "p' = (1 - lr * weight_decay) * p[t-1]" in lines
    assert "v_hat = v[t] / (1 - beta2 ** t)" in lines
    assert lines[-1] == "p[t] = p' - lr * m_hat / (sqrt(v_hat) + eps)"


def test_state_that_a_form_does_not_use_is_left_alone():
    opt = taken(lambda w: RMSprop([w]), steps=3)
    assert "mean" not in opt.formula()
    slots = opt.state_dict()["parameters"][0]["slots"]
    assert (slots["mean"], slots["buffer"]) == (0.0, 0.0)
    statements = [line for line in opt.source.splitlines() if "np." in line]
    assert statements
    assert not any(name in line for line in statements for name in ("mean", "buffer"))


def test_momentum_may_be_switched_on_later():
    opt = taken(lambda w: RMSprop([w], lr=0.1, rho=0.0, eps=0.0), steps=1)
    assert opt.params[0].data == pytest.approx(0.9)
    opt.momentum = 0.5
    for expected in (0.8, 0.65):  # the buffer holds 1, then 1.5
        opt.params[0].grad = 2.0
        opt.step()
        assert opt.params[0].data == pytest.approx(expected)
