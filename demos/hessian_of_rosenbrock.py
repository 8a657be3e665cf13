"""The Hessian of Rosenbrock's valley: its shape at a point, and Newton's way down it.

Along the valley the function is nearly flat, across it steep: the condition number is the ratio.
"""

import numpy as np

from tinygrad_opt import grad, hessian, hvp


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


minimum = np.array([1.0, 1.0])
print("Hessian at the minimum")
print(hessian(rosenbrock)(minimum))

curvatures = np.linalg.eigvalsh(hessian(rosenbrock)(minimum))
print(f"curvature along the valley {curvatures[0]:.2f}, across it {curvatures[1]:.0f}")
print(f"condition number {curvatures[1] / curvatures[0]:.0f}")
print("Hessian times (1, 0), without the Hessian:", hvp(rosenbrock, minimum, [1.0, 0.0]))

x = np.array([-1.2, 1.0])
print("\nNewton's method from (-1.2, 1)")
for step in range(7):
    print(f"step {step}   x = ({x[0]: .6f}, {x[1]: .6f})   f = {rosenbrock(x):.3e}")
    x = x - np.linalg.solve(hessian(rosenbrock)(x), grad(rosenbrock)(x))
