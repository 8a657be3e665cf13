"""Optimizers that call a closure as often as a step needs: BFGS and L-BFGS."""
