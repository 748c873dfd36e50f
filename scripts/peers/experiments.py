"""The experiments that the peers can run, and the data they run on.

An experiment is written once, as a list of layers, and built by each framework from that list, so that
adding a row here adds it to every peer.
"""

import gzip
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np


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
class Experiment:
    layers: tuple
    loss: str  # "normalised-sigmoid" (Keras 2's reading of sigmoid outputs) or "softmax"
    batch_size: int
    training_count: int


EXPERIMENTS = {
    "A-1": Experiment(
        layers=(Convolution(32, 3), Pool(), Flatten(), Dense(32), Dense(10, "linear")),
        loss="normalised-sigmoid",
        batch_size=512,
        training_count=48_000,
    ),
}

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
