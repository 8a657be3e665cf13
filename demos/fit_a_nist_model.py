"""Fits a model to one of NIST's reference datasets, and counts the digits that agree with the certified values.

MGH17 (Osborne, 1972): a constant and two decays, 33 observations.  It "was found to be difficult for
some very good algorithms", writes NIST; the start below is the farther of its two.
"""

import numpy as np

from tinygrad_opt.optim import least_squares

t = 10.0 * np.arange(33)
y = np.array([
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751,
    0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490,
    0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406,
])  # fmt: skip


def residuals(b):
    return y - (b[0] + b[1] * np.exp(-b[3] * t) + b[2] * np.exp(-b[4] * t))


start = np.array([50.0, 150.0, -100.0, 1.0, 2.0])
certified = np.array([3.7541005211e-01, 1.9358469127e00, -1.4646871366e00, 1.2867534640e-02, 2.2122699662e-02])

fit = least_squares(residuals, start)
digits = -np.log10(np.abs(fit.x / certified - 1))

print(f"cost {np.sum(residuals(start) ** 2) / 2:.6g} -> {fit.cost:.6g} in {fit.iterations} steps")
print(fit.message, end="\n\n")
print("parameter             ours         certified  digits   standard deviation")
for i in range(5):
    print(
        f"b{i + 1}        {fit.x[i]:17.10e} {certified[i]:17.10e}  {digits[i]:6.1f}   {fit.standard_deviations[i]:.3e}"
    )
