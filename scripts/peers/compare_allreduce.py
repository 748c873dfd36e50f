"""Runs `selvedge bench allreduce` and Gloo in alternation and prints the ratio of their times at every size."""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

from compare import RunFailed, json_result

HERE = Path(__file__).resolve().parent


def by_size(result):
    return {row["floats"]: row for row in result["sizes"]}


def main():
    parser = argparse.ArgumentParser(prog="bench-allreduce", description=__doc__)
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", metavar="FILE", help="write the JSON there instead of printing it")
    options = parser.parse_args()
    workers = str(options.workers)
    selvedge = [os.environ.get("SELVEDGE", "selvedge"), "bench", "allreduce", "--workers", workers, "--json"]
    gloo = [sys.executable, HERE / "gloo_peer.py", "--processes", workers]
    pairs = []
    try:
        for number in range(1, options.pairs + 1):
            ours = by_size(json_result(selvedge))
            theirs = by_size(json_result(gloo + [str(floats) for floats in ours]))
            pairs.append((ours, theirs))
            print(f"pair {number} of {options.pairs}", file=sys.stderr)
    except RunFailed as failure:
        raise SystemExit(f"bench-allreduce: {failure}") from failure

    rows = []
    for floats in pairs[0][0]:
        row = {"floats": floats}
        for name, side in (("selvedge", 0), ("gloo", 1)):
            for key in ("median_seconds", "p99_seconds", "gigabytes_per_second"):
                row[f"{name}_{key}"] = statistics.median(pair[side][floats][key] for pair in pairs)
        ratios = [ours[floats]["median_seconds"] / theirs[floats]["median_seconds"] for ours, theirs in pairs]
        row |= {"ratio": statistics.median(ratios), "lowest_ratio": min(ratios), "highest_ratio": max(ratios)}
        rows.append(row)

    microseconds = 1e6
    print(f"medians of {len(pairs)} pairs, {workers} processes; times in µs; ratio = Selvedge / Gloo")
    print(f"{'floats':>10} {'Selvedge':>10} {'p99':>10} {'GB/s':>7} {'Gloo':>10} {'p99':>10} {'GB/s':>7} {'ratio':>7}")
    for row in rows:
        cells = [f"{row['floats']:10,}"]
        for name in ("selvedge", "gloo"):
            cells.append(f"{row[f'{name}_median_seconds'] * microseconds:10,.0f}")
            cells.append(f"{row[f'{name}_p99_seconds'] * microseconds:10,.0f}")
            cells.append(f"{row[f'{name}_gigabytes_per_second']:7.2f}")
        print(" ".join(cells) + f" {row['ratio']:7.2f}")
    result = json.dumps({"pairs": len(pairs), "workers": options.workers, "sizes": rows})
    if options.json:
        Path(options.json).write_text(result + "\n")
    else:
        print(result)


if __name__ == "__main__":
    main()
