"""The tables `wrong/SERVICE.json`: what is there, what is then asked for wrongly, and what must be answered.

`given` are calls that make what the cases need: operation, input and, for what later calls need of the
answer, names and paths into it; `after` takes it away. A case is operation, words, input, code (or several),
status (null for any) and a part of the message. `shapesOnly` names the operations that nothing but the
shape of their input can be wrong of. In texts `<name>` stands for what was kept under that name, else for
a name of this run's own; `{"$times": [value, count]}` for a long text or list, with `<n>` as the number;
`{"$bytes": text}` for bytes. The CLI and JS suites read the same tables.
"""

import json
import re
import uuid
from functools import cache
from pathlib import Path

from botocore import xform_name

FOLDER = Path(__file__).with_name("wrong")
SERVICES = sorted(path.stem for path in FOLDER.glob("*.json"))
ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
DOCUMENT = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}}'
TRUST = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",'
    '"Principal":{"Service":"sagemaker.amazonaws.com"}}}'
)


@cache
def table(service):
    return json.loads((FOLDER / f"{service}.json").read_text())


def operations(service):
    """Every operation that is built, as the table has it."""
    cases = {case[0] for case in table(service)["cases"]}
    return sorted(cases | set(table(service)["shapesOnly"]))


class Names:
    """What texts in braces stand for, in one run of one table."""

    def __init__(self, account, region):
        self.run = uuid.uuid4().hex[:10]
        self.known = {
            "account": account,
            "region": region,
            "document": DOCUMENT,
            "trust": TRUST,
            "long": "a" * 7000,
            "analyzer": ANALYZER,
        }

    def of(self, name):
        if name in self.known:
            return self.known[name]
        if name.isupper():
            return self.of(name.lower()).upper()
        return f"w-{self.run}-{name}"

    def fill(self, value, number=None):
        if isinstance(value, str):
            if number is not None:
                value = value.replace("<n>", str(number))
            return re.sub(r"<([A-Za-z]\w*)>", lambda found: self.of(found[1]), value)
        if isinstance(value, list):
            return [self.fill(item, number) for item in value]
        if isinstance(value, dict):
            if "$bytes" in value:
                return self.fill(value["$bytes"]).encode()
            if "$times" in value:
                item, count = value["$times"]
                if isinstance(item, str) and len(item) == 1:
                    return item * count
                return [self.fill(item, at) for at in range(count)]
            return {self.fill(key): self.fill(item, number) for key, item in value.items()}
        return value

    def keep(self, paths, answer):
        for name, path in paths.items():
            found = answer
            for step in path.split("."):
                found = found[int(step) if step.isdigit() else step]
            self.known[name] = found


def call(client, operation, arguments):
    return getattr(client, xform_name(operation))(**arguments)


def prepare(service, names, clients):
    """Makes what the cases of the service need. `clients` gives a client of a service by its name."""
    for operation, arguments, *paths in table(service)["given"]:
        of, _, operation = operation.rpartition(":")
        answer = call(clients(of or service), operation, names.fill(arguments))
        for wanted in paths:
            names.keep(wanted, answer)


def clear(service, names, clients):
    for operation, arguments in table(service)["after"]:
        of, _, operation = operation.rpartition(":")
        call(clients(of or service), operation, names.fill(arguments))


def misses(case, code, status, message):
    """What is not as the case says, in words; None when all is."""
    _, _, _, codes, *more = case
    wanted, says = (*more, *(400, "")[len(more) :])
    codes = [codes] if isinstance(codes, str) else codes
    right = code in codes and (wanted is None or status == wanted) and says in (message or "")
    return None if right else f"{case[0]} ({case[1]}): {code} {status} {message!r}, not {case[3:]}"
