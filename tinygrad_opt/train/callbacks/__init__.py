"""Callbacks: what watches, steers and saves a run."""
