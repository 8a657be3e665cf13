"""The rates of PyTorch's, Keras' and optax's schedules, for the tests of ours.

Run this to write schedules.json, or another file that is named.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"  # the one on which it computes cosines of doubles

import jax
import keras
import optax
import torch

STEPS = 64
T, K = torch.optim.lr_scheduler, keras.optimizers.schedules


def of_torch(make: Callable[[Any], Any], lr: float = 0.1) -> Callable[[], list[float]]:
    """The rates that a scheduler gives its optimizer, one step after the other."""

    def rates() -> list[float]:
        optimizer = torch.optim.SGD([torch.zeros(1, dtype=torch.float64)], lr=lr)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SequentialLR calls its parts in a way that it warns of itself
            scheduler = make(optimizer)
            found = []
            for _ in range(STEPS):
                found.append(float(optimizer.param_groups[0]["lr"]))
                optimizer.step()
                scheduler.step()
        return found

    return rates


def of_function(make: Callable[[], Any]) -> Callable[[], list[float]]:
    """The rates of a function of the step, in double precision."""

    def rates() -> list[float]:
        before = keras.config.floatx()
        keras.config.set_floatx("float64")
        try:
            with jax.enable_x64(True):
                schedule = make()
                return [float(schedule(t)) for t in range(STEPS)]
        finally:
            keras.config.set_floatx(before)

    return rates


ORACLES: dict[str, Callable[[], list[float]]] = {
    "torch StepLR": of_torch(lambda o: T.StepLR(o, 7, gamma=0.5)),
    "torch MultiStepLR": of_torch(lambda o: T.MultiStepLR(o, [10, 25, 40], gamma=0.3)),
    "torch ConstantLR": of_torch(lambda o: T.ConstantLR(o, factor=1 / 3, total_iters=5)),
    "torch LinearLR": of_torch(lambda o: T.LinearLR(o, start_factor=1 / 3, total_iters=5)),
    "torch ExponentialLR": of_torch(lambda o: T.ExponentialLR(o, 0.93)),
    "torch PolynomialLR": of_torch(lambda o: T.PolynomialLR(o, total_iters=40, power=2.0)),
    "torch LambdaLR of inverse time": of_torch(lambda o: T.LambdaLR(o, lambda t: 1 / (1 + 0.3 * t))),
    "torch LambdaLR of noam": of_torch(
        lambda o: T.LambdaLR(o, lambda t: 64**-0.5 * min((t + 1) ** -0.5, (t + 1) * 20**-1.5)), 1.0
    ),
    "torch CosineAnnealingLR": of_torch(lambda o: T.CosineAnnealingLR(o, 20, eta_min=0.01)),
    "torch CosineAnnealingWarmRestarts": of_torch(lambda o: T.CosineAnnealingWarmRestarts(o, 9)),
    "torch CosineAnnealingWarmRestarts longer": of_torch(
        lambda o: T.CosineAnnealingWarmRestarts(o, 7, 2, eta_min=0.01)
    ),
    "torch OneCycleLR": of_torch(lambda o: T.OneCycleLR(o, 0.1, total_steps=STEPS)),
    "torch OneCycleLR linear": of_torch(
        lambda o: T.OneCycleLR(
            o, 0.1, total_steps=65, pct_start=0.4, anneal_strategy="linear", div_factor=10.0, final_div_factor=100.0
        )
    ),
    "torch OneCycleLR of three phases": of_torch(lambda o: T.OneCycleLR(o, 0.1, total_steps=66, three_phase=True)),
    "torch OneCycleLR straight down": of_torch(lambda o: T.OneCycleLR(o, 0.1, total_steps=66, pct_start=0.0)),
    "torch CyclicLR": of_torch(
        lambda o: T.CyclicLR(o, 0.01, 0.1, step_size_up=6, step_size_down=9, cycle_momentum=False)
    ),
    "torch CyclicLR triangular2": of_torch(
        lambda o: T.CyclicLR(o, 0.01, 0.1, step_size_up=6, mode="triangular2", cycle_momentum=False)
    ),
    "torch CyclicLR exp_range": of_torch(
        lambda o: T.CyclicLR(o, 0.01, 0.1, step_size_up=6, mode="exp_range", gamma=0.97, cycle_momentum=False)
    ),
    "torch SequentialLR": of_torch(
        lambda o: T.SequentialLR(o, [T.ConstantLR(o, 0.2, 1000), T.ExponentialLR(o, 0.9), T.StepLR(o, 5)], [10, 30])
    ),
    "torch ChainedScheduler": of_torch(
        lambda o: T.ChainedScheduler([T.LinearLR(o, 0.25, total_iters=8), T.ExponentialLR(o, 0.95)], o)
    ),
    "keras PiecewiseConstantDecay": of_function(lambda: K.PiecewiseConstantDecay([10, 25, 40], [0.1, 0.5, 0.05, 0.01])),
    "keras ExponentialDecay": of_function(lambda: K.ExponentialDecay(0.1, 10, 0.6)),
    "keras ExponentialDecay staircase": of_function(lambda: K.ExponentialDecay(0.1, 10, 0.6, staircase=True)),
    "keras InverseTimeDecay": of_function(lambda: K.InverseTimeDecay(0.1, 10, 0.6)),
    "keras InverseTimeDecay staircase": of_function(lambda: K.InverseTimeDecay(0.1, 10, 0.6, staircase=True)),
    "keras PolynomialDecay": of_function(lambda: K.PolynomialDecay(0.1, 40, power=0.5)),
    "keras PolynomialDecay cycle": of_function(lambda: K.PolynomialDecay(0.1, 12, power=2.0, cycle=True)),
    "keras CosineDecay": of_function(lambda: K.CosineDecay(0.1, 40, alpha=0.1)),
    "keras CosineDecay warm-up": of_function(
        lambda: K.CosineDecay(0.01, 40, alpha=0.1, warmup_target=0.1, warmup_steps=12)
    ),
    "keras CosineDecayRestarts": of_function(lambda: K.CosineDecayRestarts(0.1, 8, m_mul=0.7, alpha=0.1)),
    "keras CosineDecayRestarts alike": of_function(lambda: K.CosineDecayRestarts(0.1, 8, t_mul=1.0, m_mul=0.7)),
    "keras CosineDecayRestarts by 1.5": of_function(lambda: K.CosineDecayRestarts(0.1, 7, t_mul=1.5)),
    "optax constant_schedule": of_function(lambda: optax.constant_schedule(0.1)),
    "optax piecewise_constant_schedule": of_function(
        lambda: optax.piecewise_constant_schedule(0.1, {10: 0.3, 25: 0.3, 40: 0.3})
    ),
    "optax exponential_decay": of_function(lambda: optax.exponential_decay(0.1, 10, 0.6, end_value=0.01)),
    "optax exponential_decay staircase": of_function(lambda: optax.exponential_decay(0.1, 10, 0.6, staircase=True)),
    "optax linear_schedule": of_function(lambda: optax.linear_schedule(0.1, 0.7, 40)),
    "optax polynomial_schedule": of_function(lambda: optax.polynomial_schedule(0.1, 0.01, 3.0, 40)),
    "optax cosine_decay_schedule": of_function(lambda: optax.cosine_decay_schedule(0.1, 40, alpha=0.1, exponent=1.5)),
    "optax warmup_cosine_decay_schedule": of_function(
        lambda: optax.warmup_cosine_decay_schedule(0.01, 0.1, 12, 50, end_value=0.02)
    ),
    "optax cosine_onecycle_schedule": of_function(lambda: optax.cosine_onecycle_schedule(55, 0.1)),
    "optax linear_onecycle_schedule": of_function(lambda: optax.linear_onecycle_schedule(55, 0.1)),
    "optax sgdr_schedule": of_function(
        lambda: optax.sgdr_schedule(
            [{"init_value": 0.1, "peak_value": 0.1, "warmup_steps": 0, "decay_steps": n} for n in (9, 18, 36, 72)]
        )
    ),
    "optax join_schedules": of_function(
        lambda: optax.join_schedules([optax.constant_schedule(0.02), optax.cosine_decay_schedule(0.1, 20)], [15])
    ),
}


def main(path: Path) -> None:
    versions = {library.__name__: library.__version__ for library in (torch, keras, optax, jax)}
    rates = ",\n  ".join(f"{json.dumps(name)}: {json.dumps(oracle())}" for name, oracle in ORACLES.items())
    path.write_text(f'{{"made by": {json.dumps(versions)},\n "rates": {{\n  {rates}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("schedules.json"))
