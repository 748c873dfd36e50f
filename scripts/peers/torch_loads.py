"""Loads a checkpoint of Selvedge with safetensors.torch and compares PyTorch's logits with Selvedge's."""

import argparse

import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

import experiments

TOLERANCE = 1e-4
PREFIX = "model."


def layer_and_settings(entry):
    """The kind of a layer of the YAML experiment, in lower case without `2d`, and its settings.

    An entry is a name (`flatten`), a name with settings (`dense: {units: 10}`), or settings with a `type`.
    """
    if isinstance(entry, str):
        kind, settings = entry, {}
    elif "type" in entry:
        kind, settings = entry["type"], entry
    else:
        kind, settings = next(iter(entry.items()))
    return kind.lower().replace("2d", "").replace("_", "").replace("-", ""), settings or {}


def build(entries, channels):
    """The model as modules named as in the checkpoint. The last activation is left out: logits are compared."""
    model = nn.Sequential()
    counts = {"conv": 0, "fc": 0}
    last = len(entries) - 1
    for index, entry in enumerate(entries):
        kind, settings = layer_and_settings(entry)
        if kind in ("conv", "convolution"):
            counts["conv"] += 1
            kernel = settings.get("kernel", settings.get("kernelSize"))
            layer = nn.LazyConv2d(settings["filters"], kernel, padding=settings.get("padding", "valid"))
            model.add_module(f"conv{counts['conv']}", layer)
        elif kind == "dense":
            counts["fc"] += 1
            model.add_module(f"fc{counts['fc']}", nn.LazyLinear(settings["units"]))
        elif kind == "maxpool":
            model.add_module(f"pool{index}", nn.MaxPool2d(2))
        elif kind == "flatten":
            model.add_module(f"flatten{index}", nn.Flatten())
        else:
            raise SystemExit(f"layer {index + 1} of the experiment is {kind!r}, which this script does not know")
        is_weighted = kind in ("conv", "convolution", "dense")
        if index != last and is_weighted and settings.get("activation", "relu") == "relu":
            model.add_module(f"relu{index}", nn.ReLU())
    model(torch.zeros(1, channels, 28, 28))  # fixes the shapes that the lazy layers left open
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint")
    parser.add_argument("logits", help="a safetensors file with Selvedge's logits of the first test images")
    options = parser.parse_args()

    tensors = load_file(options.checkpoint)
    with safe_open(options.checkpoint, framework="pt") as file:
        experiment = yaml.safe_load(file.metadata()["experiment"])
    weights = {name.removeprefix(PREFIX): value for name, value in tensors.items() if name.startswith(PREFIX)}
    model = build(experiment["model"]["layers"], channels=1)
    model.load_state_dict(weights, strict=True)

    expected = load_file(options.logits)["logits"]
    images, labels = experiments.load("test", len(expected))
    with torch.no_grad():
        actual = model(torch.from_numpy(images).permute(0, 3, 1, 2))
    difference = (actual - expected).abs().max().item()
    same = (actual.argmax(1) == expected.argmax(1)).sum().item()
    accuracy = (actual.argmax(1).numpy() == labels).mean()
    print(f"{len(weights)} tensors loaded: {', '.join(weights)}")
    print(f"{len(expected)} test images: largest difference of a logit {difference:.2e} (allowed: {TOLERANCE:.0e}),")
    print(f"same class for {same}, accuracy {accuracy:.4f}")
    if not difference <= TOLERANCE:
        raise SystemExit("the logits differ")


if __name__ == "__main__":
    main()
