"""Trains published experiments with Keras and prints their accuracies: one JSON object a seed, then one with mean and deviation.

The experiments are read from the product's own files, so that both sides train the same model on the same data.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
import yaml

import experiments
from keras_peer import OPTIMIZERS, normalised_sigmoid

MEASURES = ["test_accuracy", "test_loss", "validation_accuracy", "best_validation_accuracy", "validation_loss", "training_accuracy"]


def binary_over_softmax(labels, logits):
    """Binary cross-entropy of softmax outputs. Keras 3 by itself would apply sigmoid to the logits behind them."""
    outputs = tf.clip_by_value(tf.nn.softmax(logits), 1e-7, 1 - 1e-7)
    target = tf.one_hot(tf.cast(tf.reshape(labels, [-1]), tf.int32), 10)
    return -tf.reduce_mean(target * tf.math.log(outputs) + (1 - target) * tf.math.log(1 - outputs), axis=1)


def loss_of(experiment, activation):
    match experiment["loss"], activation:
        case "sparse_categorical_crossentropy", "sigmoid":
            return normalised_sigmoid
        case "sparse_categorical_crossentropy" | "categorical_crossentropy", "softmax":
            return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        case "binary_crossentropy", "softmax":
            return binary_over_softmax
        case loss:
            raise SystemExit(f"{experiment['name']}: {loss} is none of the published losses")


def layer_of(kind, options, shape, vgg_weights):
    """One Keras layer. `shape` is that of its input, without the batch."""
    match kind:
        case "conv2d":
            settings = dict(padding=options["padding"], activation=options["activation"])
            return keras.layers.Conv2D(options["filters"], options["kernel"], **settings)
        case "max_pool2d":
            return keras.layers.MaxPooling2D()
        case "flatten":
            return keras.layers.Flatten()
        case "dropout":
            return keras.layers.Dropout(options["rate"])
        case "batch_norm":
            return keras.layers.BatchNormalization()
        case "dense":
            regularizer = keras.regularizers.L2(options["l2"]) if "l2" in options else None
            return keras.layers.Dense(options["units"], options["activation"], kernel_regularizer=regularizer)
        case "resize":
            return keras.layers.Resizing(*options, interpolation="bilinear")
        case "repeat_channels":
            return keras.layers.Lambda(lambda images: tf.concat([images] * options, axis=-1))
        case "vgg16":
            if vgg_weights is None:
                raise SystemExit("VGG16's weights are needed: give --vgg-weights FILE (Keras's notop file)")
            base = keras.applications.VGG16(include_top=False, weights=vgg_weights, input_shape=shape)
            base.trainable = False
            return base
        case _:
            raise SystemExit(f"{kind} is in none of the published experiments")


def parts_of(layer):
    """Kind and options of a layer in the YAML."""
    return next(iter(layer.items())) if isinstance(layer, dict) else (layer, {})


def build(experiment, vgg_weights):
    """The model, and what the loss has to apply to its outputs: the last layer is built without activation."""
    layers = [parts_of(layer) for layer in experiment["model"]["layers"]]
    kind, last = layers[-1]
    layers[-1] = kind, last | {"activation": "linear"}
    inputs = outputs = keras.Input(experiment["model"]["input"])
    for kind, options in layers:
        outputs = layer_of(kind, options, outputs.shape[1:], vgg_weights)(outputs)
    return keras.Model(inputs, outputs), last["activation"]


def compile_model(model, experiment, activation):
    ((kind, settings),) = experiment["optimizer"].items()
    model.compile(
        optimizer=OPTIMIZERS[kind](**settings),
        loss=loss_of(experiment, activation),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )


def split(experiment, seed):
    """Training, validation (or none) and test parts, each as images and labels."""
    data = experiment["data"]
    whole, test = experiments.load("train"), experiments.load("test")

    def part(pair, chosen):
        return tuple(values[chosen] for values in pair)

    def ranged(pair, setting):
        return part(pair, slice(*setting["range"])) if setting else pair

    test = ranged(test, data.get("test"))
    training, validation = ranged(whole, data.get("training")), None
    match data["validation"]:
        case {"range": [begin, end]}:
            validation = part(whole, slice(begin, end))
        case {"set": "test"}:
            validation = test
        case {"split": kind, "fraction": fraction}:
            count = len(training[1])
            order = np.random.default_rng(seed).permutation(count) if kind == "shuffled" else np.arange(count)
            kept = count - round(count * fraction)
            training, validation = part(training, order[:kept]), part(training, order[kept:])
    return training, validation, test


def batches(experiment, training):
    """What `fit` trains on."""
    settings = experiment["data"].get("augmentation")
    if settings is None:
        return dict(x=training[0], y=training[1], batch_size=experiment["batch_size"])
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(
        rotation_range=settings["rotation_degrees"], width_shift_range=settings["width_shift"],
        height_shift_range=settings["height_shift"], shear_range=settings["shear_degrees"],
        zoom_range=settings["zoom"], horizontal_flip=settings["horizontal_flip"], fill_mode=settings["fill"],
    )
    return dict(x=generator.flow(*training, batch_size=experiment["batch_size"]))


def unfreeze(model, first):
    """Lets VGG16 learn from its layer `first` on."""
    base = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    names = [layer.name for layer in base.layers]
    base.trainable = True
    for layer in base.layers[: names.index(first)]:
        layer.trainable = False


def measure(experiment, seed, options):
    """Trains once."""
    keras.utils.set_random_seed(seed)
    training, validation, test = split(experiment, seed)
    model, activation = build(experiment, options.vgg_weights)
    compile_model(model, experiment, activation)
    epochs = options.epochs or experiment["epochs"]
    settings = dict(epochs=epochs, validation_data=validation, verbose=0, **batches(experiment, training))
    started = time.perf_counter()
    history = model.fit(**settings).history
    for kind, layer in map(parts_of, experiment["model"]["layers"]):
        if kind == "vgg16" and "trainable_from" in layer:
            unfreeze(model, layer["trainable_from"])
            compile_model(model, experiment, activation)
            history = model.fit(**settings).history
    seconds = time.perf_counter() - started
    test_loss, test_accuracy = model.evaluate(*test, batch_size=500, verbose=0)
    result = {"name": experiment["name"], "seed": seed, "epochs": epochs}
    result |= {"test_accuracy": test_accuracy, "test_loss": test_loss, "training_accuracy": history["accuracy"][-1]}
    if validation is not None:
        result["validation_accuracy"] = history["val_accuracy"][-1]
        result["best_validation_accuracy"] = max(history["val_accuracy"])
        result["validation_loss"] = history["val_loss"][-1]
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in result.items()} | {
        "seconds": round(seconds, 1)
    }


def summary(rows):
    """Mean and deviation (of a sample; none for one seed) of every measure."""
    result = {"name": rows[0]["name"], "seeds": len(rows), "epochs": rows[0]["epochs"]}
    for measure in MEASURES:
        values = [row[measure] for row in rows if measure in row]
        if values:
            deviation = round(statistics.stdev(values), 6) if len(values) > 1 else None
            result[measure] = {"mean": round(statistics.fmean(values), 6), "deviation": deviation}
    return result


def markdown(experiment, result):
    """A line of the table of README and EXPERIMENTS."""

    def text(measure):
        if measure not in result:
            return "–"
        mean, deviation = result[measure]["mean"], result[measure]["deviation"]
        return f"{mean:.4f}" + (f" ± {deviation:.4f}" if deviation is not None else "")

    published = experiment.get("published", {}).get("test_accuracy", "–")
    cells = [experiment["name"], str(published), f"{text('test_accuracy')} ({result['seeds']})"]
    return "| " + " | ".join([*cells, text("validation_accuracy"), text("training_accuracy")]) + " |"


def earlier_rows(path):
    """What an output file already has, by name, seed and epochs."""
    if path is None or not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {(row["name"], row["seed"], row["epochs"]): row for row in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, help="instead of the experiment's")
    parser.add_argument("--threads", type=int, default=0, help="0: TensorFlow chooses")
    parser.add_argument("--markdown", action="store_true", help="a table at the end instead of JSON lines")
    parser.add_argument("--output", type=Path, metavar="FILE")
    parser.add_argument("--vgg-weights", metavar="FILE")
    options = parser.parse_args()
    if options.threads:
        tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    chosen = []
    for name in options.names:
        path = experiments.RESOURCES / f"{name}.yaml"
        if not path.exists():
            parser.error(f"{name} is none of {', '.join(sorted(file.stem for file in experiments.RESOURCES.glob('*.yaml')))}")
        chosen.append(yaml.safe_load(path.read_text()))
    earlier = earlier_rows(options.output)
    table = []
    for experiment in chosen:
        rows = []
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            row = earlier.get((experiment["name"], seed, options.epochs or experiment["epochs"]))
            if row is None:
                row = measure(experiment, seed, options)
                if options.output is not None:
                    with options.output.open("a") as file:
                        file.write(json.dumps(row) + "\n")
            rows.append(row)
            if not options.markdown:
                print(json.dumps(row), flush=True)
        result = summary(rows)
        table.append(markdown(experiment, result))
        if not options.markdown:
            print(json.dumps(result), flush=True)
    if options.markdown:
        print("| name | published test acc | Keras, test: mean ± deviation (seeds) | validation, last epoch | training, last epoch |")
        print("|---|---|---|---|---|")
        print("\n".join(table))


if __name__ == "__main__":
    main()
