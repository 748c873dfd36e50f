"""Loads an exported folder by its own model.py and compares PyTorch's logits and Selvedge's with the same model in Float64, for
all test images."""

import argparse
import importlib.util
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

import images


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("logits", help="a safetensors file with Selvedge's logits of the test images")
    options = parser.parse_args()

    specification = importlib.util.spec_from_file_location("model", options.folder / "model.py")
    program = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(program)
    model = program.load()

    expected = load_file(options.logits)["logits"]
    content = torch.from_numpy(images.test_pixels(len(expected)).transpose(0, 3, 1, 2).copy())
    pixels = content.float() / 255
    with torch.no_grad():
        logits = np.concatenate([model(part).numpy() for part in pixels.split(1000)])
        # The same model, whose weights are the same numbers.
        exact_model = program.load().double()
        exact = np.concatenate([exact_model(part.double() / 255).numpy() for part in content.split(1000)])
    images.compare_with_exact(
        f"torch {torch.__version__}, {program.EXPERIMENT}, {len(model)} modules", logits, expected, exact)

    # The weights have gradients.
    labels = torch.zeros(8, dtype=torch.long)
    torch.nn.functional.cross_entropy(model.train()(pixels[:8]), labels).backward()
    if not all(parameter.grad is not None for parameter in model.parameters()):
        raise SystemExit("a parameter has no gradient")


if __name__ == "__main__":
    main()
