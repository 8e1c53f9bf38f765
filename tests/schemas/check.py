"""Holds YAML files against a JSON Schema, as an editor does: check.py SCHEMA FILE...

Prints a JSON object with the first fault of each file, or null, by path. The schema itself is held against
the draft that it names."""

import json
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: dates are texts, and yes, no, on and off too."""


Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in resolvers
           if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", __import__("re").compile("^(?:true|false)$"), list("tf"))

schema = json.load(open(sys.argv[1]))
kind = jsonschema.validators.validator_for(schema)
kind.check_schema(schema)
validator = kind(schema)
faults = {}
for path in sys.argv[2:]:
    document = yaml.load(open(path), Loader)
    fault = jsonschema.exceptions.best_match(validator.iter_errors(document))
    faults[path] = fault and f"{fault.json_path}: {fault.message}"
json.dump(faults, sys.stdout)
