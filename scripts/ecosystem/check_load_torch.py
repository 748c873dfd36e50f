"""Loads a run's model with selvedge.load_torch, and compares its logits with those of selvedge.Run.predictions."""

import argparse

import numpy as np
import selvedge
import torch

import images


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    run = selvedge.Run(parser.parse_args().run)
    expected = run.predictions(limit=1000).logits
    pixels = torch.from_numpy(images.test_pixels(len(expected)).transpose(0, 3, 1, 2).copy()).float() / 255
    for source, checkpoint in [(run, None), (run.path, None), (run, "last"), (run.checkpoints["last"], None)]:
        with torch.no_grad():
            difference = np.abs(selvedge.load_torch(source, checkpoint)(pixels).numpy() - expected).max()
        if not difference < 1e-4:
            raise SystemExit(f"the logits of {source} differ by {difference}")
    print(f"selvedge.load_torch, torch {torch.__version__}: logits of 1,000 images differ by at most {difference:.1e}")


if __name__ == "__main__":
    main()
