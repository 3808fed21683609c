"""Programs run as a person runs them: the AWS command line, and the server's own."""

import io
import json
import logging
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from awscli.clidriver import create_clidriver
from servers import command_line

AWS = Path(sys.executable).with_name("aws")
# It says everything at the level of debugging, which a failed test would show.
logging.getLogger("awscli").propagate = False
ALWAYS = {"AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1"}


def aws(*words, status=0, env=None, **more):
    """Runs the command and returns what it printed, parsed where it is JSON, or of a failure what it
    complained. A variable of `env` that is None is taken away."""
    words = [sys.executable, str(AWS), *words]
    return _run(words, status, {**ALWAYS, **(env or {})}, **more)


def aws_here(*words, status=0, env=None):
    """The same inside this process: of a hundred commands, most of the time is their start."""
    out, err = io.StringIO(), io.StringIO()
    with patch.dict(os.environ, _changed({**ALWAYS, **(env or {})}), clear=True):
        with redirect_stdout(out), redirect_stderr(err):
            code = create_clidriver().main(list(words))
    return _told(code, status, out.getvalue(), err.getvalue())


def sqs(*words, **more):
    # For SQS this generation of the command line has addresses of its own, whatever the environment says.
    return aws("sqs", *words, "--endpoint-url", os.environ["AWS_ENDPOINT_URL"], **more)


def modelkeep(*words, status=0):
    """The same of the server's own command line."""
    return _run(command_line(*words), status, {})


def _run(words, status, changes, **more):
    environment = _changed(changes)
    told = subprocess.run(words, capture_output=True, text=True, timeout=60, env=environment, **more)
    return _told(told.returncode, status, told.stdout, told.stderr)


def _changed(changes):
    environment = {**os.environ, **changes}
    return {name: value for name, value in environment.items() if value is not None}


def _told(code, status, out, err):
    assert code == status, out + err
    if status != 0:
        return out + err
    try:
        return json.loads(out)
    except json.JSONDecodeError:
        return out
