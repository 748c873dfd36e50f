"""Trained models in PyTorch."""

import importlib.util
import tempfile
from pathlib import Path

from ._program import output
from ._run import Run


def load_torch(source, checkpoint=None):
    """The trained model as an `nn.Sequential`, ready to evaluate.

    `source` is a Run, the path of a run directory, or that of a checkpoint; with a run, `checkpoint` may name one of its
    checkpoints. The module takes floats [N, channels, height, width] from 0 to 1 and gives logits. Needs torch.
    """
    if checkpoint is not None:
        source = (source if isinstance(source, Run) else Run(source)).checkpoints[checkpoint]
    elif isinstance(source, Run):
        source = source.path
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "model"
        output("export", source, "--to", "torch", "--output", target)
        specification = importlib.util.spec_from_file_location("selvedge_exported_model", target / "model.py")
        exported = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(exported)
        return exported.load()
