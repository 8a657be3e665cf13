"""Training: data, in batches.

Batch b of epoch e is a pure function of the data, the seed, e and b, so that a run can stop anywhere and go on as if it
had not: DataLoader for arrays, StreamLoader for what does not fit in memory.
"""

from .data import DataLoader, Dataset
from .loader import Loader
from .streams import StreamLoader

__all__ = [
    "DataLoader",
    "Dataset",
    "Loader",
    "StreamLoader",
]
