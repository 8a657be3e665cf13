"""Training: data in batches, fit and its callbacks, and files from which a run goes on bit for bit.

Batch b of epoch e is a pure function of the data, the seed, e and b, so that a run can stop anywhere and go on as if it
had not: DataLoader for arrays, StreamLoader for what does not fit in memory.  `save_checkpoint` and `load_checkpoint`
hold a run that goes on; `tinygrad_opt.checkpoint` is another thing, which saves memory within one backward pass.
"""
from . import files
from .checkpoint import Position, load_checkpoint, save_checkpoint
from .data import DataLoader, Dataset
from .loader import Loader
from .streams import StreamLoader
from .weights import load_weights, save_weights

__all__ = [
    "DataLoader",
    "Dataset",
    "Loader",
    "Position",
    "StreamLoader",
    "files",
    "load_checkpoint",
    "load_weights",
    "save_checkpoint",
    "save_weights",
]
