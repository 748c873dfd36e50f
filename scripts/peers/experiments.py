"""The experiments that the peers can run, and the data they run on.

An experiment is read from the product's own file into a list of layers, and built by each framework from that list.
"""

import gzip
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

RESOURCES = Path(__file__).resolve().parents[2] / "Sources" / "Experiments" / "Resources"


@dataclass(frozen=True)
class Convolution:
    filters: int
    kernel: int
    padding: str = "valid"


@dataclass(frozen=True)
class Pool:
    window: int = 2


@dataclass(frozen=True)
class Flatten:
    pass


@dataclass(frozen=True)
class Dense:
    units: int
    activation: str = "relu"


@dataclass(frozen=True)
class Dropout:
    rate: float


@dataclass(frozen=True)
class Experiment:
    layers: tuple
    loss: str  # "normalised-sigmoid" (Keras 2's reading of sigmoid outputs) or "softmax"
    optimizer: str  # "adam" or "rmsprop"
    settings: dict  # of the optimizer, with the names of the product's files
    batch_size: int
    training_count: int


# Those with layers, losses and optimizers that both peers have here.
NAMES = ["A-1", "A-2", "A-3", "A-4", "B-1", "B-2", "B-3", "C-1", "C-2", "C-5", "D-8", "E-1", "E-2", "E-3"]


def experiment(name):
    """The experiment `name`, from the product's file. Raises SystemExit for what the peers do not have."""
    document = yaml.safe_load((RESOURCES / f"{name}.yaml").read_text())
    layers = tuple(layer(name, entry) for entry in document["model"]["layers"])
    [(optimizer, settings)] = document["optimizer"].items()
    if optimizer not in ("adam", "rmsprop"):
        raise SystemExit(f"{name}: the peers have no {optimizer}")
    loss = "normalised-sigmoid" if layers[-1].activation == "sigmoid" else "softmax"
    # Both losses take the logits.
    layers = layers[:-1] + (Dense(layers[-1].units, "linear"),)
    return Experiment(layers, loss, optimizer, settings, document["batch_size"], training_count(document["data"]))


def layer(name, entry):
    """One layer of a file: a word, or a word with its settings."""
    [(kind, settings)] = entry.items() if isinstance(entry, dict) else [(entry, {})]
    match kind:
        case "conv2d" if settings["activation"] == "relu":
            return Convolution(settings["filters"], settings["kernel"][0], settings["padding"])
        case "max_pool2d" if not settings:
            return Pool()
        case "flatten":
            return Flatten()
        case "dense" if set(settings) == {"units", "activation"}:
            return Dense(settings["units"], settings["activation"])
        case "dropout":
            return Dropout(settings["rate"])
        case _:
            raise SystemExit(f"{name}: the peers have no {entry}")


def training_count(data):
    """How many of the 60,000 images of the training file are trained on."""
    if "training" in data:
        begin, end = data["training"]["range"]
        return end - begin
    return round(60_000 * (1 - data["validation"].get("fraction", 0)))


# Keras 2 clips the sigmoid outputs to this distance from 0 and 1 before it normalises them.
SIGMOID_CLIP = 1e-7

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def data_folders():
    """The folders in which Fashion-MNIST is looked for, in order; the same as the product's."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(Path.home(), ".cache")
    chosen = [os.environ["SELVEDGE_DATA"]] if os.environ.get("SELVEDGE_DATA") else []
    return chosen + [
        "/usr/share/datasets/fashion-mnist",
        os.path.join(cache, "selvedge", "fashion-mnist"),
    ]


def read_idx(name):
    """The array in the IDX file `name`, plain or gzip, from the first data folder that has it."""
    for folder in data_folders():
        for path in (Path(folder) / name, Path(folder) / f"{name}.gz"):
            if path.exists():
                content = path.read_bytes()
                if path.suffix == ".gz":
                    content = gzip.decompress(content)
                dimensions = content[3]
                shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
                return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    raise SystemExit(f"{name} was not found in {', '.join(data_folders())}: run scripts/setup")


def load(split, count=None):
    """Images as float32 in 0...1 of shape [count, 28, 28, 1], and labels as int64."""
    images, labels = (read_idx(name)[:count] for name in FILES[split])
    return (images.astype(np.float32) / 255)[..., None], labels.astype(np.int64)
