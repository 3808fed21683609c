"""An OpenID Connect issuer on loopback: https under an authority of its own, keys, signed tokens."""

import base64
import json
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from listeners import _Quiet

HOST = "127.0.0.1"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certificate(name, key, signed_by=None):
    """Of the host, signed by the authority `(name, key)`; without one, an authority."""
    issuer, signer = signed_by or (name, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=signed_by is None, path_length=None), True)
    )
    if signed_by is not None:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))])
        builder = builder.add_extension(names, False)
    return builder.sign(signer, hashes.SHA256())


def _named(name):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _write(path, *parts):
    path.write_bytes(b"".join(parts))
    return str(path)


def _pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class _Handler(_Quiet):
    def do_GET(self):
        issuer = self.server.issuer
        issuer.asked.append(self.path)
        documents = {
            "/.well-known/openid-configuration": {
                "issuer": issuer.url,
                "jwks_uri": f"{issuer.url}/keys",
            },
            "/keys": {"keys": [issuer.public_key("one", issuer.key)]},
        }
        found = documents.get(self.path)
        body = json.dumps(found or {}).encode()
        self.answer(200 if found else 404, body, [("Content-Type", "application/json")])


class Issuer:
    def __init__(self, port):
        self.url = f"https://{HOST}:{port}"
        self.host = f"{HOST}:{port}"
        self.key = new_key()
        self.asked = []

    def public_key(self, kid, key):
        numbers = key.public_key().public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": kid,
            "n": base64url(numbers.n.to_bytes(size, "big")),
            "e": base64url(numbers.e.to_bytes(3, "big")),
        }

    def token(self, key=None, kid="one", alg="RS256", **claims):
        """With `key` another than the published one is used; `alg` none has no signature."""
        now = int(time.time())
        usual = {"iss": self.url, "sub": "ann", "aud": "app", "iat": now, "exp": now + 600}
        parts = [{"alg": alg, "typ": "JWT", "kid": kid}, {**usual, **claims}]
        text = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        if alg == "none":
            return f"{text}."
        signature = (key or self.key).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{base64url(signature)}"


@contextmanager
def issuing(folder):
    """An issuer, and the file with its authority's certificate for NODE_EXTRA_CA_CERTS."""
    authority, own = new_key(), new_key()
    root = _certificate("conformance authority", authority)
    leaf = _certificate(HOST, own, ("conformance authority", authority))
    pem = serialization.Encoding.PEM
    root_path = _write(folder / "root.pem", root.public_bytes(pem))
    leaf_path = _write(folder / "leaf.pem", leaf.public_bytes(pem), _pem(own))
    server = ThreadingHTTPServer((HOST, 0), _Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf_path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.issuer = Issuer(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.issuer, root_path
    finally:
        server.shutdown()
        server.server_close()
