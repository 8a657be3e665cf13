"""What stands around a rule: transforms of the gradient, constraints of the parameter, wrappers of the optimizer."""
