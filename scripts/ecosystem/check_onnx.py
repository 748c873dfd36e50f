"""Compares the logits of an exported ONNX file in onnxruntime with Selvedge's, for all test images."""

import argparse
import json

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

import images

BATCH = 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="an ONNX file")
    parser.add_argument("logits", help="a safetensors file with Selvedge's logits of the test images")
    options = parser.parse_args()

    model = onnx.load(options.model)
    onnx.checker.check_model(model, full_check=True)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    classes = json.loads(metadata["classes"])
    session = onnxruntime.InferenceSession(options.model, providers=["CPUExecutionProvider"])

    expected = load_file(options.logits)["logits"]
    pixels = images.test_pixels(len(expected)).transpose(0, 3, 1, 2).astype(np.float32)
    outputs = [session.run(["logits", "outputs"], {"pixels": pixels[i : i + BATCH]}) for i in range(0, len(pixels), BATCH)]
    logits, activated = (np.concatenate(part) for part in zip(*outputs))
    # Another size of the batch.
    alone = session.run(["logits"], {"pixels": pixels[:1]})[0]
    if alone.shape != (1, logits.shape[1]) or np.abs(alone - logits[:1]).max() > images.TOLERANCE:
        raise SystemExit("a batch of one image has other logits")
    # Rounding may exchange two outputs that are nearly equal.
    if (activated.max(1) - activated[np.arange(len(logits)), logits.argmax(1)]).max() > images.TOLERANCE:
        raise SystemExit("the largest output is not that of the largest logit")
    operators = f"operator set {model.opset_import[0].version}, {len(model.graph.node)} operators, {len(classes)} classes"
    images.compare(f"onnxruntime {onnxruntime.__version__}, {metadata['experiment']}, {operators}", logits, expected)


if __name__ == "__main__":
    main()
