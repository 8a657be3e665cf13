"""Test functions with their usual starting points.

Moré, Garbow and Hillstrom, 1981, Testing unconstrained optimization software; the numbers are theirs.
"""

import numpy as np


def rosenbrock(x):  # 1
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def beale(x):  # 5
    return (1.5 - x[0] * (1 - x[1])) ** 2 + (2.25 - x[0] * (1 - x[1] ** 2)) ** 2 + (2.625 - x[0] * (1 - x[1] ** 3)) ** 2


def helical_valley(x):  # 7; its angle is that of (x[0], x[1]) in turns, from -1/4 to 3/4
    turns = np.where(x[0] > 0, 0.0, 0.5) + np.arctan(x[1] / x[0]) / (2 * np.pi)
    return 100 * (x[2] - 10 * turns) ** 2 + 100 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1) ** 2 + x[2] ** 2


def powell_singular(x):  # 13
    return (x[0] + 10 * x[1]) ** 2 + 5 * (x[2] - x[3]) ** 2 + (x[1] - 2 * x[2]) ** 4 + 10 * (x[0] - x[3]) ** 4


def wood(x):  # 14
    return (
        100 * (x[1] - x[0] ** 2) ** 2
        + (1 - x[0]) ** 2
        + 90 * (x[3] - x[2] ** 2) ** 2
        + (1 - x[2]) ** 2
        + 10 * (x[1] + x[3] - 2) ** 2
        + (x[1] - x[3]) ** 2 / 10
    )


PROBLEMS = {
    "rosenbrock": (rosenbrock, [-1.2, 1.0]),
    "beale": (beale, [1.0, 1.0]),
    "helical valley": (helical_valley, [-1.0, 0.0, 0.0]),
    "powell singular": (powell_singular, [3.0, -1.0, 0.0, 1.0]),
    "wood": (wood, [-3.0, -1.0, -3.0, -1.0]),
}
