"""Runs the peers and Selvedge on each experiment in alternating rounds and prints tables in Markdown, then JSON.

Each contestant is a separate process; nothing else of the comparison runs meanwhile. A run's rate is the median of its
epochs after the first; a contestant's rate is the median of its runs.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import experiments

HERE = Path(__file__).resolve().parent
TIME_LIMIT_SECONDS = 1800
PACKAGES = {"Keras": "keras", "TensorFlow": "tensorflow-cpu", "PyTorch": "torch"}


def python(script, *flags):
    """A contestant that is a script beside this one."""

    def run(experiment, options):
        size = ["--epochs", str(options.epochs), "--images", str(options.images)]
        command = [sys.executable, HERE / script, experiment, *size, *flags]
        return statistics.median(json_result(command)["images_per_second"])

    return run


def selvedge_step(experiment, options):
    """The rate that Selvedge reports for its training step."""
    command = [options.selvedge, "bench", "step", experiment, "--workers", str(options.workers), "--json"]
    return json_result(command)["images_per_second"]


def selvedge_training(experiment, options):
    """The rate of whole training epochs, as a run writes it down."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        flags = ["--workers", str(options.workers), "--epochs", str(options.epochs), "--run", str(run)]
        output_of([options.selvedge, "train", experiment, *flags])
        rows = [json.loads(line) for line in (run / "timings.jsonl").read_text().splitlines()]
        rates = [row["images_per_second"] for row in rows if "images_per_second" in row]
        return statistics.median(rates[1:])


PEERS = {
    "Keras on TensorFlow": python("keras_peer.py"),
    "Keras, one thread an operation": python("keras_peer.py", "--threads", "1"),
    "Keras on TensorFlow, XLA": python("keras_peer.py", "--jit", "on"),
    "PyTorch": python("torch_peer.py"),
    "PyTorch, channels last": python("torch_peer.py", "--layout", "channels-last"),
    "PyTorch, compiled": python("torch_peer.py", "--layout", "channels-last", "--compile", "on"),
    "PyTorch without oneDNN (NNPACK)": python("torch_peer.py", "--onednn", "off"),
    "PyTorch DDP on Gloo, 2 processes": python("torch_peer.py", "--layout", "channels-last", "--processes", "2"),
}
SELVEDGE = {
    "Selvedge, step": selvedge_step,
    "Selvedge, training": selvedge_training,
}


class RunFailed(Exception):
    """A contestant that ended with an error; the text is the last line it wrote."""


def output_of(command):
    """The standard output of `command`, or RunFailed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunFailed(str(error)) from error
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()
        raise RunFailed(f"exit code {done.returncode}: {lines[-1][:160]}")
    return done.stdout


def json_result(command):
    """The JSON object that `command` printed: its whole output, or the last line of it."""
    output = output_of(command).strip()
    for candidate in (output, output.splitlines()[-1] if output else ""):
        try:
            return json.loads(candidate)
        except json.JSONDecodeError:
            continue
    raise RunFailed("printed no JSON")


def measure(experiment, contestants, options):
    """The rates of every contestant, one a round, and why those that failed did."""
    rates, failures = {name: [] for name in contestants}, {}
    for number in range(1, options.rounds + 1):
        for name, run in contestants.items():
            if name in failures:
                continue
            try:
                rates[name].append(run(experiment, options))
                print(f"{experiment}, round {number}: {name}: {rates[name][-1]:,.0f} images/s", file=sys.stderr)
            except RunFailed as failure:
                failures[name] = str(failure)
                print(f"{experiment}, round {number}: {name}: {failure}", file=sys.stderr)
    return rates, failures


def summary(rates, failures):
    """One row a contestant: median, range, and the ratio to the best peer."""
    medians = {name: statistics.median(values) for name, values in rates.items() if values}
    best = max((name for name in medians if name in PEERS), key=medians.get, default=None)
    rows = []
    for name, values in rates.items():
        row = {"name": name, "runs": values}
        if name in failures:
            row["failure"] = failures[name]
        if values:
            row |= {"images_per_second": medians[name], "lowest": min(values), "highest": max(values)}
            if best:
                row["ratio_to_best_peer"] = medians[name] / medians[best]
        rows.append(row)
    return best, rows


def processor():
    """The name of this host's processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def heading():
    """The line above the tables: where and with which versions they were measured."""
    versions = ", ".join(f"{name} {metadata.version(package)}" for name, package in PACKAGES.items())
    return f"{os.cpu_count()} cores of {processor()}; {versions}"


def table(experiment, rows):
    """One experiment's rows as Markdown."""
    lines = [f"| {experiment} | images/s | lowest | highest | ratio to the best peer |", "| --- | ---: | ---: | ---: | ---: |"]
    for row in rows:
        if "images_per_second" not in row:
            lines.append(f"| {row['name']} | {row['failure']} | | | |")
            continue
        figures = (row["images_per_second"], row["lowest"], row["highest"])
        ratio = f"{row['ratio_to_best_peer']:.2f}" if "ratio_to_best_peer" in row else "–"
        lines.append(f"| {row['name']} | " + " | ".join(f"{figure:,.0f}" for figure in figures) + f" | {ratio} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="bench-peers", description=__doc__)
    parser.add_argument("experiments", choices=experiments.NAMES, nargs="+", metavar="experiment")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4, help="epochs of a run; the first is warm-up")
    parser.add_argument("--images", type=int, default=60_000, help="the peers train on the first images only")
    parser.add_argument("--workers", type=int, default=min(os.cpu_count() or 1, 8), help="Selvedge's workers")
    parser.add_argument("--only", default="", help="only contestants whose name has this word in it")
    parser.add_argument("--json", metavar="FILE", help="write the JSON there instead of printing it")
    options = parser.parse_args()
    options.selvedge = os.environ.get("SELVEDGE", "selvedge")
    if options.rounds < 1 or options.epochs < 2:
        parser.error("at least 1 round and 2 epochs are needed")
    wanted = {name: run for name, run in (PEERS | SELVEDGE).items() if options.only.lower() in name.lower()}
    if not wanted:
        parser.error(f"no contestant has {options.only!r} in its name: {', '.join(PEERS | SELVEDGE)}")
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"bench-peers: the machine is busy (load {load:.1f}); the figures will be low", file=sys.stderr)
    print(heading())
    results = []
    for experiment in options.experiments:
        best, rows = summary(*measure(experiment, wanted, options))
        print("\n" + table(experiment, rows), flush=True)
        results.append({"experiment": experiment, "best_peer": best, "results": rows})
    result = json.dumps({"processor": processor(), "cores": os.cpu_count(), "experiments": results})
    if options.json:
        Path(options.json).write_text(result + "\n")
    else:
        print(result)


if __name__ == "__main__":
    main()
