"""check_tensorboard.py RUN: reads a run's event files with TensorBoard's own loader and compares them with metrics.jsonl.

Fails where a scalar differs from its metric by more than a Float's rounding, where an epoch is missing, or where histograms,
pictures or texts cannot be read.
"""

import json
import math
import pathlib
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

IMAGES = {"report/" + name for name in ("curves", "confusion-counts", "mistakes", "samples")}


def load(folder):
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "histograms": 0, "tensors": 0})
    accumulator.Reload()
    return accumulator


def values(accumulator, tag):
    """The last value of each step: an epoch that was trained again is there again."""
    if tag in accumulator.Tags()["scalars"]:
        return {event.step: event.value for event in accumulator.Scalars(tag)}
    return {event.step: float(tensor_util.make_ndarray(event.tensor_proto)) for event in accumulator.Tensors(tag)}


def check(condition, text):
    if not condition:
        sys.exit(f"check_tensorboard: {text}")


def check_scalars(accumulator, rows, keys):
    for tag, key in keys.items():
        found = values(accumulator, tag)
        check(set(found) == {row["epoch"] - 1 for row in rows}, f"{tag} has the steps {sorted(found)}")
        for row in rows:
            value = found[row["epoch"] - 1]
            check(math.isclose(value, row[key], rel_tol=1e-6), f"{tag} of epoch {row['epoch']} is {value}, not {row[key]}")


def main():
    run = pathlib.Path(sys.argv[1])
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    train = load(run / "tensorboard/train")
    check_scalars(train, rows, {"epoch_loss": "loss", "epoch_accuracy": "accuracy", "epoch_learning_rate": "learning_rate"})
    if "val_loss" in rows[0]:
        validation = load(run / "tensorboard/validation")
        check_scalars(validation, rows, {"epoch_loss": "val_loss", "epoch_accuracy": "val_accuracy"})
    check(all(value > 0 for value in values(train, "epoch_images_per_second").values()), "images a second are missing")
    tags = train.Tags()
    histograms = [tag for tag in tags["histograms"] if tag.startswith("weights/")]
    check(histograms, f"there are no histograms of weights: {tags}")
    for tag in histograms:
        histogram = train.Histograms(tag)[-1].histogram_value
        check(sum(histogram.bucket) == histogram.num > 0, f"{tag} counts {sum(histogram.bucket)} of {histogram.num}")
    check(IMAGES <= set(tags["images"]), f"the pictures are {tags['images']}")
    for tag in IMAGES:
        image = train.Images(tag)[-1]
        check(image.encoded_image_string.startswith(b"\x89PNG") and image.width > 100 and image.height > 100, f"{tag} is no picture")
    texts = {tag: train.Tensors(tag)[-1].tensor_proto.string_val[0].decode() for tag in ("experiment", "model", "report")}
    check("optimizer:" in texts["experiment"] and "Total params" in texts["model"], "the texts are incomplete")
    check("accuracy" in texts["report"], "the report is incomplete")
    print(f"tensorboard reads {len(rows)} epochs, {len(histograms)} histograms, {len(tags['images'])} pictures, {len(texts)} texts")


if __name__ == "__main__":
    main()
