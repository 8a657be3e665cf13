"""Hyperparameters: what their annotations allow, wherever they are set, and what schedules may give."""

import operator
import typing
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from tinygrad_opt import Value
from tinygrad_opt.optim import SAM, SGD, Adafactor, Adam, ClipNorm, Lookahead, Optimizer, Rate, RMSprop
from tinygrad_opt.optim.rules.schedule_free import ScheduleFreeSGD


class Every(Optimizer):
    """A hyperparameter of every kind."""

    lr: Rate = 1
    need: Rate
    fixed: float = 0.5
    count: int = 3
    most: int | None = None
    beta3: Rate | None = None
    on: bool = False
    word: str = "a"
    choice: Literal["x", "y"] | None = "x"

    @staticmethod
    def rule(h, t, p, g):
        return p - h.lr * g


def ready(value=1.0):
    w = Value(value, name="w")
    w.grad = np.ones_like(value) if isinstance(value, np.ndarray) else 1.0
    return w


def refused(kind, text, call):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text


# -- what annotations allow --------------------------------------------------------------------
REFUSED = [
    (TypeError, {"lr": "high"}, "lr is a number or a schedule; got 'high'"),
    (TypeError, {"lr": True}, "lr is a number or a schedule; got True"),
    (TypeError, {"lr": np.bool_(True)}, "lr is a number or a schedule; got True"),
    (TypeError, {"lr": None}, "lr is a number or a schedule; got None"),
    (TypeError, {"need": "x"}, "need is a number or a schedule; got 'x'"),
    (TypeError, {"fixed": len}, "fixed is a number; got <built-in function len> (builtin_function_or_method)"),
    (TypeError, {"count": 2.5}, "count is an integer; got 2.5 (float)"),
    (TypeError, {"count": None}, "count is an integer; got None"),
    (TypeError, {"most": "x"}, "most is an integer or None; got 'x'"),
    (TypeError, {"beta3": "x"}, "beta3 is a number, a schedule or None; got 'x'"),
    (ValueError, {"beta3": 1.0}, "beta3 must be below 1, the share of the old that is kept; got 1"),
    (ValueError, {"on": 1}, "on is True or False; got 1"),
    (ValueError, {"word": 1}, "word is a string; got 1"),
    (ValueError, {"choice": "z"}, "choice is 'x', 'y' or None; got 'z'"),
    (ValueError, {"lr": 10**400}, "lr is an integer above 1.8e+308, the largest float"),
    (TypeError, {"lr": np.array([0.1])}, "lr is a number or a schedule; got array([0.1]) (ndarray)"),
    (TypeError, {"lr": 1j}, "lr is a number or a schedule; got 1j (complex)"),
]


@pytest.mark.parametrize(("kind", "settings", "text"), REFUSED, ids=[text[:40] for _, _, text in REFUSED])
def test_refused_by_the_annotation(kind, settings, text):
    refused(kind, f"Every: {text}", lambda: Every([ready()], **{"need": 1.0, **settings}))


def test_allowed_by_the_annotation():
    optimizer = Every([ready()], need=np.float32(0.5), on=np.bool_(True), most=np.int64(4), choice=None, beta3=abs)
    assert optimizer.settings == {
        "lr": 1,
        "need": 0.5,
        "fixed": 0.5,
        "count": 3,
        "most": 4,
        "beta3": abs,
        "on": True,
        "word": "a",
        "choice": None,
    }
    assert [type(optimizer.settings[name]) for name in ("need", "most", "on")] == [float, int, bool]


def test_settings_of_transforms_are_checked_too():
    refused(TypeError, "ClipNorm: limit is a number or a schedule; got 'x'", lambda: ClipNorm("x"))
    refused(TypeError, "ClipNorm: limit is a number or a schedule; got None", lambda: ClipNorm(None))
    refused(TypeError, "ClipNorm: limit was given twice, as 1.0 and 2.0", lambda: ClipNorm(1.0, limit=2.0))
    refused(
        TypeError,
        "Adafactor: min_size is a number or a schedule; got 'x'",
        lambda: Adafactor([ready()], min_size="x"),
    )


