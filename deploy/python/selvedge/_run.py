"""A run directory, read."""

import html
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy
import yaml
from safetensors.numpy import load_file

from ._program import output

# Members of a line of metrics.jsonl, with Keras's names.
FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


@dataclass(frozen=True)
class Predictions:
    """What a model makes of a set of samples, in their order."""

    labels: numpy.ndarray
    """The predicted classes, by number."""
    probabilities: numpy.ndarray
    """[samples, classes]"""
    logits: numpy.ndarray
    """[samples, classes]: the outputs before the last activation."""
    actual: numpy.ndarray
    """The true classes, by number."""

    @property
    def accuracy(self):
        return float((self.labels == self.actual).mean())


class Run:
    """A run directory: `selvedge.Run("runs/A-1-1")`. Everything is read anew each time, so a run that trains can be watched."""

    def __init__(self, path):
        self.path = Path(path)
        if not (self.path / "experiment.yaml").is_file():
            raise FileNotFoundError(f"{self.path} is no run directory: it has no experiment.yaml")

    @property
    def config(self):
        """The experiment with all its settings, as a dictionary."""
        return yaml.load((self.path / "experiment.yaml").read_text(), _YAML)

    @property
    def history(self):
        """An array with one value an epoch for each of epoch, loss, accuracy, val_loss, val_accuracy and learning_rate.

        Without validation the validation's arrays are missing. A loss that is not finite is NaN.
        """
        return _arrays(_lines(self.path / "metrics.jsonl"))

    @property
    def timings(self):
        """What varies from run to run, one dictionary for each line of timings.jsonl: seconds, images a second, recoveries."""
        return _lines(self.path / "timings.jsonl")

    @property
    def status(self):
        """Where a training is at the moment; None before its first report."""
        return _object(self.path / "status.json")

    @property
    def report(self):
        """The result at the end of the training; None before."""
        return _object(self.path / "report.json")

    @property
    def checkpoints(self):
        """The paths of the checkpoints by name: last, previous, best, epoch-0007."""
        return {path.stem: path for path in sorted((self.path / "checkpoints").glob("*.safetensors"))}

    def checkpoint(self, name="last"):
        """The tensors of a checkpoint by name, in torch's layouts."""
        return load_file(self._checkpoint_path(name))

    def predictions(self, checkpoint=None, split="test", data=None, limit=None):
        """The predictions for the samples of a split, by the weights of the run's result or of a named checkpoint."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "outputs.safetensors"
            output("evaluate", self._source(checkpoint), "--split", split, "--logits", file,
                   *(["--data", data] if data else []), *(["--limit", limit] if limit else []))
            tensors = load_file(file)
        probabilities = tensors["probabilities"]
        return Predictions(
            labels=probabilities.argmax(axis=1), probabilities=probabilities, logits=tensors["logits"],
            actual=tensors["labels"].astype(numpy.int64))

    def predict(self, *images, checkpoint=None, top=1, invert=False):
        """The classes of image files with their probabilities, the most probable first: a list for each image.

        One image gives its list alone.
        """
        text = output("predict", self._source(checkpoint), *images, "--top", top, "--json", *(["--invert"] if invert else []))
        results = [[(entry["class"], entry["probability"]) for entry in image["predictions"]]
                   for image in json.loads(text)["images"]]
        return results[0] if len(images) == 1 and len(results) == 1 else results

    def _checkpoint_path(self, name):
        checkpoints = self.checkpoints
        if name not in checkpoints:
            raise KeyError(f"{self.path} has no checkpoint {name}: it has {', '.join(checkpoints) or 'none'}")
        return checkpoints[name]

    def _source(self, checkpoint):
        return self.path if checkpoint is None else self._checkpoint_path(checkpoint)

    def __repr__(self):
        return f"selvedge.Run({str(self.path)!r})"

    def _repr_html_(self):
        history, report = self.history, self.report
        names = [name for name in ("epoch", *FIGURES) if name in history]
        head = "".join(f"<th>{name}</th>" for name in names)
        rows = "".join(
            "<tr>" + "".join(f"<td>{values[name]:{'d' if name == 'epoch' else '.4g'}}</td>" for name in names) + "</tr>"
            for values in (dict(zip(names, row)) for row in zip(*(history[name][-10:] for name in names))))
        result = report and report.get(report.get("split", "test"))
        text = f"{result['accuracy']:.4f} accuracy on {html.escape(report['data'])}" if result else "not finished"
        return f"<b>{html.escape(str(self.path))}</b>: {text}<table><tr>{head}</tr>{rows}</table>"


class _YAML(yaml.SafeLoader):
    """Reads 1e-07 as a number, as YAML 1.2 does; PyYAML takes it for a text."""


_YAML.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789"))


def _lines(path):
    """The objects of a file with one a line. A last line that is still being written is left out."""
    if not path.is_file():
        return []
    text = path.read_text()
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines() if line]


def _object(path):
    return json.loads(path.read_text()) if path.is_file() else None


def _arrays(rows):
    arrays = {"epoch": numpy.array([row["epoch"] for row in rows], dtype=numpy.int64)}
    for name in FIGURES:
        if any(name in row for row in rows):
            values = [row.get(name) for row in rows]
            arrays[name] = numpy.array([numpy.nan if value is None else value for value in values])
    return arrays
