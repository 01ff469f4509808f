"""Tiny Python packages made on the spot, and a package index that serves them.

They let pip fail in every way within a second and without a network. They carry well-known names so that the logs read
as users' logs do; their content is empty.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import io
import re
import ssl
import subprocess
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path


def wheel(
    name: str,
    version: str,
    requires: Sequence[str] = (),
    python: str = "",
    tag: str = "py3-none-any",
    metadata: str = "",
) -> tuple[str, bytes]:
    """A wheel's file name and bytes. ``metadata`` replaces the whole METADATA file."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {python}"] if python else []
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    files = {
        f"{module}/__init__.py": f'__version__ = "{version}"\n',
        f"{info}/METADATA": metadata or "\n".join(lines) + "\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    rows = [f"{path},sha256={digest(content.encode())},{len(content)}" for path, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return f"{module}-{version}-{tag}.whl", data.getvalue()


def digest(content: bytes) -> str:
    """A hash as RECORD writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def sdist(name: str, version: str, files: dict[str, str]) -> tuple[str, bytes]:
    """A source archive's file name and bytes."""
    root = f"{name}-{version}"
    files = {"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", **files}
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(f"{root}/{path}")
            entry.size = len(content.encode())
            archive.addfile(entry, io.BytesIO(content.encode()))
    return f"{root}.tar.gz", data.getvalue()


#: A build backend inside the source archive: nothing has to be fetched to run it.
IN_TREE = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@dataclass
class Index:
    """A package index (PEP 503) on a local port. ``refuse`` is a status to answer everything with; ``fail_first`` so
    many requests are cut off before the first answer; ``python`` gives data-requires-python by file name."""

    files: dict[str, bytes] = field(default_factory=dict)
    python: dict[str, str] = field(default_factory=dict)
    refuse: int = 0
    challenge: str = ""
    fail_first: int = 0
    certificate: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://{self.host}:{self.port}/simple"

    def add(self, *packages: tuple[str, bytes], python: str = "") -> Index:
        """Offer ``packages``; ``python`` is the versions of Python that the index says they are for."""
        for name, content in packages:
            self.files[name] = content
            if python:
                self.python[name] = python
        return self

    def projects(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.files:
            project = re.split(r"-(?=\d)", name)[0].replace("_", "-").lower()
            found.setdefault(project, []).append(name)
        return found

    @contextlib.contextmanager
    def serving(self) -> Iterator[Index]:
        """Serve until the block ends."""
        index = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if index.fail_first > 0:
                    index.fail_first -= 1
                    self.close_connection = True
                    self.connection.close()
                    return None
                if index.refuse:
                    return self.answer(index.refuse, b"", {"WWW-Authenticate": index.challenge})
                parts = self.path.strip("/").split("/")
                if parts[0] == "simple" and len(parts) == 2 and parts[1] in index.projects():
                    return self.answer(200, self.listing(parts[1]), {"Content-Type": "text/html"})
                if parts[0] == "files" and parts[-1] in index.files:
                    return self.answer(200, index.files[parts[-1]], {"Content-Type": "application/octet-stream"})
                return self.answer(404, b"not found", {})

            def listing(self, project: str) -> bytes:
                rows = []
                for name in index.projects()[project]:
                    python = index.python.get(name, "").replace("<", "&lt;").replace(">", "&gt;")
                    rows.append(f'<a href="/files/{name}" data-requires-python="{python}">{name}</a>')
                return ("<!DOCTYPE html><html><body>" + "\n".join(rows) + "</body></html>").encode()

            def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for key, value in headers.items():
                    if value:
                        self.send_header(key, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


def self_signed_certificate(target: Path, subject: str = "DNS:localhost") -> Path:
    """A key and a certificate that nobody vouches for, both in ``target``; ``subject`` is its alternative name."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=proxy.contoso.example",
                "-addext",
                f"subjectAltName={subject}",
                "-keyout",
                key,
                "-out",
                certificate,
            ],
            check=True,
            capture_output=True,
        )
        target.write_bytes(key.read_bytes() + certificate.read_bytes())
    return target
