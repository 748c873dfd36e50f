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


def distance(logits, reference):
    """The largest difference of a logit, absolute and relative."""
    if logits.shape != reference.shape:
        raise SystemExit(f"logits of shape {logits.shape} instead of {reference.shape}")
    difference = np.abs(logits.astype(np.float64) - reference.astype(np.float64))
    scale = np.maximum(1, np.abs(reference).max(axis=1, keepdims=True))
    return difference.max(), (difference / scale).max()


def compare(title, actual, expected):
    """Prints the differences of another program's logits from Selvedge's; ends the program where one is too large."""
    same = (actual.argmax(1) == expected.argmax(1)).sum()
    largest, relative = distance(actual, expected)
    print(
        f"{title}: {len(expected)} images, largest difference of a logit {largest:.1e}, "
        f"relative {relative:.1e} (allowed: {TOLERANCE:.0e}), same class for {same}"
    )
    if not relative <= TOLERANCE:
        raise SystemExit(f"{title}: the logits differ")


def compare_with_exact(title, actual, expected, exact):
    """Prints how far both programs are from the same model in Float64; ends the program where either is too far.

    Both round differently, so their difference from each other is up to the sum of their errors."""
    same = (actual.argmax(1) == expected.argmax(1)).sum()
    (largest, relative), (their_largest, their_relative) = distance(expected, exact), distance(actual, exact)
    print(
        f"{title}: {len(expected)} images; from Float64, relative: Selvedge {relative:.1e}, the other {their_relative:.1e} "
        f"(allowed: {TOLERANCE:.0e}); of a logit: {largest:.1e}, {their_largest:.1e}; from each other, relative: "
        f"{distance(actual, expected)[1]:.1e}; same class for {same}"
    )
    if not max(relative, their_relative) <= TOLERANCE:
        raise SystemExit(f"{title}: the logits differ from Float64's")
