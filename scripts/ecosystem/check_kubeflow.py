"""check_kubeflow.py SELVEDGE FOLDER: trains with the variables that Kubeflow Trainer sets, and takes the progress as its status server
does: over TLS with a certificate of its own, with a token that is replaced in the middle of the run, for a while unavailable.

FOLDER is for the files of the run.
"""

import datetime
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys
import threading
import time

PATH = "/apis/trainer.kubeflow.org/v1alpha1/namespaces/default/trainjobs/selvedge/status"
EPOCHS = 400


def check(condition, text):
    if not condition:
        sys.exit(f"check_kubeflow: {text}")


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.token_file = folder / "token"
        self.statuses, self.refused, self.tokens = [], 0, set()
        certificate, key = folder / "ca.crt", folder / "tls.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=status", "-addext",
             "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server_address[1]}{PATH}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def replace_token(self):
        token = os.urandom(8).hex()
        # kubelet replaces the file by a link.
        new = self.token_file.with_suffix(".new")
        new.write_text(token)
        new.rename(self.token_file)
        self.tokens.add(token)
        return token


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        is_right = self.path == PATH and self.headers["Authorization"] == f"Bearer {server.token_file.read_text()}"
        # Not available once, as while the controller starts again.
        is_available = server.refused > 0 or not server.statuses
        if is_right and is_available:
            server.statuses.append((time.monotonic(), json.loads(body)["trainerStatus"]))
            self.answer(200)
        else:
            server.refused += 1
            self.answer(503 if is_right else 403)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def check_status(status):
    """The limits of the definition of TrainJob."""
    check(set(status) <= {"progressPercentage", "estimatedRemainingSeconds", "metrics", "lastUpdatedTime"}, f"{status}")
    check(isinstance(status["progressPercentage"], int) and 0 <= status["progressPercentage"] <= 100, f"{status}")
    remaining = status.get("estimatedRemainingSeconds", 0)
    check(isinstance(remaining, int) and 0 <= remaining < 1 << 31, f"{status}")
    datetime.datetime.strptime(status["lastUpdatedTime"], "%Y-%m-%dT%H:%M:%SZ")
    check(len(status["metrics"]) <= 256, f"{status}")
    for metric in status["metrics"]:
        check(set(metric) == {"name", "value"} and all(1 <= len(text) <= 64 for text in metric.values()), f"{metric}")
        float(metric["value"])


def main():
    selvedge, folder = sys.argv[1], pathlib.Path(sys.argv[2]) / "kubeflow"
    folder.mkdir()
    server = Server(folder)
    server.replace_token()
    environment = {**os.environ, "KUBEFLOW_TRAINER_SERVER_URL": server.url, "KUBEFLOW_TRAINER_SERVER_CA_CERT": str(folder / "ca.crt"),
                   "KUBEFLOW_TRAINER_SERVER_TOKEN": str(server.token_file)}
    process = subprocess.Popen(
        [selvedge, "train", "A-1", "--epochs", str(EPOCHS), "--data", "synthetic", "--workers", "1", "--run", str(folder / "run")],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    warnings = []
    for line in process.stderr:
        if "--track" in line:
            warnings.append(line)
        if line.startswith(f"Epoch {EPOCHS // 4}/"):
            server.replace_token()
    check(process.wait() == 0, "the training failed")
    check(len(warnings) == 1 and "503" in warnings[0], f"one refusal is one line: {warnings}")
    check(len(server.statuses) >= 3 and server.refused == 1, f"{len(server.statuses)} statuses, {server.refused} refused")
    for _, status in server.statuses:
        check_status(status)
    percentages = [status["progressPercentage"] for _, status in server.statuses]
    check(percentages == sorted(percentages) and percentages[-1] == 100, f"the percentages are {percentages}")
    pauses = [later[0] - earlier[0] for earlier, later in zip(server.statuses, server.statuses[1:-1])]
    check(all(pause > 4.5 for pause in pauses), f"the pauses are {pauses}")
    names = {metric["name"] for metric in server.statuses[-1][1]["metrics"]}
    check({"loss", "val_accuracy", "epoch", "workers"} <= names, f"the metrics are {names}")
    print(f"kubeflow got {len(server.statuses)} statuses over TLS, {percentages} %")


if __name__ == "__main__":
    main()
