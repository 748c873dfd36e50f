"""A small kubelet: runs pods as processes in namespaces of their own, with the files, identity, limits and probes that their manifest asks
for. A pod has its own network, host name, process identifiers and file system; an image is a folder with its unpacked files, or the
host's files below a layer of the pod's own."""

import os
import pathlib
import shlex
import shutil
import signal
import subprocess

from network import Network


class Node:
    """The switch between pods, the volumes, and the names that the cluster's DNS would answer for."""

    def __init__(self, folder, program, image=None):
        self.folder = pathlib.Path(folder)
        self.program = program
        self.image = image
        self.network = Network("kube", "10.87.0")
        self.count = 0
        self.names = {}
        self.running = []

    def __enter__(self):
        self.network.__enter__()
        # Probes come from here.
        self.network.on_switch("ip", "address", "add", f"{self.network.prefix}.254/24", "dev", "br0")
        return self

    def __exit__(self, *_):
        for pod in list(self.running):
            pod.lose()
        self.network.__exit__()

    def claim(self, name):
        """The folder of a persistent volume claim: it outlives pods."""
        path = self.folder / "claims" / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def start(self, pod, arguments, secrets, has_name=True):
        """Starts a pod in a place that no pod had before: with a new address."""
        self.count += 1
        running = RunningPod(self, pod, self.count, arguments, secrets)
        self.running.append(running)
        if has_name:
            self.name(running)
        return running

    def name(self, running):
        host = running.pod.host
        for name in (host, host.split(".")[0]):
            self.names[name] = running.address
        self.network.publish(self.names)


class RunningPod:
    def __init__(self, node, pod, number, arguments, secrets):
        self.node, self.pod, self.number = node, pod, number
        self.network = node.network
        self.network.add(number)
        self.address = self.network.address(number)
        self.log = node.folder / f"pod-{number}-{pod.name}.txt"
        self.folder = node.folder / f"pod-{number}"
        self.is_evicted = False
        script = self.script(arguments, secrets)
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.network.namespace(number), "unshare", "--mount", "--uts", "--ipc", "--pid", "--fork",
                 "--kill-child", "sh", "-ec", script], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def script(self, arguments, secrets):
        """What the container's runtime does before it starts the program."""
        root, upper = self.folder / "root", self.folder / "upper"
        for path in (root, upper, self.folder / "work"):
            path.mkdir(parents=True)
        spec, container = self.pod.spec, self.pod.container
        context = spec["securityContext"]
        user, group = context["runAsUser"], context["fsGroup"]
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        for path in [*mounts.values(), "/proc", "/dev", "/etc"]:
            (upper / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        program = "selvedge"
        if self.node.image is None:
            shutil.copy(self.node.program, upper / "selvedge")
            program = "/selvedge"
        lower = self.node.image or "/"
        lines = [
            "mount --make-rprivate /",
            f"mount -t overlay overlay -o lowerdir={lower},upperdir={upper},workdir={self.folder}/work {root}",
            f"mount -t proc proc {root}/proc", f"mount --rbind /dev {root}/dev",
            f"touch {root}/etc/hosts", f"mount --bind {self.network.names_file} {root}/etc/hosts",
            f"hostname {self.pod.name}",
        ]
        for volume in spec["volumes"]:
            lines += self.volume(volume, f"{root}{mounts[volume['name']]}", group, secrets)
        if container["securityContext"]["readOnlyRootFilesystem"]:
            lines.append(f"mount -o remount,bind,ro {root}")
        environment = [f"{name}={value}" for name, value in self.pod.environment().items()]
        command = ["exec", "chroot", str(root), "/usr/bin/setpriv", f"--reuid={user}", f"--regid={context['runAsGroup']}",
                   f"--groups={group}", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs",
                   "/usr/bin/env", "-i", *environment, program, *arguments]
        return "\n".join(lines + [shlex.join(command)])

    def volume(self, volume, path, group, secrets):
        if "persistentVolumeClaim" in volume:
            claim = self.node.claim(volume["persistentVolumeClaim"]["claimName"])
            return [f"mount --bind {claim} {path}", f"chgrp {group} {path}", f"chmod 2775 {path}"]
        if "emptyDir" in volume:
            size = volume["emptyDir"]["sizeLimit"].rstrip("i").lower()
            return [f"mount -t tmpfs -o size={size},mode=2777,gid={group} tmpfs {path}"]
        secret = volume["secret"]
        files = secrets[secret["secretName"]]
        names = [item["key"] for item in secret.get("items", [{"key": name} for name in files])]
        # A link to a link, as kubelet replaces all files of a Secret at once.
        lines = [f"mount -t tmpfs tmpfs {path}", f"mkdir {path}/..now", f"ln -s ..now {path}/..data"]
        for name in names:
            lines += [f"cp {files[name]} {path}/..now/{name}", f"chown 0:{group} {path}/..now/{name}",
                      f"chmod {secret['defaultMode']:o} {path}/..now/{name}", f"ln -s ..data/{name} {path}/{name}"]
        return lines + [f"mount -o remount,ro {path}"]

    # Life

    def probe(self, kind):
        """The status of the answer to a probe; 0 for none."""
        probe = self.pod.container[kind]["httpGet"]
        port = next(port["containerPort"] for port in self.pod.container["ports"] if port["name"] == probe["port"])
        output = self.network.on_switch(
            "curl", "--silent", "--max-time", "5", "--output", "/dev/null", "--write-out", "%{http_code}",
            f"http://{self.address}:{port}{probe['path']}", check=False).stdout
        return int(output or 0)

    def is_over(self):
        return self.process.poll() is not None

    def evict(self):
        """What a drained node does: SIGTERM, the grace time, SIGKILL. Returns the exit code."""
        self.is_evicted = True
        self.send(signal.SIGTERM)
        try:
            self.process.wait(self.pod.spec["terminationGracePeriodSeconds"])
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
        return self.end()

    def lose(self):
        """A node that is gone: nothing is sent, nothing is saved."""
        self.is_evicted = True
        self.network.on_switch("ip", "link", "delete", f"port{self.number}", check=False)
        # The first process has another user, so that the end of its parent does not end it.
        self.send(signal.SIGKILL)
        self.end()

    def send(self, number):
        """Sends a signal to the first process of the pod, if that has not ended."""
        try:
            child, = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            os.kill(int(child), number)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            pass

    def end(self):
        """Removes what the pod had, and returns its exit code."""
        code = self.process.wait()
        if self in self.node.running:
            self.node.running.remove(self)
            # The last processes of the pod end with its first one.
            self.network.delete(self.number)
            shutil.rmtree(self.folder, ignore_errors=True)
        return code if code >= 0 else 128 - code
