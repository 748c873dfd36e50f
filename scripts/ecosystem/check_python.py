"""Uses the Python package as it was installed from the wheel: a training with a failure, a run's files, predictions, and the
notebook of deploy/python, executed by nbclient."""

import argparse
import os
import sys
from pathlib import Path

import nbformat
import selvedge
from nbclient import NotebookClient


def check_run(folder):
    run = selvedge.train(
        "C-1", run=folder / "run", epochs=2, workers=1, settings={"batch_size": 256})
    assert list(run.history["epoch"]) == [1, 2] and run.history["val_loss"].shape == (2,)
    assert run.config["optimizer"]["adam"]["epsilon"] == 1e-7
    assert run.config["batch_size"] == 256 and run.config["name"] == "C-1"
    assert {"last", "best"} <= set(run.checkpoints)
    assert any(name.startswith("model.") for name in run.checkpoint())
    predictions = run.predictions()
    assert abs(predictions.accuracy - run.report["test"]["accuracy"]) < 1e-9
    assert predictions.probabilities.shape == predictions.logits.shape == (10000, 10)
    classes = run.predict("test:0", "test:1", top=2)
    assert len(classes) == 2 and len(classes[0]) == 2 and classes[0][0][1] >= classes[0][1][1]
    assert "accuracy on" in run._repr_html_()
    print(f"selvedge {selvedge.__version__}: {run}, {predictions.accuracy:.4f} of {len(predictions.labels)} test images")


def check_failures(folder):
    for call, code in [
        (lambda: selvedge.train("Z-9", progress=False), 64),
        (lambda: selvedge.train("C-1", data="/nowhere", progress=False), 66),
    ]:
        try:
            call()
        except selvedge.Failure as failure:
            assert failure.code == code and "\n" not in str(failure), (failure.code, str(failure))
            print(f"refused: {failure}")
        else:
            raise SystemExit("a training that cannot begin did not fail")


def check_notebook(folder, path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pages = [output["data"]["text/html"] for output in shown if "text/html" in output.get("data", {})]
    assert any("<table>" in page and "val_accuracy" in page for page in pages), pages
    assert not any(output["output_type"] == "error" for output in shown)
    print(f"{path.name}: {len(notebook.cells)} cells executed, {len(shown)} outputs")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="an empty folder for runs")
    parser.add_argument("notebook", type=Path)
    options = parser.parse_args()
    assert Path(selvedge.program()).parent == Path(sys.prefix) / "bin", selvedge.program()
    os.chdir(options.folder)
    check_run(options.folder)
    check_failures(options.folder)
    check_notebook(options.folder, options.notebook.resolve())


if __name__ == "__main__":
    main()
