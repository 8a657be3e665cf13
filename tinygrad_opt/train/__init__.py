"""Training: data in batches, fit and its callbacks, and files from which a run goes on bit for bit.

Batch b of epoch e is a pure function of the data, the seed, e and b, so that a run can stop anywhere and go on as if it
had not: DataLoader for arrays, StreamLoader for what does not fit in memory.  `save_checkpoint` and `load_checkpoint`
hold a run that goes on; `tinygrad_opt.checkpoint` is another thing, which saves memory within one backward pass.
"""

from . import files
from .advice import Advice, advise
from .callbacks.averaging import SwapEMAWeights
from .callbacks.base import Callback, LambdaCallback
from .callbacks.gradients import GradientNorms
from .callbacks.learning_rate_finder import LearningRateFinder
from .callbacks.logs import CSVLogger, RemoteMonitor
from .callbacks.progress import ProgbarLogger
from .callbacks.rates import LearningRateScheduler, ReduceLROnPlateau
from .callbacks.saving import BackupAndRestore, ModelCheckpoint
from .callbacks.stopping import EarlyStopping, TerminateOnNaN
from .callbacks.tensorboard import TensorBoard
from .checkpoint import Position, load_checkpoint, save_checkpoint
from .data import DataLoader, Dataset
from .fit import evaluate, fit, predict
from .history import History
from .loader import Loader
from .metrics import accuracy, metric
from .recipe import (
    Finding,
    check_initial_loss,
    input_independent_baseline,
    learning_rate_range_test,
    overfit_one_batch,
)
from .run import Run
from .streams import StreamLoader
from .weights import load_weights, save_weights

__all__ = [
    "Advice",
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "DataLoader",
    "Dataset",
    "EarlyStopping",
    "Finding",
    "GradientNorms",
    "History",
    "LambdaCallback",
    "LearningRateFinder",
    "LearningRateScheduler",
    "Loader",
    "ModelCheckpoint",
    "Position",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "Run",
    "StreamLoader",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
    "accuracy",
    "advise",
    "check_initial_loss",
    "evaluate",
    "files",
    "fit",
    "input_independent_baseline",
    "learning_rate_range_test",
    "load_checkpoint",
    "load_weights",
    "metric",
    "overfit_one_batch",
    "predict",
    "save_checkpoint",
    "save_weights",
]
