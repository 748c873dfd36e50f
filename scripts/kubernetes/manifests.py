"""Renders deploy/kubernetes with Kustomize, checks it against the schemas of Kubernetes and of the resource definitions, and gives the
pods that the cluster's controllers would make of it."""

import copy
import pathlib
import subprocess
import sys

import yaml

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "deploy/kubernetes"
OVERLAYS = ["base", "jobset", "kueue", "kubeflow"]
KUBERNETES_VERSION = "1.37"
JOB_INDEX = "batch.kubernetes.io/job-completion-index"
JOBSET = "jobset.sigs.k8s.io"


def render(overlay):
    text = subprocess.run(["kubectl", "kustomize", str(FOLDER / overlay)], check=True, capture_output=True, text=True).stdout
    return [document for document in yaml.safe_load_all(text) if document]


def train_job():
    return yaml.safe_load((FOLDER / "kubeflow/trainjob.yaml").read_text())


def of_kind(documents, kind):
    return next(document for document in documents if document["kind"] == kind)


# Schemas


def closed(schema):
    """The schema without room for unknown fields, as the API server's strict validation has it."""
    if isinstance(schema, dict):
        for value in schema.values():
            closed(value)
        if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
        if schema.pop("x-kubernetes-int-or-string", False):
            schema["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    elif isinstance(schema, list):
        for value in schema:
            closed(value)
    return schema


def definitions(folder):
    """The schemas in the CustomResourceDefinitions of a folder, by API version and kind."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if not document or document.get("kind") != "CustomResourceDefinition":
                continue
            spec = document["spec"]
            for version in spec["versions"]:
                schema = version["schema"]["openAPIV3Schema"]
                # What every object has is not described there.
                for name, kind in (("apiVersion", "string"), ("kind", "string"), ("metadata", "object")):
                    schema["properties"][name] = {"type": kind}
                found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = closed(schema)
    return found


def check(documents, schemas):
    """Returns what is wrong, and the kinds that no schema was there for."""
    import jsonschema
    import kubernetes_validate

    problems, unchecked = [], set()
    for document in documents:
        place = f"{document['kind']} {document['metadata'].get('name', '')}"
        schema = schemas.get((document["apiVersion"], document["kind"]))
        if schema:
            for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
                problems.append(f"{place}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}")
            continue
        try:
            kubernetes_validate.validate(document, KUBERNETES_VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            problems.append(f"{place}: {'.'.join(map(str, error.path))}: {error.message[:200]}")
        except kubernetes_validate.SchemaNotFoundError:
            unchecked.add(f"{document['apiVersion']} {document['kind']}")
    return problems, unchecked


def check_all(crds):
    schemas = definitions(crds) if crds else {}
    is_right = True
    for overlay in OVERLAYS:
        documents = render(overlay) + ([train_job()] if overlay == "kubeflow" else [])
        problems, unchecked = check(documents, schemas)
        is_right = is_right and not problems
        for problem in problems:
            print(f"{overlay}: {problem}")
        kinds = ", ".join(document["kind"] for document in documents)
        print(f"{overlay}: {kinds}: {f'{len(problems)} problems' if problems else 'valid'}")
        for kind in sorted(unchecked):
            print(f"test-kubernetes: NOT CHECKED: {kind}: give --crds a folder with its definition", file=sys.stderr)
    return is_right


# Pods


class Pod:
    """One pod: what its container gets from the manifest and from the controllers."""

    def __init__(self, name, subdomain, template, job, labels, annotations, environment=()):
        self.name = name
        self.host = f"{name}.{subdomain}"
        self.spec = template["spec"]
        self.job = job
        self.container = self.spec["containers"][0]
        self.labels = {**template.get("metadata", {}).get("labels", {}), **labels}
        self.annotations = annotations
        self.added = dict(environment)

    def environment(self):
        values = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "HOSTNAME": self.name, "PATH": "/usr/bin:/bin",
                  "JOB_COMPLETION_INDEX": self.annotations[JOB_INDEX], **self.added}
        for entry in self.container["env"]:
            values[entry["name"]] = entry["value"] if "value" in entry else self.resolve(entry["valueFrom"])
        return values

    def resolve(self, source):
        if "resourceFieldRef" in source:
            kind, name = source["resourceFieldRef"]["resource"].split(".")
            return self.container["resources"][kind][name]
        family, key = source["fieldRef"]["fieldPath"].removeprefix("metadata.").rstrip("]'").split("['")
        return {"labels": self.labels, "annotations": self.annotations}[family][key]

    def arguments(self):
        values = self.environment()
        arguments = []
        for argument in self.container["args"]:
            for name, value in values.items():
                argument = argument.replace(f"$({name})", value)
            arguments.append(argument)
        return arguments

    def outcome(self, code, is_evicted):
        """What the Job does about the pod's end: its first rule that fits, or a count towards the back-off limit."""
        if code == 0:
            return "Complete"
        for rule in self.job["podFailurePolicy"]["rules"]:
            if is_evicted and any(one["type"] == "DisruptionTarget" for one in rule.get("onPodConditions", [])):
                return rule["action"]
            if code in rule.get("onExitCodes", {}).get("values", []):
                return rule["action"]
        return "Count"


def pods(overlay):
    documents = render(overlay)
    if overlay == "base":
        return of_job(of_kind(documents, "Job"))
    if overlay == "kubeflow":
        return of_train_job(of_kind(documents, "ClusterTrainingRuntime"), train_job())
    return of_jobset(of_kind(documents, "JobSet"))


def of_job(job):
    name, spec = job["metadata"]["name"], job["spec"]
    template = spec["template"]
    return [
        Pod(f"{name}-{index}", template["spec"]["subdomain"], template, spec, {"batch.kubernetes.io/job-name": name},
            {JOB_INDEX: str(index)})
        for index in range(spec["completions"])
    ]


def of_jobset(jobset, environment=()):
    name, spec = jobset["metadata"]["name"], jobset["spec"]
    found, number = [], 0
    coordinator = spec.get("coordinator")
    for group in spec["replicatedJobs"]:
        job = group["template"]["spec"]
        for index in range(group.get("replicas", 1)):
            for pod in range(job.get("completions", 1)):
                labels = {f"{JOBSET}/jobset-name": name, f"{JOBSET}/replicatedjob-name": group["name"],
                          f"{JOBSET}/job-index": str(index), f"{JOBSET}/job-global-index": str(number)}
                annotations = {JOB_INDEX: str(pod)}
                if coordinator:
                    first = f"{name}-{coordinator['replicatedJob']}-{coordinator['jobIndex']}-{coordinator['podIndex']}"
                    annotations[f"{JOBSET}/coordinator"] = f"{first}.{name}"
                found.append(Pod(f"{name}-{group['name']}-{index}-{pod}", name, job["template"], job, labels, annotations, environment))
            number += 1
    return found


def of_train_job(runtime, train_job):
    """As Kubeflow Trainer's plugin for torchrun does it."""
    name, trainer = "selvedge-x7f2q", train_job["spec"]["trainer"]
    spec = copy.deepcopy(runtime["spec"]["template"]["spec"])
    job = spec["replicatedJobs"][0]["template"]["spec"]
    job["completions"] = job["parallelism"] = trainer["numNodes"]
    job["template"]["spec"]["containers"][0]["args"] = trainer["args"]
    jobset = {"metadata": {"name": name}, "spec": spec}
    shared = {"PET_NNODES": str(trainer["numNodes"]), "PET_NPROC_PER_NODE": "2", "PET_MASTER_ADDR": f"{name}-node-0-0.{name}",
              "PET_MASTER_PORT": "29400"}
    found = of_jobset(jobset, shared)
    for pod in found:
        pod.added["PET_NODE_RANK"] = pod.annotations[JOB_INDEX]
    return found
