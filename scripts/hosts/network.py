"""Hosts as network namespaces on one switch. Each has a name, addresses and a boot identifier of its own, and a cable that can be
pulled, limited, or made to lose packets. Needs root and iproute2, and nftables to drop packets."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path


def call(*command, check=True, **options):
    return subprocess.run(command, check=check, capture_output=True, text=True, **options)


def can_make_namespaces():
    return os.geteuid() == 0 and shutil.which("ip") and call("ip", "netns", "list", check=False).returncode == 0


class Network:
    """A switch and the hosts on it, by number. Namespaces and links begin with `name`; `prefix` and `prefix_6` are the first parts of
    addresses, and the number of a host is their last part."""

    def __init__(self, name, prefix, prefix_6=None, host="host"):
        self.name, self.prefix, self.prefix_6, self.host = name, prefix, prefix_6, host
        self.switch = f"{name}-switch"
        # The last part of each host's addresses.
        self.numbers = {}
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-network-"))
        self.names_file = self.folder / "hosts"
        self.publish({})

    def __enter__(self):
        self.remove()
        call("ip", "netns", "add", self.switch)
        self.on_switch("ip", "link", "add", "br0", "type", "bridge")
        self.on_switch("ip", "link", "set", "br0", "up")
        return self

    def __exit__(self, *_):
        self.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def remove(self):
        """Removes all namespaces, also those that a process left that was killed."""
        for line in call("ip", "netns", "list").stdout.splitlines():
            namespace = line.split()[0]
            if re.fullmatch(rf"{self.name}-(\d+|switch)", namespace):
                self.kill(namespace)
                call("ip", "netns", "delete", namespace, check=False)
        self.numbers = {}

    # Hosts

    def namespace(self, number):
        return f"{self.name}-{number}"

    def host_name(self, number):
        return f"{self.host}{number}"

    def address(self, number):
        return f"{self.prefix}.{self.numbers[number]}"

    def add(self, number):
        """Adds a host with its cable, and its name to the file of names."""
        namespace, port = self.namespace(number), f"port{number}"
        (self.folder / f"boot-{number}").write_text(f"{uuid.uuid4()}\n")
        call("ip", "netns", "add", namespace)
        call("ip", "link", "add", "eth0", "netns", namespace, "type", "veth", "peer", "name", port, "netns", self.switch)
        self.inside(number, "ip", "link", "set", "lo", "up")
        self.inside(number, "ip", "link", "set", "eth0", "up")
        self.on_switch("ip", "link", "set", port, "master", "br0", "up")
        self.set_address(number, number)

    def delete(self, number):
        """Removes a host whose processes are about to end."""
        for _ in range(100):
            if call("ip", "netns", "delete", self.namespace(number), check=False).returncode == 0:
                return
            time.sleep(0.05)

    def set_address(self, number, last):
        self.inside(number, "ip", "address", "flush", "dev", "eth0")
        self.inside(number, "ip", "address", "add", f"{self.prefix}.{last}/24", "dev", "eth0")
        if self.prefix_6:
            self.inside(number, "ip", "address", "add", f"{self.prefix_6}:{last}/64", "dev", "eth0", "nodad")
        self.numbers[number] = last

    def publish(self, names):
        """Replaces what every host has as /etc/hosts, in place: running processes see it at once. `names` has the address of each name."""
        lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in names.items())]
        self.names_file.write_text("\n".join(lines) + "\n")

    def publish_hosts(self):
        self.publish({self.host_name(number): self.address(number) for number in self.numbers})

    # Processes

    def inside(self, number, *command, check=True):
        return call("ip", "netns", "exec", self.namespace(number), *command, check=check)

    def on_switch(self, *command, check=True):
        return call("ip", "netns", "exec", self.switch, *command, check=check)

    def words(self, number, command, before=()):
        """The words that run a command on a host, after lines of shell."""
        boot = self.folder / f"boot-{number}"
        lines = [f"hostname {self.host_name(number)}", f"mount --bind {boot} /proc/sys/kernel/random/boot_id",
                 f"mount --bind {self.names_file} /etc/hosts", *before, 'exec "$@"']
        return ["ip", "netns", "exec", self.namespace(number), "unshare", "--uts", "--mount", "sh", "-ec", "\n".join(lines), "sh", *command]

    def pids(self, number):
        return [int(line) for line in call("ip", "netns", "pids", self.namespace(number), check=False).stdout.split()]

    def kill(self, namespace):
        for line in call("ip", "netns", "pids", namespace, check=False).stdout.split():
            try:
                os.kill(int(line), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def kill_all(self, number):
        self.kill(self.namespace(number))

    # Cables

    def plug(self, number, is_in):
        """Plugs the cable of a host in or out, on the switch's side."""
        self.on_switch("ip", "link", "set", f"port{number}", "up" if is_in else "down")

    def limit(self, number, rate):
        """Limits both directions of a cable."""
        limit = ["root", "tbf", "rate", rate, "burst", "256kb", "latency", "50ms"]
        self.inside(number, "tc", "qdisc", "replace", "dev", "eth0", *limit)
        self.on_switch("tc", "qdisc", "replace", "dev", f"port{number}", *limit)

    def sent_bytes(self, number):
        """What a host has sent over its cable, with headers."""
        return int(self.inside(number, "cat", "/sys/class/net/eth0/statistics/tx_bytes").stdout)

    def drop(self, number, *rule):
        """Drops arriving packets that a rule of nftables describes. A sender whose own host dropped them would learn of it."""
        self.inside(number, "nft", "add", "table", "inet", "dropped")
        self.inside(number, "nft", "add", "chain", "inet", "dropped", "arriving", "{ type filter hook prerouting priority 0 ; }")
        self.inside(number, "nft", "add", "rule", "inet", "dropped", "arriving", *rule, "drop")

    def lose(self, number, percent):
        """A host loses a share of its packets in both directions."""
        share = ["numgen", "random", "mod", "100", "<", str(percent)]
        self.drop(number, "iifname", "eth0", *share)
        for other in self.numbers:
            if other != number:
                self.drop(other, "ip", "saddr", self.address(number), *share)
                if self.prefix_6:
                    self.drop(other, "ip6", "saddr", f"{self.prefix_6}:{self.numbers[number]}", *share)
