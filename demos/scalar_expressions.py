"""Gradients of an expression of two numbers, by operators alone.

The expression is the example of micrograd's README (Karpathy, 2020); a Value is used in its place.
"""

from tinygrad_opt import Value, explain

a = Value(-4.0, name="a")
b = Value(2.0, name="b")
c = a + b
d = a * b + b**3
c += c + 1
c += 1 + c + (-a)
d += d * 2 + (b + a).relu()
d += 3 * d + (b - a).relu()
e = c - d
f = e**2
g = f / 2.0
g += 10.0 / f
g.name = "g"
print(f"g = {g.data:.4f}")

g.backward()
print(f"dg/da = {a.grad:.4f}")
print(f"dg/db = {b.grad:.4f}")

explanation = explain(g)
uses = max((c for step in explanation.steps for c in step.contributions), key=lambda c: c.awaited)
print(f"\n{len(explanation.forward)} operations; {uses.to} has {uses.awaited} uses, so its gradient has as many parts")
for step in explanation.steps:
    for c in step.contributions:
        if c.to == uses.to:
            print(f"  from {step.name} = {step.formula}: {c.formula} = {c.part:.4f}")
