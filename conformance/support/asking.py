"""Commands of the AWS command line by name and flags; and which operations answered to them."""

from functools import cache
from unittest.mock import patch

from botocore import xform_name
from botocore.loaders import create_loader
from commands import aws_here
from iam import OPERATIONS

DENIED = 255
STS_PARTS = ("sessions", "web identities")

_answered = set()
_refused = set()
# Half the time of a command goes into reading the models of the services: they are read once.
_read_once = cache(create_loader)


def ask(service, command, *, refused=None, env=None, **flags):
    """`flags` as the command line has them: a list is several words, an empty one a mere switch.
    With `refused`, the code of the error, it answers the complaint."""
    words = []
    for flag, value in flags.items():
        words.append(f"--{flag.replace('_', '-')}")
        words.extend([value] if isinstance(value, str) else value)
    with patch("botocore.session.create_loader", _read_once):
        told = aws_here(service, command, *words, env=env, status=DENIED if refused else 0)
    if refused:
        assert f"({refused})" in told, told
    (_refused if refused else _answered).add((service, command))
    return told


def assert_all_answered(service, operations=None, always_refused=""):
    """For the last test of a service: each of its operations was asked with right input, and each
    that is `always_refused`, for what the server says it does not do, was asked too."""
    parts = [part for part in OPERATIONS if (part in STS_PARTS) == (service == "sts")]
    names = operations.split() if operations else set().union(*(OPERATIONS[part] for part in parts))
    commands = {xform_name(name, "-") for name in names}
    asked = {command for of, command in _answered if of == service}
    assert sorted(commands - asked) == []
    assert sorted(asked - commands) == []
    refusing = {(service, xform_name(name, "-")) for name in always_refused.split()}
    assert sorted(refusing - _refused) == []


def as_key(pair):
    """The environment of somebody who has set nothing but their keys."""
    return {
        "AWS_ACCESS_KEY_ID": pair["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": pair["SecretAccessKey"],
        "AWS_SESSION_TOKEN": pair.get("SessionToken"),
    }
