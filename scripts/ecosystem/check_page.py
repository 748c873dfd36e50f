"""check_page.py SELVEDGE FOLDER: opens the live page of a training in Chromium, at three widths, by day and by night; kills a worker and
looks how soon the page shows it; opens the report of the finished run; stops a training with the page's button.

FOLDER is for the files of the runs.
"""

import atexit
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from playwright.sync_api import sync_playwright

WIDTHS, SCHEMES = (380, 900, 1400), ("dark", "light")
LIMIT_SECONDS = 60
# From the kill of a worker to its line on the page.
SHOWN_SECONDS = 1.0


def check(condition, text):
    if not condition:
        sys.exit(f"check_page: {text}")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(selvedge, run, epochs):
    """A training with two workers, and the address of its page."""
    process = subprocess.Popen(
        [selvedge, "train", "A-1", "--data", "synthetic", "--epochs", str(epochs), "--workers", "2", "--restarts", "20",
         "--run", str(run), "--serve", str(free_port()), "-q"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    atexit.register(process.terminate)  # where a check fails
    for line in process.stderr:
        if match := re.search(r"http://\S+", line):
            return process, match[0]
    sys.exit(f"check_page: no address of a page was printed, the training ended with {process.wait()}")


def process_of_worker(run, epoch):
    """The process of worker-1 in this epoch or a later one, as soon as it computes."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        try:
            status = json.loads((run / "status.json").read_text())
            found = [one for one in status["workers"] if one["name"] == "worker-1" and one["micro_batches"] > 0]
            if status["epoch"] >= epoch and status["step"] > 0 and found:
                return found[0]["process"]
        except (OSError, ValueError):
            pass
        check(time.monotonic() < deadline, f"worker-1 does not compute in epoch {epoch}")
        time.sleep(0.05)


def pages(browser, address):
    """The page in every width and colour scheme; nothing may be wider than the window, and nothing may fail."""
    for scheme in SCHEMES:
        for width in WIDTHS:
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page = context.new_page()
            problems = []
            page.on("console", lambda message: message.type == "error" and problems.append(message.text))
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.goto(address, wait_until="domcontentloaded")
            yield page
            found = page.evaluate("document.documentElement.scrollWidth")
            check(found <= width, f"{address} is {found} pixels wide in a window of {width}")
            check(not problems, f"{address} complains: {problems}")
            context.close()


def wait_for_row(page, selector, index):
    """Waits for the element with this number, from 0. The page's policy forbids what waits for conditions."""
    page.locator(selector).nth(index).wait_for(state="attached", timeout=LIMIT_SECONDS * 1000)


def main():
    selvedge, folder = sys.argv[1], pathlib.Path(sys.argv[2]) / "page"
    folder.mkdir()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        # Without a user of its own, as in a container, Chromium cannot make its sandbox.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        run = folder / "run"
        process, address = start(selvedge, run, epochs=100000)
        seconds = 0
        for index, page in enumerate(pages(browser, address)):
            process_of_worker(run, 2 + index)
            page.wait_for_selector("#loss polyline", timeout=LIMIT_SECONDS * 1000)
            wait_for_row(page, "#workers tr", 2)
            check(page.locator("#validation .matrix tr").count() == 11, "the confusion matrix is not there")
            before = page.locator("#log li.warning").count()
            os.kill(process_of_worker(run, 2), signal.SIGKILL)
            killed = time.monotonic()
            wait_for_row(page, "#log li.warning", before)
            seconds = max(seconds, time.monotonic() - killed)
            check("SIGKILL" in "".join(page.locator("#log li.warning").all_text_contents()), "the killed worker is not named")
            wait_for_row(page, "#recoveries tr", index + 1)
        check(seconds < SHOWN_SECONDS, f"a killed worker was shown after {seconds:.2f} s")
        context = browser.new_context()
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(address)
        page.click("#stop")
        process.stderr.read()
        check(process.wait() == 130, f"the stopped training ended with {process.returncode}")
        check((run / "checkpoints/last.safetensors").exists(), "the stopped training has no checkpoint")
        finished = folder / "finished"
        subprocess.run(
            [selvedge, "train", "A-1", "--data", "synthetic", "--epochs", "3", "--run", finished, "-q"], check=True, capture_output=True)
        for page in pages(browser, f"file://{finished.resolve()}/report.html"):
            check(page.locator("svg").count() == 4, f"the report has {page.locator('svg').count()} charts")
        browser.close()
    print(f"chromium shows the page and the report at {WIDTHS} pixels, {len(WIDTHS) * len(SCHEMES)} killed workers within {seconds:.2f} s, and stops")


if __name__ == "__main__":
    main()
