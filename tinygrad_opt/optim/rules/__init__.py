"""The optimizers, a file for each family: hyperparameters, slots, and the rule as its paper has it."""
