"""Trains an experiment with Keras on TensorFlow and prints the images a second of each epoch as JSON."""

import argparse
import json
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow as tf

import experiments

OPTIMIZERS = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop, "sgd": keras.optimizers.SGD}


def normalised_sigmoid(labels, logits):
    """Sparse categorical cross-entropy over sigmoid outputs as Keras 2 computed it."""
    outputs = tf.sigmoid(logits)
    outputs = tf.clip_by_value(outputs, experiments.SIGMOID_CLIP, 1 - experiments.SIGMOID_CLIP)
    target = tf.one_hot(tf.cast(tf.reshape(labels, [-1]), tf.int32), 10)
    return tf.math.log(tf.reduce_sum(outputs, axis=1)) - tf.math.log(tf.reduce_sum(outputs * target, axis=1))


def build(experiment, jit, steps_per_execution):
    """The compiled model of `experiment`."""
    layers = [keras.Input((28, 28, 1))]
    for layer in experiment.layers:
        match layer:
            case experiments.Convolution(filters, kernel, padding):
                layers.append(keras.layers.Conv2D(filters, kernel, padding=padding, activation="relu"))
            case experiments.Pool(window):
                layers.append(keras.layers.MaxPooling2D(window))
            case experiments.Flatten():
                layers.append(keras.layers.Flatten())
            case experiments.Dense(units, activation):
                layers.append(keras.layers.Dense(units, activation=activation))
            case experiments.Dropout(rate):
                layers.append(keras.layers.Dropout(rate))
    model = keras.Sequential(layers)
    softmax = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        optimizer=OPTIMIZERS[experiment.optimizer](**experiment.settings),
        loss=normalised_sigmoid if experiment.loss == "normalised-sigmoid" else softmax,
        metrics=["accuracy"] if experiment.loss == "softmax" else [keras.metrics.SparseCategoricalAccuracy()],
        jit_compile=jit,
        steps_per_execution=steps_per_execution,
    )
    return model


class EpochClock(keras.callbacks.Callback):
    """Notes the seconds of each epoch, and the processor seconds of all threads."""

    def __init__(self):
        super().__init__()
        self.seconds, self.processor_seconds = [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter(), time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.started[0])
        self.processor_seconds.append(time.process_time() - self.started[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment", choices=experiments.NAMES)
    parser.add_argument("--images", type=int, default=60_000, help="train on the first images only")
    parser.add_argument("--jit", choices=["on", "off"], default="off")
    parser.add_argument("--epochs", type=int, default=4, help="the first one is warm-up")
    parser.add_argument("--threads", type=int, default=0, help="0: TensorFlow chooses")
    parser.add_argument("--steps-per-execution", type=int, default=1)
    parser.add_argument("--pipeline", choices=["arrays", "dataset"], default="arrays")
    options = parser.parse_args()
    if options.threads:
        tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    experiment = experiments.experiment(options.experiment)
    keras.utils.set_random_seed(1)
    images, labels = experiments.load("train", min(experiment.training_count, options.images))
    model = build(experiment, options.jit == "on", options.steps_per_execution)
    clock = EpochClock()
    settings = dict(epochs=options.epochs, verbose=0, callbacks=[clock])
    if options.pipeline == "dataset":
        pairs = tf.data.Dataset.from_tensor_slices((images, labels)).cache().shuffle(len(images))
        model.fit(pairs.batch(experiment.batch_size).prefetch(4), **settings)
        history = model.history
    else:
        history = model.fit(images, labels, batch_size=experiment.batch_size, **settings)
    result = {
        "images_per_second": [len(images) / seconds for seconds in clock.seconds[1:]],
        "images_per_processor_second": [len(images) / seconds for seconds in clock.processor_seconds[1:]],
        "loss": history.history["loss"][-1],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
