"""check_prometheus.py SELVEDGE FOLDER: trains with --serve while Prometheus scrapes it, kills a worker, and asks Prometheus for every
query of deploy/grafana/dashboard.json. Each has to answer with finite numbers.

Before that promtool checks the metrics, the alerts and their tests. FOLDER is for the files of the run.
"""

import json
import math
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "deploy/grafana"
LIMIT_SECONDS = 60
# What Grafana puts in: all runs, and a range of some scrapes.
VARIABLES = {"$instance": ".*", "$__rate_interval": "5s", "$__interval": "5s"}


def check(condition, text):
    if not condition:
        sys.exit(f"check_prometheus: {text}")


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True)
    check(done.returncode == 0 and not done.stderr.strip(), f"promtool {' '.join(arguments)}: {done.stdout}{done.stderr}")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def wait(condition, what):
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        try:
            value = condition()
            if value:
                return value
        except OSError:
            pass
        check(time.monotonic() < deadline, f"{what} did not happen within {LIMIT_SECONDS} s")
        time.sleep(0.3)


def expressions(dashboard):
    """Every query of the dashboard with its panel's title."""
    found = [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel["targets"]]
    found += [(annotation["name"], annotation["expr"]) for annotation in dashboard["annotations"]["list"]]
    for variable in dashboard["templating"]["list"]:
        if match := re.fullmatch(r"label_values\((.*), (\w+)\)", variable.get("definition", "")):
            found.append((variable["name"], f"count by ({match[2]}) ({match[1]})"))
    return found


def is_answer(values, title):
    # An annotation marks moments, of which there need not be one now.
    return title == "Recoveries" or (values and all(math.isfinite(float(value["value"][1])) for value in values))


def check_rules(folder):
    promtool("check", "rules", str(GRAFANA / "alerts.yaml"))
    tests = folder / "alerts-test.yaml"
    tests.write_text((ROOT / "scripts/ecosystem/alerts-test.yaml").read_text().replace("ALERTS\n", f"{GRAFANA}/alerts.yaml\n", 1))
    promtool("test", "rules", str(tests))
    # The file that is shipped, with a token where it names one.
    for name in ("prometheus.yml", "alerts.yaml"):
        (folder / name).write_text((GRAFANA / name).read_text())
    (folder / "token").write_text("0123456789abcdef\n")
    promtool("check", "config", str(folder / "prometheus.yml"))


def main():
    selvedge, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    check_rules(folder)
    page, port = free_port(), free_port()
    configuration = folder / "scrape.yml"
    configuration.write_text(
        f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{GRAFANA}/alerts.yaml]\n"
        f"scrape_configs: [{{job_name: selvedge, static_configs: [{{targets: ['127.0.0.1:{page}']}}]}}]\n")
    log = open(folder / "prometheus.txt", "w")
    processes = [
        subprocess.Popen(
            [selvedge, "train", "A-1", "--data", "synthetic", "--epochs", "100000", "--workers", "2", "--run", str(folder / "watched"),
             "--serve", str(page)], stdout=log, stderr=log),
        subprocess.Popen(
            ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log),
    ]

    def query(text):
        for name, value in VARIABLES.items():
            text = text.replace(name, value)
        parameters = urllib.parse.urlencode({"query": text})
        answer = json.loads(fetch(f"http://127.0.0.1:{port}/api/v1/query?{parameters}"))
        return answer["data"]["result"]

    try:
        status = folder / "watched/status.json"
        wait(lambda: status.exists() and json.loads(status.read_text())["epoch"] > 2, "the third epoch")
        # The metrics' form, while everything is there.
        promtool("check", "metrics", text=fetch(f"http://127.0.0.1:{page}/metrics"))
        worker = next(one for one in json.loads(status.read_text())["workers"] if one["name"] == "worker-1")
        os.kill(worker["process"], signal.SIGKILL)
        wait(lambda: query("selvedge_recoveries_total >= 1"), "the recovery after a killed worker")
        wait(lambda: len(query("rate(selvedge_worker_step_total[5s])")) == 2, "two workers in Prometheus")
        queries = expressions(json.loads((GRAFANA / "dashboard.json").read_text()))
        for title, expression in queries:
            # A worker that is back is measured after some steps.
            wait(lambda: is_answer(query(expression), title), f"an answer to {expression} for the panel '{title}'")
        rules = json.loads(fetch(f"http://127.0.0.1:{port}/api/v1/rules"))["data"]["groups"][0]["rules"]
        check(all(rule["health"] == "ok" for rule in rules), f"rules cannot be evaluated: {rules}")
        print(f"prometheus answers {len(queries)} queries of the dashboard and evaluates {len(rules)} alerts")
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


if __name__ == "__main__":
    main()
