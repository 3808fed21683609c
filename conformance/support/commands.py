"""Programs run as a person runs them: the AWS command line, and the server's own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from servers import command_line

AWS = Path(sys.executable).with_name("aws")


def aws(*words, status=0, env=None, **more):
    """Runs the command and returns what it printed, parsed where it is JSON, or of a failure what it
    complained. A variable of `env` that is None is taken away."""
    words = [sys.executable, str(AWS), *words]
    return _run(words, status, {"AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1", **(env or {})}, **more)


def sqs(*words, **more):
    # For SQS this generation of the command line has addresses of its own, whatever the environment says.
    return aws("sqs", *words, "--endpoint-url", os.environ["AWS_ENDPOINT_URL"], **more)


def modelkeep(*words, status=0):
    """The same of the server's own command line."""
    return _run(command_line(*words), status, {})


def _run(words, status, changes, **more):
    environment = {**os.environ, **changes}
    environment = {name: value for name, value in environment.items() if value is not None}
    told = subprocess.run(words, capture_output=True, text=True, timeout=60, env=environment, **more)
    assert told.returncode == status, told.stdout + told.stderr
    if status != 0:
        return told.stdout + told.stderr
    try:
        return json.loads(told.stdout)
    except json.JSONDecodeError:
        return told.stdout
