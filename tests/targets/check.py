"""Checks what `backlint patch --for` wrote with the schemas of those who read it.

Called with a folder of files named RECORD.TARGET. Prints what each says as JSON, by name, for the
test to look at; ends with 1 and the faults on standard error if one is refused.

Kubernetes: kubernetes-validate, strictly (a field that does not exist is a fault), in the oldest
version that it has and the newest. A part of a Deployment is no Deployment, so it is laid over a
minimal one first, as server-side apply lays it over the one in the cluster. A KubeletConfiguration is
in no OpenAPI description: its fields are compared to k8s.io/kubelet/config/v1beta1 here.
Compose: the JSON schema that docker-compose comes with. Tuned: the resource's definition
(openshift/cluster-node-tuning-operator manifests/20-tuned.crd.yaml), made strict. TuneD's profile: a
parser of .ini files. Bottlerocket: a TOML parser, and the two settings of its reference. Quadlet: the
words of podman-systemd.unit(5).
"""

import configparser
import copy
import json
import pathlib
import re
import sys
import tomllib

import jsonschema
import kubernetes_validate
import yaml

COMPOSE = "/usr/lib/python3/dist-packages/compose/config/compose_spec.json"
SYSCTL = re.compile(r"^(net|kernel|fs)(\.[a-z0-9_-]+)+$")
VERSIONS = [kubernetes_validate.utils.all_versions()[n] for n in (0, -1)]


class Strict(yaml.SafeLoader):
    """YAML in which a key stands once."""


def mapping(loader, node, deep=False):
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key stands twice: {keys}")
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)


def documents(text):
    return list(yaml.load_all(text, Strict))


def need(truth, words):
    if not truth:
        raise ValueError(words)


def minimal(document):
    """The object in the cluster that a part is laid over."""
    labels = {"app": "x"}
    container = {"name": "x", "image": "x:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    if document["kind"] == "CronJob":
        template["spec"]["restartPolicy"] = "Never"
        return {"spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    if document["kind"] == "StatefulSet":
        spec["serviceName"] = "x"
    return {"spec": spec}


def laid_over(base, part):
    if not (isinstance(base, dict) and isinstance(part, dict)):
        return copy.deepcopy(part)
    return {key: laid_over(base.get(key), part[key]) if key in part else base[key] for key in {**base, **part}}


def kubernetes(text):
    seen = documents(text)
    kubelets = [n for n, document in enumerate(seen) if document["kind"] == "KubeletConfiguration"]
    need(kubelets in ([], [0]), "the kubelet's document is not the first")
    # The command in the comments cuts off the first document by its line.
    need(text.split("\n").count("---") == len(seen) - 1, "documents are not parted by lines")
    for document in seen:
        if document["kind"] == "KubeletConfiguration":
            need(document["apiVersion"] == "kubelet.config.k8s.io/v1beta1", "apiVersion")
            need(set(document) == {"apiVersion", "kind", "allowedUnsafeSysctls"}, "fields")
            need(all(SYSCTL.match(key) for key in document["allowedUnsafeSysctls"]), "patterns")
            continue
        whole = document if document["kind"] == "Pod" else laid_over(minimal(document), document)
        for version in VERSIONS:
            kubernetes_validate.validate(whole, version, strict=True)
    return seen


def tuned(text):
    string = {"type": "string"}

    def thing(required, **fields):
        return {"type": "object", "required": required, "properties": fields, "additionalProperties": False}

    match = thing(["label"], label=string, value=string, type={"enum": ["node", "pod"]}, match={"type": "array"})
    recommend = thing(
        ["priority", "profile"],
        priority={"type": "integer", "minimum": 0},
        profile=string,
        match={"type": "array", "items": match},
    )
    profile = thing(["data", "name"], data=string, name=string)
    spec = thing(
        ["profile", "recommend"],
        profile={"type": "array", "items": profile},
        recommend={"type": "array", "items": recommend},
    )
    whole = thing(
        ["apiVersion", "kind", "metadata", "spec"],
        apiVersion={"const": "tuned.openshift.io/v1"},
        kind={"const": "Tuned"},
        metadata=thing(["name", "namespace"], name=string, namespace=string),
        spec=spec,
    )
    [document] = documents(text)
    jsonschema.validate(document, whole)
    names = {profile["name"] for profile in document["spec"]["profile"]}
    need({one["profile"] for one in document["spec"]["recommend"]} <= names, "a profile that is not there")
    profile = configparser.ConfigParser(strict=True, interpolation=None)
    profile.read_string(document["spec"]["profile"][0]["data"])
    need(set(profile.sections()) == {"main", "sysctl"}, "sections")
    return {key: value.strip('"') for key, value in profile["sysctl"].items()}


def compose(text):
    schema = json.loads(pathlib.Path(COMPOSE).read_text())
    seen = documents(text)
    for document in seen:
        jsonschema.validate(document, schema)
        for service in document["services"].values():
            need(set(service) == {"sysctls"}, "more than sysctls")
    return seen


def bottlerocket(text):
    seen = tomllib.loads(text)
    need(set(seen) == {"settings"}, "settings")
    need(set(seen["settings"]) <= {"kernel", "kubernetes"}, "settings of this kind")
    for key, value in seen["settings"].get("kernel", {"sysctl": {}})["sysctl"].items():
        need(SYSCTL.match(key) and isinstance(value, str), f"{key} = {value!r}")
    pods = seen["settings"].get("kubernetes", {"allowed-unsafe-sysctls": []})
    need(set(pods) == {"allowed-unsafe-sysctls"}, "settings of pods")
    need(all(SYSCTL.match(key) for key in pods["allowed-unsafe-sysctls"]), "patterns")
    return seen


def ansible(text):
    [[play]] = documents(text)
    need("{{" not in json.dumps(play) and "{%" not in json.dumps(play), "a template")
    return play


CHECKS = {
    "kubernetes": kubernetes,
    "openshift-tuned": tuned,
    "compose": compose,
    "bottlerocket": bottlerocket,
    "ansible": ansible,
}


def control():
    """A validator that takes everything would be no test."""
    for part in ("sysctl: []", "sysctls: [{name: a}]"):
        wrong = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: x}}\nspec: {{securityContext: {{{part}}}, containers: [{{name: x}}]}}"
        try:
            kubernetes(wrong)
        except jsonschema.ValidationError:
            continue
        raise SystemExit(f"kubernetes-validate takes {part}")


def main(folder):
    control()
    said, faults = {}, []
    for path in sorted(pathlib.Path(folder).iterdir()):
        check = CHECKS.get(path.name.split(".")[-1])
        if check is None:
            continue
        text = path.read_text()
        try:
            said[path.name] = check(text)
        except Exception as fault:  # whatever the schema's own code raises
            faults.append(f"{path.name}: {type(fault).__name__}: {fault}\n{text}")
    print(json.dumps(said, indent=1))
    print("\n".join(faults), file=sys.stderr)
    sys.exit(1 if faults else 0)


main(sys.argv[1])
