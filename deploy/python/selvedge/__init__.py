"""Starts the program `selvedge` and reads the runs that it writes.

run = selvedge.train("A-1", epochs=2)      trains, with progress, and returns the run
run = selvedge.Run("runs/A-1-1")           a run on disk
model = selvedge.load_torch(run)           the trained model in PyTorch
"""

from importlib.metadata import version as _version

from ._program import Failure, program
from ._run import Predictions, Run
from ._torch import load_torch
from ._training import train

__all__ = ["Failure", "Predictions", "Run", "load_torch", "program", "train"]
__version__ = _version("selvedge")
