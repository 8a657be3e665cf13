"""How long it takes, beside the peers that are installed: ``python -m benchmarks``."""
