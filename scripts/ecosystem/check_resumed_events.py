"""check_resumed_events.py SELVEDGE FOLDER: interrupts trainings in three ways, lets them go on, and compares what TensorBoard's loader
reads of each with what it reads of an undisturbed one: every epoch and every step once, with the same values.

A point of the curves over steps whose steps were done in two processes is missing. FOLDER is for the files of the runs.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

EPOCHS, INTERVAL, STEPS = 6, 7, 300
LIMIT_SECONDS = 120
# These vary from run to run.
MEASURED = ("images_per_second", "epoch_seconds", "epoch_workers")


def check(condition, text):
    if not condition:
        sys.exit(f"check_resumed_events: {text}")


def points(run):
    """The steps and values of every scalar of every folder, as TensorBoard shows them."""
    found = {}
    for folder in sorted((run / "tensorboard").iterdir()):
        accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0, "images": 0, "histograms": 0})
        accumulator.Reload()
        for tag in accumulator.Tags()["scalars"]:
            found[f"{folder.name}/{tag}"] = [(event.step, event.value) for event in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()["tensors"]:
            if tag not in ("experiment", "model", "report"):
                found[f"{folder.name}/{tag}"] = [
                    (event.step, float(tensor_util.make_ndarray(event.tensor_proto))) for event in accumulator.Tensors(tag)]
        for tag in accumulator.Tags()["histograms"]:
            found[f"{folder.name}/{tag}"] = [
                (event.step, tuple(event.histogram_value.bucket)) for event in accumulator.Histograms(tag)]
        for tag in accumulator.Tags()["images"]:
            found[f"{folder.name}/{tag}"] = [(event.step, event.width) for event in accumulator.Images(tag)]
    return found


def start(selvedge, run):
    return subprocess.Popen(
        [selvedge, "train", "C-1", "--epochs", str(EPOCHS), "--workers", "2", "--run", run, "--log-every", str(INTERVAL), "-q"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_for_step(run, epoch):
    """Waits until the run is within an epoch, and returns its status."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        check(time.monotonic() < deadline, f"{run} does not reach epoch {epoch}")
        time.sleep(0.02)
        try:
            status = json.loads((run / "status.json").read_text())
        except (OSError, ValueError):
            continue
        if status["epoch"] == epoch and 0 < status["step"] < STEPS:
            return status
        check(status["epoch"] <= epoch, f"{run} is already in epoch {status['epoch']}")


def end(process):
    _, text = process.communicate(timeout=LIMIT_SECONDS)
    return process.returncode, text


def resume(selvedge, run):
    done = subprocess.run(
        [selvedge, "train", "--run", run, "--resume", "--workers", "1", "--log-every", str(INTERVAL), "-q"], capture_output=True, text=True)
    check(done.returncode == 0, f"the resumed training failed: {done.stderr}")


def interrupted(selvedge, run):
    process = start(selvedge, run)
    for epoch in (2, 4):
        wait_for_step(run, epoch)
        process.send_signal(signal.SIGINT)
        code, text = end(process)
        check(code == 130, f"the interrupted training ended with {code}: {text}")
        process = subprocess.Popen(
            [selvedge, "train", "--run", run, "--resume", "--log-every", str(INTERVAL), "-q"], stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        time.sleep(0.2)
    code, text = end(process)
    check(code == 0, f"the resumed training failed: {text}")
    return 2


def killed(selvedge, run):
    process = start(selvedge, run)
    wait_for_step(run, 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    # Workers have sessions of their own, and save their state where the coordinator is lost for long.
    resume(selvedge, run)
    return 1


def succeeded(selvedge, run):
    process = start(selvedge, run)
    os.kill(wait_for_step(run, 3)["process"], signal.SIGKILL)
    code, text = end(process)
    check(code == 0, f"the training without its first coordinator failed: {text}")
    return 2


def main():
    selvedge, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    calm = folder / "calm"
    code, text = end(start(selvedge, calm))
    check(code == 0, f"the training failed: {text}")
    expected = points(calm)
    for story in (interrupted, killed, succeeded):
        run = folder / story.__name__
        interruptions = story(selvedge, run)
        found = points(run)
        check(found.keys() == expected.keys(), f"{story.__name__} has the curves {sorted(found.keys() ^ expected.keys())} or lacks them")
        missing = 0
        for tag, values in found.items():
            steps = [step for step, _ in values]
            check(all(one < other for one, other in zip(steps, steps[1:])), f"{tag} of {story.__name__} has the steps {steps}")
            if any(name in tag for name in MEASURED):
                continue
            known = dict(expected[tag])
            wrong = [step for step, value in values if known.get(step) != value]
            check(not wrong, f"{tag} of {story.__name__} has other values at {wrong}")
            lost = sorted(set(known) - set(steps))
            missing = max(missing, len(lost))
            check(len(lost) <= (interruptions if tag.startswith("steps/") else 0), f"{tag} of {story.__name__} lacks {lost}")
        print(f"tensorboard reads a run that was {story.__name__}: {len(found)} curves as of a calm one, at most {missing} points missing")


if __name__ == "__main__":
    main()
