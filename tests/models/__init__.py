"""Networks trained beside PyTorch: one table for the recorded trajectories and for the live comparison."""
