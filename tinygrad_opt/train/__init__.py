"""Training: what a run consists of, in files that are whole or not there at all.

`save_checkpoint` and `load_checkpoint` hold a run that goes on; `tinygrad_opt.checkpoint` is another thing, which saves
memory within one backward pass.
"""

from . import files
from .checkpoint import Position, load_checkpoint, save_checkpoint
from .weights import load_weights, save_weights

__all__ = ["Position", "files", "load_checkpoint", "load_weights", "save_checkpoint", "save_weights"]
