"""Loads an exported .keras file with Keras, compares its logits and Selvedge's with the same model in Float64, for all test images,
and trains it one step."""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from safetensors.numpy import load_file

import images


def logits(model, pixels):
    """The outputs before the last activation."""
    return keras.Model(model.inputs, model.layers[-2].output).predict(pixels, batch_size=1000, verbose=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="a .keras file")
    parser.add_argument("logits", help="a safetensors file with Selvedge's logits of the test images")
    options = parser.parse_args()

    model = keras.saving.load_model(options.model)
    if not isinstance(model.layers[-1], keras.layers.Activation):
        raise SystemExit("the last layer is not the activation")
    expected = load_file(options.logits)["logits"]
    pixels = images.test_pixels(len(expected)).astype(np.float32)
    found = logits(model, pixels)
    outputs = model.predict(pixels, batch_size=1000, verbose=0)
    if not np.array_equal(outputs[np.arange(len(found)), found.argmax(1)], outputs.max(1)):
        raise SystemExit("the largest output is not that of the largest logit")
    # The same model, whose weights are the same numbers.
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    exact = logits(keras.saving.load_model(options.model), pixels.astype(np.float64))
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    if exact.dtype != np.float64:
        raise SystemExit(f"the model in Float64 gives {exact.dtype}")
    images.compare_with_exact(
        f"keras {keras.__version__}, {model.name}, {len(model.layers)} layers", found, expected, exact)

    before = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.fit(pixels[:64], np.arange(64) % 10, batch_size=64, epochs=1, verbose=0)
    if all(np.array_equal(old, keras.ops.convert_to_numpy(new)) for old, new in zip(before, model.trainable_weights)):
        raise SystemExit("training changes no weight")


if __name__ == "__main__":
    main()
