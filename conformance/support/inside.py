"""What a server process uses, asked from outside: its memory and descriptors by the system, its heap,
after a collection, by the inspector of Node (start it with `INSPECTED` in its environment)."""

import base64
import json
import os
import re
import socket
import struct
from pathlib import Path

INSPECTED = {"NODE_OPTIONS": "--inspect=127.0.0.1:0"}
LISTENING = re.compile(r"Debugger listening on ws://127\.0\.0\.1:(\d+)(/\S+)")
MOST_HEADER_BYTES = 65_536


def rss_bytes(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB$", text, re.M).group(1)) * 1024


def descriptors(pid, besides=None):
    """How many are open, but for files below the folder `besides`."""
    folder = Path(f"/proc/{pid}/fd")
    places = [_place(folder / name) for name in os.listdir(folder)]
    return sum(1 for place in places if besides is None or not place.startswith(f"{besides}/"))


def _place(link):
    try:
        return os.readlink(link)
    except FileNotFoundError:
        # Closed since it was listed.
        return ""


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


class Inspector:
    """A connection to the inspector of a server, found in the lines it printed."""

    def __init__(self, lines):
        found = next(match for line in lines if (match := LISTENING.search(line)))
        self.socket = socket.create_connection(("127.0.0.1", int(found.group(1))), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {found.group(2)} HTTP/1.1\r\nHost: 127.0.0.1:{found.group(1)}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._exactly(1)
            assert len(head) < MOST_HEADER_BYTES, "the inspector did not answer"
        assert b" 101 " in head.split(b"\r\n")[0], head
        self.asked = 0

    def heap_bytes(self):
        """What is in use once what is not was collected."""
        self._ask("HeapProfiler.enable")
        self._ask("HeapProfiler.collectGarbage")
        self._ask("HeapProfiler.disable")
        return self._ask("Runtime.getHeapUsage")["usedSize"]

    def close(self):
        self.socket.close()

    def _ask(self, method):
        self.asked += 1
        self._send(json.dumps({"id": self.asked, "method": method}).encode())
        while True:
            told = json.loads(self._message())
            if told.get("id") == self.asked:
                return told["result"]

    def _send(self, content):
        """One masked frame of text."""
        assert len(content) < 126
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(content))
        self.socket.sendall(bytes([0x81, 0x80 | len(content)]) + mask + masked)

    def _message(self):
        content = b""
        while True:
            first, second = self._exactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", self._exactly(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self._exactly(8))
            content += self._exactly(size)
            if first & 0x80:
                return content

    def _exactly(self, size):
        got = b""
        while len(got) < size:
            part = self.socket.recv(size - len(got))
            assert part, "the inspector went away"
            got += part
        return got
