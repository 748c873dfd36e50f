"""The program that does the work."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path


class Failure(Exception):
    """The program has ended with an error. `code` is its exit code, the text its last line."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def program():
    """The path of the program: $SELVEDGE_PROGRAM, or the one that was installed with this package, or the first on PATH."""
    named = os.environ.get("SELVEDGE_PROGRAM")
    beside = [Path(sysconfig.get_path("scripts")) / "selvedge", Path(sysconfig.get_path("scripts", "posix_user")) / "selvedge"]
    found = named or next((str(path) for path in beside if os.access(path, os.X_OK)), None) or shutil.which("selvedge")
    if not found:
        raise FileNotFoundError("there is no program selvedge: name it with SELVEDGE_PROGRAM")
    return found


def output(*arguments):
    """What the program prints on its standard output. Raises Failure with its last line of error."""
    end = subprocess.run([program(), *map(str, arguments)], capture_output=True, text=True)
    if end.returncode != 0:
        raise failure(end.returncode, end.stderr.splitlines())
    return end.stdout


def failure(code, lines):
    """The failure of a program that ended with `code`, after these lines on its standard error."""
    lines = [line for line in lines if line.strip()]
    complaints = [line.removeprefix("selvedge: ") for line in lines if line.startswith("selvedge: ")]
    return Failure(code, (complaints or lines or [f"selvedge ended with {code}"])[-1])
