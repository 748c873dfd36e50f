"""ssh servers on the hosts of a network, and a command that reaches them without a question."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from network import call

SERVER = "/usr/sbin/sshd"


class SSHServers:
    """Keys and servers; `command` is what stands for ssh."""

    def __init__(self, network):
        self.network = network
        self.folder = Path(tempfile.mkdtemp(prefix=f"{network.name}-ssh-"))
        self.command = self.folder / "ssh"
        self.servers = []

    def __enter__(self):
        for key in ("host", "user"):
            call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / key))
        shutil.copy(self.folder / "user.pub", self.folder / "authorized")
        public = " ".join((self.folder / "host.pub").read_text().split()[:2])
        names = [self.network.host_name(number) for number in self.network.numbers]
        (self.folder / "known").write_text("".join(f"{name} {public}\n" for name in names))
        (self.folder / "sshd").write_text(
            f"HostKey {self.folder}/host\nAuthorizedKeysFile {self.folder}/authorized\nPidFile none\nStrictModes no\n"
            "UsePAM no\nPermitRootLogin yes\n")
        self.command.write_text(f'#!/bin/sh\nexec ssh -F none -i {self.folder}/user -o UserKnownHostsFile={self.folder}/known "$@"\n')
        self.command.chmod(0o755)
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.terminate()
            server.wait()
        shutil.rmtree(self.folder)

    def serve(self, number, before=(), options=()):
        """Starts the server of a host, after lines of shell; `options` are words of its command line."""
        os.makedirs("/run/sshd", exist_ok=True)
        words = self.network.words(number, [SERVER, "-D", "-f", str(self.folder / "sshd"), *options], before)
        self.servers.append(subprocess.Popen(words, stderr=subprocess.DEVNULL))
        for _ in range(100):
            if self.network.inside(number, "ss", "-Hltn", "sport = :22").stdout:
                return
            time.sleep(0.05)
        raise RuntimeError(f"no ssh server on {self.network.host_name(number)}")
