"""What tells that a pickle was opened."""

from pathlib import Path


class Canary:
    """Unpickling it leaves a trace."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)
