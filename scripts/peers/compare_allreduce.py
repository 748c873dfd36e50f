"""Runs `selvedge bench allreduce`, Gloo and the MPI libraries of this host in turn and prints their times as Markdown."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from compare import RunFailed, json_result, processor

HERE = Path(__file__).resolve().parent
SIZES = [1_000, 4_000, 16_000, 64_000, 175_000, 1_000_000, 1_850_000, 6_500_000]
# Open MPI and MPICH look for free cores; on a host with fewer of them than processes they would refuse.
OPEN_MPI = ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe"]


def selvedge(options, *flags):
    """The command of Selvedge's benchmark over one transport."""
    program = os.environ.get("SELVEDGE", "selvedge")
    sizes = ["--sizes", *map(str, options.sizes)]
    return [program, "bench", "allreduce", "--workers", str(options.workers), "--json", *flags, *sizes]


def compiled(compiler, folder):
    """The MPI program built with `compiler`, or None where that compiler or its library's headers are missing."""
    if not shutil.which(compiler):
        return None
    program = Path(folder) / compiler
    build = subprocess.run([compiler, "-O2", "-o", program, HERE / "mpi_allreduce.c"], capture_output=True, text=True)
    if build.returncode != 0:
        print(f"bench-allreduce: {compiler} is left out: {(build.stderr.splitlines() or ['it failed'])[0]}", file=sys.stderr)
        return None
    return program


def contestants(options, folder):
    """Name and command of everything that is compared."""
    count, sizes = str(options.workers), [str(size) for size in options.sizes]
    commands = {
        "Selvedge, memory": selvedge(options),
        "Selvedge, ipc": selvedge(options, "--transport", "zeromq"),
        "Selvedge, tcp": selvedge(options, "--transport", "zeromq", "--tcp"),
        "Gloo": [sys.executable, HERE / "gloo_peer.py", "--processes", count, *sizes],
    }
    if program := compiled("mpicc.openmpi", folder):
        run = [*OPEN_MPI, "-n", count]
        commands["Open MPI, memory"] = [*run, "--mca", "btl", "self,vader", program, *sizes]
        commands["Open MPI, tcp"] = [*run, "--mca", "btl", "self,tcp", "--mca", "btl_tcp_if_include", "lo", program, *sizes]
    if program := compiled("mpicc.mpich", folder):
        commands["MPICH"] = ["mpirun.mpich", "-n", count, program, *sizes]
    return {name: command for name, command in commands.items() if options.only.lower() in name.lower()}


def measure(commands, options):
    """The rows of every contestant by size, one list a round. A contestant that fails is left out."""
    rounds, failures = {name: [] for name in commands}, {}
    for number in range(1, options.rounds + 1):
        for name, command in commands.items():
            if name in failures:
                continue
            try:
                rounds[name].append({row["floats"]: row for row in json_result(command)["sizes"]})
            except RunFailed as failure:
                failures[name] = str(failure)
                print(f"bench-allreduce: {name}: {failure}", file=sys.stderr)
        print(f"round {number} of {options.rounds}", file=sys.stderr)
    return {name: rows for name, rows in rounds.items() if rows and name not in failures}


def table(rounds, options):
    """The medians of the rounds in microseconds."""
    names = list(rounds)
    lines = ["| floats | " + " | ".join(names) + " |", "| ---: |" + " ---: |" * len(names)]
    for floats in options.sizes:
        medians = [statistics.median(rows[floats]["median_seconds"] for rows in rounds[name]) for name in names]
        lines.append(f"| {floats:,} | " + " | ".join(f"{median * 1e6:,.0f}" for median in medians) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="bench-allreduce", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="floats")
    parser.add_argument("--only", default="", help="only contestants whose name has this word in it")
    parser.add_argument("--json", metavar="FILE", help="write the JSON there instead of printing it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rounds = measure(contestants(options, folder), options)
    print(f"{options.workers} processes on {os.cpu_count()} cores of {processor()}; PyTorch {metadata.version('torch')}")
    print(f"medians of {options.rounds} rounds, µs\n\n{table(rounds, options)}")
    result = json.dumps({"processor": processor(), "workers": options.workers, "rounds": rounds})
    if options.json:
        Path(options.json).write_text(result + "\n")
    else:
        print(result)


if __name__ == "__main__":
    main()
