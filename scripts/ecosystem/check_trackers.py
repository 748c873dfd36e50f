"""check_trackers.py SELVEDGE FOLDER: trains with --track mlflow and --track dvclive, and reads the records with a real MLflow server's
client and with dvc. The training is interrupted once and resumed: it stays one run of MLflow.

FOLDER is for the files of the run.
"""

import json
import math
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DVC_NO_ANALYTICS="true", GIT_CONFIG_GLOBAL="/dev/null")
from mlflow.tracking import MlflowClient  # noqa: E402

BIN = pathlib.Path(sys.executable).parent
LIMIT_SECONDS = 240
EPOCHS = 60


def check(condition, text):
    if not condition:
        sys.exit(f"check_trackers: {text}")


def run(*command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    check(done.returncode == 0, f"{' '.join(map(str, command))}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for_server(port, process):
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            check(process.poll() is None and time.monotonic() < deadline, "the MLflow server does not start")
            time.sleep(0.3)


def train(selvedge, folder, address):
    """Trains, is interrupted after some epochs, and goes on."""
    flags = ["--epochs", str(EPOCHS), "--data", "synthetic", "--workers", "1", "--track", f"mlflow={address}", "--track", "dvclive"]
    process = subprocess.Popen([selvedge, "train", "A-1", *flags, "--run", "run"], cwd=folder, stderr=subprocess.PIPE, text=True)
    lines = []
    for line in process.stderr:
        lines.append(line)
        if line.startswith("Epoch 5/"):
            process.send_signal(signal.SIGINT)
    code = process.wait()
    check(code == 130, f"the interrupted training ended with {code}: {''.join(lines)}")
    text = run(selvedge, "train", "--run", "run", "--resume", *flags, folder=folder)
    check("selvedge: --track" not in "".join(lines) + text, f"a tracker failed: {lines}{text}")
    return [json.loads(line) for line in (folder / "run/metrics.jsonl").read_text().splitlines()]


def check_mlflow(client, rows, folder):
    experiment = client.get_experiment_by_name("A-1")
    runs = client.search_runs([experiment.experiment_id])
    check(len(runs) == 1, f"there are {len(runs)} runs")
    found = runs[0]
    check(found.info.status == "FINISHED" and found.info.run_name == "run", f"the run is {found.info}")
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"):
        history = {metric.step: metric.value for metric in client.get_metric_history(found.info.run_id, name)}
        check(sorted(history) == [row["epoch"] for row in rows], f"{name} has the steps {sorted(history)}")
        for row in rows:
            check(math.isclose(history[row["epoch"]], row[name], rel_tol=1e-9), f"{name} of epoch {row['epoch']} differs")
    check(found.data.params["optimizer.adam.learning_rate"] and found.data.params["seed"] == "1", f"the values are {found.data.params}")
    names = {entry.path for entry in client.list_artifacts(found.info.run_id)}
    check({"report.html", "experiment.yaml", "plots", "checkpoints"} <= names, f"the files are {names}")
    path = next(entry.path for entry in client.list_artifacts(found.info.run_id, "checkpoints"))
    copy = client.download_artifacts(found.info.run_id, path, str(folder))
    kept = folder / "run/checkpoints" / pathlib.Path(path).name
    check(pathlib.Path(copy).read_bytes() == kept.read_bytes(), "the checkpoint differs")
    return len(found.data.params), path


def check_dvc(rows, folder):
    last = rows[-1]
    metrics = json.loads(run(BIN / "dvc", "metrics", "show", "--json", folder=folder))[""]["data"]["dvclive/metrics.json"]["data"]
    check(metrics["train"]["loss"] == last["loss"] and metrics["eval"]["accuracy"] == last["val_accuracy"], f"the metrics are {metrics}")
    check(metrics["step"] == last["epoch"] - 1, f"the step is {metrics['step']}")
    parameters = json.loads(run(BIN / "dvc", "params", "diff", "--all", "--json", folder=folder))
    check(parameters["dvclive/params.yaml"]["seed"]["new"] == 1, f"the parameters are {parameters}")
    shown = json.loads(run(BIN / "dvc", "exp", "show", "--json", folder=folder))
    workspace = next(row for row in shown if row["rev"] == "workspace")["data"]
    check(workspace["metrics"]["dvclive/metrics.json"]["data"] == metrics, f"dvc exp show has {workspace}")
    plots = json.loads(run(BIN / "dvc", "plots", "show", "--json", "--split", folder=folder))["data"]
    check(len(plots) > 5 and any("train/loss" in name for name in plots), f"the plots are {list(plots)}")
    images = [name for name in plots if name.endswith(".png")]
    check(images, f"there are no pictures: {list(plots)}")
    return len(plots), len(images)


def main():
    selvedge, folder = sys.argv[1], pathlib.Path(sys.argv[2]) / "tracked"
    folder.mkdir()
    run("git", "init", "--quiet", folder=folder)
    run(BIN / "dvc", "init", "--quiet", folder=folder)
    run("git", "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", "Begin", folder=folder)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with open(folder / "server.txt", "w") as log:
        server = subprocess.Popen(
            [BIN / "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination",
             str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            stdout=log, stderr=log, cwd=folder, start_new_session=True)
    try:
        wait_for_server(port, server)
        rows = train(selvedge, folder, address)
        values, path = check_mlflow(MlflowClient(address), rows, folder)
        print(f"mlflow has one run of {len(rows)} epochs, {values} values and {path}")
        plots, images = check_dvc(rows, folder)
        print(f"dvc has the metrics, the parameters and {plots} plots, {images} of them pictures")
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


if __name__ == "__main__":
    main()
