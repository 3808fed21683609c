"""HTTP servers inside the tests: a model server under the container contract, and a webhook."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class ModelHandler(_Quiet):
    """Sums the numbers of each CSV row. Some bodies ask it to misbehave."""

    def do_GET(self):
        self.server.pings += 1
        self.answer(200 if self.path == "/ping" else 404)

    def do_POST(self):
        body = self.body()
        self.server.requests.append((dict(self.headers.items()), body))
        if self.path != "/invocations":
            return self.answer(404)
        if body == b"bad":
            return self.answer(400, b"no numbers", [("Content-Type", "text/plain")])
        if body == b"boom":
            return self.answer(500, b"it broke", [("Content-Type", "text/plain")])
        if body == b"stream":
            return self.stream([b"one ", b"two ", b"three"])
        if "json" in self.headers.get("content-type", ""):
            rows = json.loads(body)["instances"]
            told = json.dumps({"predictions": [sum(row) for row in rows]}).encode()
            return self.answer(200, told, [("Content-Type", "application/json")])
        rows = body.decode().strip().splitlines()
        told = "\n".join(str(sum(float(cell) for cell in row.split(","))) for row in rows)
        headers = [("Content-Type", "text/csv; charset=utf-8")]
        custom = self.headers.get("x-amzn-sagemaker-custom-attributes")
        if custom:
            headers.append(("X-Amzn-SageMaker-Custom-Attributes", f"seen {custom}"))
        return self.answer(200, told.encode(), headers)

    def stream(self, chunks):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


class HookHandler(_Quiet):
    """Keeps every POST as (headers, body), answers with the next of `statuses`, else 200."""

    def do_POST(self):
        body = self.body()
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.server.requests.append((dict(self.headers.items()), body))
        self.answer(status)


@contextmanager
def listening(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.requests = []
    server.statuses = []
    server.pings = 0
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
