"""Reads exported weights with numpy.load and with safetensors, and compares both with the checkpoint, bit for bit."""

import argparse

import numpy as np
from safetensors.numpy import load_file

PREFIX = "model."


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint")
    parser.add_argument("npz")
    parser.add_argument("safetensors")
    options = parser.parse_args()

    expected = {
        name.removeprefix(PREFIX): value
        for name, value in load_file(options.checkpoint).items()
        if name.startswith(PREFIX)
    }
    for title, found in (("npz", dict(np.load(options.npz))), ("safetensors", load_file(options.safetensors))):
        if found.keys() != expected.keys():
            raise SystemExit(f"{title}: {sorted(found)} instead of {sorted(expected)}")
        for name, value in expected.items():
            if value.shape != found[name].shape or value.tobytes() != found[name].tobytes():
                raise SystemExit(f"{title}: {name} differs")
    print(f"npz and safetensors: {len(expected)} tensors, equal to the checkpoint's")


if __name__ == "__main__":
    main()
