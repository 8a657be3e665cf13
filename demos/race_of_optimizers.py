"""Seven optimizers race down Rosenbrock's valley: each at its best learning rate, and where it is at each milestone.

The walls are a hundred times as steep as the floor.  A plain step that survives the walls crawls along the floor;
momentum adds up what the steps have in common; Adam divides by how steep each direction was.
"""

from tinygrad_opt.optim.landscapes import rosenbrock
from tinygrad_opt.optim.race import race

NAMES = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam"]
MILESTONES = [1, 10, 100, 1000]

print(rosenbrock)
print(f"{'':10}{'lr':>8}", *(f"{f'step {step}':>10}" for step in MILESTONES), "  ends at")
for run in race(rosenbrock, NAMES, steps=1000):
    heights = (f"{run.height_at(step):>10.2g}" for step in MILESTONES)
    x, y = run.path[-1]
    print(f"{run.name:10}{run.lr:>8g}", *heights, f"  ({x:.3f}, {y:.3f})")
