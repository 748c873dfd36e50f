"""Fashion-MNIST's test images, and the comparison of logits that all checks of exports share."""

import gzip
import os
from pathlib import Path

import numpy as np

# Of a logit, absolute, and relative to the largest logit of the image where that is above 1.
TOLERANCE = 1e-5
NAME = "t10k-images-idx3-ubyte"
FOLDERS = [
    os.environ.get("SELVEDGE_DATA"),
    "/usr/share/datasets/fashion-mnist",
    Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "selvedge" / "fashion-mnist",
]


def test_pixels(count):
    """Bytes of shape [count, 28, 28, 1]."""
    for folder in FOLDERS:
        for path in (Path(folder or ".") / NAME, Path(folder or ".") / f"{NAME}.gz"):
            if path.exists():
                data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
                return np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28, 1)[:count]
    raise SystemExit(f"{NAME} was not found: set SELVEDGE_DATA to the folder with Fashion-MNIST")


def compare(title, actual, expected):
    """Prints the differences; ends the program where one is too large."""
    if actual.shape != expected.shape:
        raise SystemExit(f"{title}: logits of shape {actual.shape} instead of {expected.shape}")
    difference = np.abs(actual.astype(np.float64) - expected.astype(np.float64))
    scale = np.maximum(1, np.abs(expected).max(axis=1, keepdims=True))
    same = (actual.argmax(1) == expected.argmax(1)).sum()
    largest, relative = difference.max(), (difference / scale).max()
    print(
        f"{title}: {len(expected)} images, largest difference of a logit {largest:.1e}, "
        f"relative {relative:.1e} (allowed: {TOLERANCE:.0e}), same class for {same}"
    )
    if not relative <= TOLERANCE:
        raise SystemExit(f"{title}: the logits differ")