@pytest.mark.parametrize("quoted", [False, True])
def test_annotations_may_be_text_and_of_any_spelling(quoted):
    annotations = {
        "table": typing.ClassVar[dict[str, int]],
        "plain": ClassVar,
        "form": typing.Literal["a", "b"],
        "rate": float | None,
    }
    texts = {
        "table": "typing.ClassVar[dict[str, Unknown]]",
        "plain": "ClassVar",
        "form": "typing.Literal['a', 'b']",
        "rate": "typing.Optional[float]",
    }
    body = {"__annotations__": texts if quoted else annotations, "__module__": __name__, "table": {}, "plain": 1}
    kind = type("Spelled", (Optimizer,), {**body, "form": "a", "rate": None})
    assert list(kind.fields) == ["form", "rate"]
    refused(ValueError, "Spelled: form is 'a' or 'b'; got 'c'", lambda: kind.setting("form", "c"))
    refused(TypeError, "Spelled: rate is a number or None; got 'c'", lambda: kind.setting("rate", "c"))


def test_an_annotation_that_says_nothing_is_refused_where_the_class_is_made():
    def declare(annotation):
        return type("Odd", (Optimizer,), {"__annotations__": {"sizes": annotation}, "sizes": []})

    with pytest.raises(
        TypeError, match=r"^Odd: sizes is annotated list\[int\]; of hyperparameters the types are Rate, float, "
    ):
        declare(list[int])
    with pytest.raises(TypeError, match=r"^name 'Unknown' is not defined, where hyperparameters are declared: "):
        declare("Unknown")


# -- set between steps -------------------------------------------------------------------------
def test_a_name_that_means_nothing_cannot_be_set():
    optimizer, clip = SGD([ready()]), ClipNorm(1.0)
    has = "SGD has no hyperparameter {!r}; it has lr, momentum, momentum_form, dampening, nesterov: "
    for one in (optimizer, Lookahead(optimizer)):
        with pytest.raises(AttributeError) as caught:
            one.learning_rate = 5
        assert str(caught.value) == has.format("learning_rate") + "the learning rate is lr="
        with pytest.raises(AttributeError) as caught:
            one.momentun = 0.9
        assert str(caught.value) == has.format("momentun") + "did you mean momentum=?"
    with pytest.raises(AttributeError, match=r"^ClipNorm has no hyperparameter 'limt'; it has limit, eps: did you"):
        clip.limt = 3
    optimizer._note = clip.only = None


def test_a_subclass_may_have_attributes_of_its_own():
    class Counting(SGD):
        def __init__(self, params, **hyper):
            super().__init__(params, **hyper)
            self.calls = 0

        def step(self, loss=None):
            self.calls += 1
            return super().step(loss)

    optimizer = Counting([ready()])
    optimizer.step()
    assert optimizer.calls == 1


def test_the_setting_of_a_transform_counts_from_the_next_step():
    w, clip = ready(), ClipNorm(1.0)
    optimizer = SGD([w], lr=1.0, transforms=[clip])
    w.grad = 8.0
    optimizer.step()
    clip.limit = 0.25
    optimizer.step()
    assert (w.data, clip.limit) == (-0.25, 0.25)
    refused(ValueError, "ClipNorm: limit must be above 0; got 0", lambda: setattr(clip, "limit", 0))
    assert clip.limit == 0.25


def test_a_wrapper_hands_on_hyperparameters_and_keeps_its_own():
    w = ready()
    inner = RMSprop([w], rho=0.5)
    optimizer = SAM(Lookahead(inner))
    optimizer.lr, optimizer.rho = 0.25, 0.125
    assert (inner.lr, optimizer.lr, inner.rho, optimizer.rho) == (0.25, 0.25, 0.5, 0.125)
    refused(ValueError, "RMSprop: lr must not be negative; got -1", lambda: setattr(optimizer, "lr", -1))
    with pytest.raises(AttributeError, match=r"^SAM has no attribute 'beta1'$"):
        operator.attrgetter("beta1")(optimizer)


