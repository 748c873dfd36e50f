"""Times torch.distributed's all-reduce over Gloo between processes on this host; prints JSON as `selvedge bench` does."""

import argparse
import json
import statistics
import time

import torch
import torch.distributed as distributed

from torch_peer import free_port

WARM_UP_COUNT = 5
SECONDS_PER_SIZE = 0.5
ITERATIONS_AT_MOST = 2000
ITERATIONS_AT_LEAST = 20


def times_of(tensor, rank):
    """Seconds of each all-reduce of `tensor`; every rank does as many as rank 0 decides."""
    for _ in range(WARM_UP_COUNT):
        started = time.perf_counter()
        distributed.all_reduce(tensor)
        estimate = time.perf_counter() - started
    count = torch.tensor([int(SECONDS_PER_SIZE / max(estimate, 1e-6))])
    distributed.broadcast(count, src=0)
    seconds = []
    for _ in range(min(max(int(count), ITERATIONS_AT_LEAST), ITERATIONS_AT_MOST)):
        started = time.perf_counter()
        distributed.all_reduce(tensor)
        seconds.append(time.perf_counter() - started)
    return sorted(seconds)


def work(rank, options, port):
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=options.processes
    )
    rows = []
    for floats in options.sizes:
        seconds = times_of(torch.zeros(floats), rank)
        median = statistics.median(seconds)
        rows.append(
            {
                "floats": floats,
                "median_seconds": median,
                "p99_seconds": seconds[int(0.99 * (len(seconds) - 1))],
                "gigabytes_per_second": 4 * floats / median / 1e9,
            }
        )
    distributed.destroy_process_group()
    if rank == 0:
        print(json.dumps({"sizes": rows}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="+", help="floats")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    torch.multiprocessing.spawn(work, (options, free_port()), nprocs=options.processes)


if __name__ == "__main__":
    main()
