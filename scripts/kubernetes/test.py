"""See scripts/test-kubernetes."""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "hosts"))

import manifests
from network import can_make_namespaces
from node import Node

EPOCHS = ["--epochs", "80", "--data", "synthetic"]
LIMIT_SECONDS = 240


def wait(condition, what, seconds=LIMIT_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"test-kubernetes: {what} did not happen within {seconds} s")
        time.sleep(0.1)


def digests(run):
    return [hashlib.sha256((run / name).read_bytes()).hexdigest() for name in ("checkpoints/last.safetensors", "metrics.jsonl")]


class Cluster:
    """The pods of one overlay, and the controller that replaces them."""

    def __init__(self, node, overlay, keys):
        self.node, self.keys = node, keys
        self.pods = manifests.pods(overlay)
        self.running = {}
        arguments = self.pods[0].arguments()
        run = next(argument for argument in arguments if argument.startswith("--run=")).removeprefix("--run=/runs/")
        self.run = node.claim("selvedge-runs") / run

    def start(self, index, has_name=True):
        pod = self.pods[index]
        arguments = pod.arguments() + EPOCHS
        self.running[index] = self.node.start(pod, arguments, {"selvedge-keys": self.keys}, has_name)

    def rows(self):
        path = self.run / "metrics.jsonl"
        return path.read_text().count("\n") if path.exists() else 0

    def log(self):
        path = self.run / "log.jsonl"
        return path.read_text() if path.exists() else ""

    def wait_for_epoch(self, count):
        def is_reached():
            self.replace()
            return self.rows() >= count
        wait(is_reached, f"epoch {count}")

    def replace(self):
        """Starts another pod for each that ended and has to be replaced."""
        for index, running in list(self.running.items()):
            if running.is_over():
                code = running.end()
                outcome = running.pod.outcome(code, running.is_evicted)
                print(f"  {running.pod.name} at {running.address} ended with {code}: {outcome}", flush=True)
                if outcome == "FailJob":
                    raise SystemExit(running.log.read_text())
                del self.running[index]
                if outcome != "Complete":
                    self.start(index)

    def disturb(self, index, action):
        running = self.running[index]
        epoch = self.rows()
        start = time.monotonic()
        code = running.evict() if action == "evict" else running.lose()
        word = "evicted" if action == "evict" else "lost with its node"
        print(f"  {running.pod.name} {word} after epoch {epoch}: {f'exit code {code} ' if code else ''}in {time.monotonic() - start:.1f} s",
              flush=True)
        if action == "evict" and running.pod.outcome(code, True) != "Ignore":
            raise SystemExit(f"test-kubernetes: the Job would count or end: {running.log.read_text()}")
        del self.running[index]
        self.start(index)


def check_probes(cluster):
    for index, running in cluster.running.items():
        wait(lambda: running.probe("readinessProbe") == 200, f"readiness of {running.pod.name}", 60)
        if running.probe("livenessProbe") != 200:
            raise SystemExit(f"test-kubernetes: {running.pod.name} does not answer its liveness probe")


def train(overlay, node, keys, expected):
    print(f"{overlay}: four pods", flush=True)
    cluster = Cluster(node, overlay, keys)
    # The cluster's DNS is late: no name leads anywhere before all pods have started.
    for index in range(len(cluster.pods)):
        cluster.start(index, has_name=False)
    time.sleep(3)
    for running in cluster.running.values():
        node.name(running)
    cluster.wait_for_epoch(1)
    check_probes(cluster)
    cluster.disturb(2, "evict")
    cluster.wait_for_epoch(cluster.rows() + 1)
    cluster.disturb(0, "evict")
    cluster.wait_for_epoch(cluster.rows() + 1)
    cluster.disturb(0, "lose")

    def is_complete():
        cluster.replace()
        return not cluster.running
    wait(is_complete, "the end of all pods")
    actual = digests(cluster.run)
    for path in (cluster.run, *cluster.run.rglob("*")):
        if path.stat().st_mode & 0o077 and not path.is_symlink():
            raise SystemExit(f"test-kubernetes: {path} is open to others")
    print(f"{overlay}: {'equal to' if actual == expected else 'UNEQUAL to'} a training without disturbances: {actual[0][:16]}", flush=True)
    return actual == expected


def run_pods(options):
    if not can_make_namespaces():
        print("test-kubernetes: NO POD WAS RUN: namespaces need root and iproute2", file=sys.stderr)
        return True
    program = str(pathlib.Path(os.environ["SELVEDGE"]).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="selvedge-pods-"))
    folder.chmod(0o755)
    reference = folder / "reference"
    subprocess.run([program, "train", "A-1", *EPOCHS, "--run", str(reference)], check=True, capture_output=True)
    expected = digests(reference)
    subprocess.run([program, "keys", "new", str(folder / "job")], check=True, capture_output=True)
    keys = {f"job.{owner}": folder / f"job.{owner}" for owner in ("coordinator", "worker")}
    is_equal = True
    for overlay in options.overlays:
        shutil.rmtree(folder / "claims", ignore_errors=True)
        with Node(folder, program, options.image) as node:
            is_equal = train(overlay, node, keys, expected) and is_equal
    if is_equal:
        shutil.rmtree(folder)
    else:
        print(f"test-kubernetes: see {folder}", file=sys.stderr)
    return is_equal


def main():
    parser = argparse.ArgumentParser(prog="scripts/test-kubernetes", description="checks deploy/kubernetes")
    parser.add_argument("--crds", help="folder with the resource definitions of JobSet and Kubeflow Trainer")
    parser.add_argument("--image", help="folder with the unpacked files of an image")
    parser.add_argument("--pods", action="store_true", help="run the pods")
    parser.add_argument("--overlays", nargs="+", default=["base", "jobset", "kubeflow"], help="whose pods to run")
    options = parser.parse_args()
    is_right = manifests.check_all(options.crds)
    if options.pods:
        is_right = run_pods(options) and is_right
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
