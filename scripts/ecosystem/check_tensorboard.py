"""check_tensorboard.py RUN STEPS: reads a run's event files with TensorBoard's own loader and compares them with metrics.jsonl.

STEPS are the training steps of a point (--log-every). Fails where a scalar differs from its metric by more than a Float's
rounding, where an epoch or a point is missing, or where the graph, histograms, pictures or texts cannot be read.
"""

import json
import math
import pathlib
import re
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


def check_steps(accumulator, rows, interval):
    """Without an interruption every point is there. The mean of the first epoch's steps is nearly that epoch's figure."""
    count = rows[-1]["step"] // interval
    losses = values(accumulator, "batch_loss")
    check(list(losses) == [interval * (index + 1) for index in range(count)], f"batch_loss has the steps {sorted(losses)}")
    epoch = rows[0]["step"] // interval
    for tag, key in {"batch_loss": "loss", "batch_accuracy": "accuracy"}.items():
        points = list(values(accumulator, tag).values())[:epoch]
        mean = sum(points) / len(points)
        # The last batch of an epoch may be smaller, and its point counts as much as the others here.
        check(interval > 1 or math.isclose(mean, rows[0][key], rel_tol=0.01), f"{tag} has the mean {mean}, not {rows[0][key]}")
    check(all(value > 0 for value in values(accumulator, "batch_learning_rate").values()), "learning rates are missing")
    check(len(values(accumulator, "batch_images_per_second")) > 0, "images a second over steps are missing")
    return count


def check_graph(accumulator, histograms):
    graph = accumulator.Graph()
    names = {node.name for node in graph.node}
    check({"pixels", "labels", "loss"} <= names, f"the graph has the nodes {names}")
    for node in graph.node:
        check(set(node.input) <= names, f"{node.name} has inputs that are no nodes: {node.input}")
        check(len(getattr(node.attr["_output_shapes"], "list").shape) == 1, f"{node.name} has no shape")
    tensors = {node.attr["tensor"].s.decode().replace(".", "/") for node in graph.node if node.op == "Variable"}
    check(tensors == {tag.split("/", 1)[1] for tag in histograms}, f"the graph has the tensors {tensors}")
    return len(graph.node)


def main():
    run, interval = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    train = load(run / "tensorboard/train")
    check_scalars(train, rows, {"epoch_loss": "loss", "epoch_accuracy": "accuracy", "epoch_learning_rate": "learning_rate"})
    if "val_loss" in rows[0]:
        validation = load(run / "tensorboard/validation")
        check_scalars(validation, rows, {"epoch_loss": "val_loss", "epoch_accuracy": "val_accuracy"})
        steps = values(load(run / "tensorboard/steps_validation"), "batch_loss")
        check(list(steps) == [row["step"] for row in rows], f"the losses of the validation have the steps {list(steps)}")
    check(all(value > 0 for value in values(train, "epoch_images_per_second").values()), "images a second are missing")
    tags = train.Tags()
    points = check_steps(load(run / "tensorboard/steps"), rows, interval)
    weights = [tag for tag in tags["histograms"] if tag.startswith("weights/")]
    gradients = [tag for tag in tags["histograms"] if tag.startswith("gradients/")]
    trained = [tag for tag in weights if not re.search("/running_(mean|var)$", tag)]
    check(weights and len(gradients) == len(trained), f"there are not the histograms of weights and gradients: {tags}")
    for tag in weights + gradients:
        histogram = train.Histograms(tag)[-1].histogram_value
        check(sum(histogram.bucket) == histogram.num > 0, f"{tag} counts {sum(histogram.bucket)} of {histogram.num}")
    check(IMAGES <= set(tags["images"]), f"the pictures are {tags['images']}")
    for tag in IMAGES:
        image = train.Images(tag)[-1]
        check(image.encoded_image_string.startswith(b"\x89PNG") and image.width > 100 and image.height > 100, f"{tag} is no picture")
    texts = {tag: train.Tensors(tag)[-1].tensor_proto.string_val[0].decode() for tag in ("experiment", "model", "report")}
    check("optimizer:" in texts["experiment"] and "Total params" in texts["model"], "the texts are incomplete")
    check("accuracy" in texts["report"], "the report is incomplete")
    nodes = check_graph(train, weights)
    print(
        f"tensorboard reads {len(rows)} epochs, {points} points over steps, {len(weights)} histograms of weights and "
        f"{len(gradients)} of gradients, {len(tags['images'])} pictures, {len(texts)} texts, a graph of {nodes} nodes"
    )


if __name__ == "__main__":
    main()