GROUP_REFUSALS = [
    (TypeError, {"lr": "x"}, "SGD: lr is a number or a schedule; got 'x'"),
    (TypeError, {"lr": None}, "SGD: lr is a number or a schedule; got None"),
    (ValueError, {"lr": -1}, "SGD: lr must not be negative; got -1"),
    (ValueError, {"lr": float("nan")}, "SGD: lr is nan"),
    (ValueError, {"lr": 0.5, "momentum": 1}, "SGD: momentum must be below 1, the share of the old that is kept; got 1"),
    (
        ValueError,
        {"nesterov": True, "dampening": 0.5},
        "SGD: dampening=0.5 is for momentum_form='classical' without nesterov",
    ),
]


@pytest.mark.parametrize(("kind", "settings", "text"), GROUP_REFUSALS)
def test_hyperparameters_of_a_group_are_checked_before_any_changes(kind, settings, text):
    optimizer = SGD([ready()])
    hyper, before = optimizer.groups[0].hyper, dict(optimizer.groups[0].hyper)
    refused(kind, text, lambda: hyper.update(settings))
    if len(settings) == 1:
        refused(kind, text, lambda: hyper.__setitem__(*next(iter(settings.items()))))
    assert hyper == before


def test_a_group_keeps_its_names():
    hyper = SGD([ready()]).groups[0].hyper
    with pytest.raises(TypeError, match=r"^SGD has no hyperparameter 'rl'"):
        hyper["rl"] = 1.0
    for remove in (hyper.clear, hyper.popitem, lambda: hyper.pop("lr")):
        with pytest.raises(TypeError, match=r"^SGD cannot do without \w+: set it to another value$"):
            remove()
    assert repr(hyper).startswith("{'lr': 0.01, ")


# -- schedules ---------------------------------------------------------------------------------
def after(steps, bad: Any):
    """A schedule that gives 0.5 for so many steps, and then something else."""
    return lambda step: 0.5 if step < steps else bad


SCHEDULE_REFUSALS = [
    (ValueError, Adam, "lr", -0.5, "Adam: lr must not be negative; got -0.5"),
    (ValueError, Adam, "lr", float("nan"), "Adam: lr is nan"),
    (ValueError, Adam, "beta1", 1.0, "Adam: beta1 must be below 1, the share of the old that is kept; got 1"),
    (ValueError, Adafactor, "clip", 0.0, "Adafactor: clip must be above 0; got 0"),
    (
        ValueError,
        ScheduleFreeSGD,
        "beta1",
        0,
        "ScheduleFreeSGD: beta1 must be above 0; got 0",
    ),
    (TypeError, Adam, "lr", "x", "Adam: lr must be a number; got 'x'"),
    (TypeError, Adam, "lr", None, "Adam: lr must be a number; got None"),
    (TypeError, Adam, "lr", [1], "Adam: lr is a number or a schedule; got [1] (list)"),
]


@pytest.mark.parametrize(("error", "kind", "name", "bad", "text"), SCHEDULE_REFUSALS)
def test_what_a_schedule_gives_is_checked_before_anything_changes(error, kind, name, bad, text):
    w, v = ready(np.ones(2)), ready(np.ones(2, np.float32))
    optimizer = kind([{"params": [v]}, {"params": [w], name: after(2, bad)}])
    optimizer.step(), optimizer.step()
    before = w.data.copy(), v.data.copy(), repr(optimizer.state_dict())
    refused(error, f"{text}, which its schedule gives for step 2, counted from 0", optimizer.step)
    np.testing.assert_array_equal(w.data, before[0])
    np.testing.assert_array_equal(v.data, before[1])
    assert repr(optimizer.state_dict()) == before[2]


def test_the_schedule_of_a_transform_is_checked_too():
    optimizer = SGD([ready()], transforms=[ClipNorm(after(1, 0.0))])
    optimizer.step()
    text = "ClipNorm: limit must be above 0; got 0, which its schedule gives for step 1, counted from 0"
    refused(ValueError, text, optimizer.step)


def test_transforms_may_come_from_a_generator():
    w = ready()
    optimizer = SGD([w], lr=1.0, transforms=(ClipNorm(limit) for limit in [0.25]), constraints=iter(()))
    optimizer.step()
    assert w.data == 0.75
    refused(TypeError, "3 is not one of the transforms", lambda: SGD([w], transforms=(x for x in [3])))
