"""Starts and ends servers as a user would: by their command line. Not the tests' shared server."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

READY = re.compile(r"^modelkeep ready (https?://\S+)$")
# On a machine that many share; how long a start may take is asserted elsewhere.
START_SECONDS = 60
STOP_SECONDS = 30
EXPORT = re.compile(r"(\w+)=('[^']*'|\S+)")


def command_line(*arguments):
    default = Path(__file__).resolve().parents[2] / "dist/cli/main.js"
    entry = os.environ.get("CONFORMANCE_CLI", str(default))
    return [shutil.which("node") or "node", entry, *arguments]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One server on a data folder; `kill()` and `start()` again as often as wanted.

    `variables` stand in its environment beside those of the tests.
    """

    def __init__(self, data, *flags, variables=None):
        self.data = str(data)
        self.variables = {**os.environ, **(variables or {})}
        self.port = free_port()
        self.flags = flags
        self.process = None
        self.url = None
        self.lines = []

    def start(self):
        self.process = subprocess.Popen(
            command_line("up", "--data", self.data, "--port", str(self.port), *self.flags),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.variables,
        )
        ready = threading.Event()
        threading.Thread(target=self._read, args=(self.process, ready), daemon=True).start()
        if not ready.wait(START_SECONDS) or self.url is None:
            self.kill()
            raise AssertionError("the server did not start:\n" + "".join(self.lines[-20:]))
        return self

    def _read(self, process, ready):
        for line in process.stdout:
            self.lines.append(line)
            match = READY.match(line.strip())
            if match:
                self.url = match.group(1)
                ready.set()
        ready.set()

    def environment(self):
        """The variables that `modelkeep env` prints, as a dictionary."""
        told = subprocess.run(
            command_line("env", "--data", self.data), capture_output=True, text=True, timeout=30
        )
        assert told.returncode == 0, told.stderr
        return {name: value.strip("'") for name, value in EXPORT.findall(told.stdout)}

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self):
        """Asks it to end, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
