"""Training in other processes, with progress."""

import collections
import html
import signal
import subprocess
import sys
import threading
from pathlib import Path

from ._program import failure, program
from ._run import Run

REDRAW_SECONDS = 0.5
RUN_LINE = "Run directory: "


def train(experiment="A-1", *, run=None, resume=False, epochs=None, workers=None, threads=None, seed=None, data=None,
          settings=None, arguments=(), progress=True):
    """Trains an experiment, a shipped name or the path of a YAML file, and returns its Run.

    Without `run` the directory is runs/NAME-N. `settings` replaces values of the experiment, as in
    `{"optimizer.adam.learning_rate": 0.01}`; `arguments` are further arguments of `selvedge train`. Raises Failure where the
    training does not come to its end. An interrupt saves a checkpoint first; `resume=True` continues from it.
    """
    command = [program(), "train", str(experiment)]
    for name, value in [("run", run), ("epochs", epochs), ("workers", workers), ("threads", threads), ("seed", seed),
                        ("data", data)]:
        command += [] if value is None else [f"--{name}", str(value)]
    command += ["--resume"] if resume else []
    for key, value in (settings or {}).items():
        command += ["--set", f"{key}={value}"]
    command += map(str, arguments)
    # A session of its own: the interrupt of a terminal reaches this process alone, which passes one on.
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, bufsize=1,
        start_new_session=True)
    output = _Output(process.stderr)
    display = _display() if progress else None
    try:
        _follow(process, output, display)
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait()
        output.wait()
        print(f"interrupted; selvedge.train(…, run={output.run!r}, resume=True) continues", file=sys.stderr)
        raise
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    output.wait()
    if process.returncode != 0:
        raise failure(process.returncode, output.lines)
    return Run(output.run or run)


def _follow(process, output, display):
    while True:
        try:
            process.wait(REDRAW_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        ended = process.poll() is not None
        if ended:
            output.wait()
        if display and output.run and Path(output.run, "experiment.yaml").is_file():
            display.show(Run(output.run), ended)
        if ended:
            return


class _Output:
    """Reads the program's standard error in a thread, so that it never waits for a reader."""

    def __init__(self, stream):
        self.run = None
        self.lines = collections.deque(maxlen=200)
        self._thread = threading.Thread(target=self._read, args=[stream], daemon=True)
        self._thread.start()

    def _read(self, stream):
        for line in stream:
            line = line.rstrip("\n")
            self.lines.append(line)
            if line.startswith(RUN_LINE):
                self.run = line[len(RUN_LINE):]
        stream.close()

    def wait(self):
        self._thread.join()


def _figures(row):
    return ", ".join(f"{name} {row[name]:.4f}" for name in ("loss", "accuracy", "val_loss", "val_accuracy")
                     if row.get(name) is not None)


def _rows(run):
    history = run.history
    return [dict(zip(history, values)) for values in zip(*history.values())]


def _line(status):
    """Where the running epoch is."""
    text = f"epoch {status['epoch']}/{status['epochs']}, step {status['step']}/{status['steps_per_epoch']}"
    if "images_per_second" in status:
        text += f", {status['images_per_second']:,.0f} images/s"
    return ", ".join(part for part in (text, _figures(status), f"{len(status['workers'])} workers") if part)


class _TextDisplay:
    """One line an epoch, and on a terminal a line for the running one."""

    def __init__(self):
        self._shown = 0
        self._is_terminal = sys.stderr.isatty()

    def show(self, run, ended):
        rows, status = _rows(run), run.status
        erase = "\r\033[K" if self._is_terminal else ""
        for row in rows[self._shown:]:
            print(f"{erase}epoch {row['epoch']}: {_figures(row)}", file=sys.stderr)
        self._shown = len(rows)
        if self._is_terminal and status and not ended:
            print(f"{erase}{_line(status)}", end="", file=sys.stderr, flush=True)


class _NotebookDisplay:
    """A table that grows in the cell's output."""

    def __init__(self, display, make):
        self._make = make
        self._handle = display(make("<i>starting</i>"), display_id=True)

    def show(self, run, ended):
        rows, status = _rows(run), run.status
        lines = [f"<b>{html.escape(str(run.path))}</b>"]
        if status and not ended:
            share = status["step"] / max(1, status["steps_per_epoch"])
            done = (status["epoch"] - 1 + share) / max(1, status["epochs"])
            lines.append(f'<progress value="{done:.4f}" max="1"></progress> {html.escape(_line(status))}')
        names = [name for name in rows[0] if name != "learning_rate"] if rows else []
        head = "".join(f"<th>{name}</th>" for name in names)
        body = "".join("<tr>" + "".join(
            f"<td>{row[name]:{'d' if name == 'epoch' else '.4f'}}</td>" for name in names) + "</tr>" for row in rows[-10:])
        self._handle.update(self._make("<br>".join(lines) + f"<table><tr>{head}</tr>{body}</table>"))


def _display():
    """A notebook's display where there is one, else text on standard error."""
    shell = sys.modules.get("IPython")
    shell = shell and shell.get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        from IPython.display import HTML, display
        return _NotebookDisplay(display, HTML)
    return _TextDisplay()
