"""The Docker side of the lab: its engine, its base image and registries that refuse.

The base image is a minimal Debian with a Python, made from a directory tree: nothing is pulled from anywhere.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.lab.bench import Bench, free_port, stop, version_of, wait_for
from tests.lab.environments import CACHE, EnvironmentMissing, find_python

BASE = "contosoml.azurecr.io/base/python:3.10"
REGISTRY = "contosoml.azurecr.io"

#: A client that has both builders inside (before 23.0), and the newest one here.
CLIENT = os.environ.get("MLTROUBLE_LAB_DOCKER", "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "docker")
NEW_CLIENT = shutil.which("docker") or "docker"


def engine(bench: Bench) -> None:
    """Make sure that the engine answers and the base image is in it; record their versions."""
    said = subprocess.run(
        [CLIENT, "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True, check=False
    )
    if said.returncode:
        raise EnvironmentMissing("no Docker engine answers")
    bench.software["docker-engine"] = said.stdout.strip()
    bench.software["docker-client"] = version_of([CLIENT, "--version"])
    with contextlib.suppress(EnvironmentMissing):  # its compiler flags name the place where it was built
        bench.places[str(Path(os.path.realpath(find_python("3.10"))).parent.parent)] = "/usr/local"
    if subprocess.run([CLIENT, "image", "inspect", BASE], capture_output=True, check=False).returncode:
        import_base()


def import_base() -> None:
    """Make the base image: debootstrap's smallest Debian, with a copy of a Python 3.10 in /usr/local."""
    tree = CACHE / "rootfs"
    if not tree.exists():
        python = Path(os.path.realpath(find_python("3.10"))).parent.parent
        mirror = os.environ.get("MLTROUBLE_LAB_DEBIAN", "")
        libraries = "ca-certificates,libsqlite3-0,libssl3,libffi8,zlib1g,libbz2-1.0,liblzma5,libreadline8,libncursesw6"
        subprocess.run(
            [
                "debootstrap",
                "--variant=minbase",
                f"--include={libraries}",
                "bookworm",
                tree,
                *([mirror] if mirror else []),
            ],
            check=True,
            capture_output=True,
        )
        subprocess.run(["cp", "-a", f"{python}/.", tree / "usr/local"], check=True)
        for script in (tree / "usr/local/bin").glob("pip*"):
            lines = script.read_text().splitlines(keepends=True)
            script.write_text("".join(["#!/usr/local/bin/python3.10\n", *lines[1:]]))
        for start_up in (tree / "usr/local").rglob("site-packages/*.pth"):
            start_up.unlink()
        subprocess.run(["chroot", tree, "ldconfig"], check=True)
    with tempfile.TemporaryFile() as archive:
        subprocess.run(["tar", "-C", tree, "-c", "."], stdout=archive, check=True)
        archive.seek(0)
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        change = f"ENV PATH={path} LANG=C.UTF-8 PIP_DISABLE_PIP_VERSION_CHECK=1"
        subprocess.run(
            [CLIENT, "import", "--change", change, "-", BASE], stdin=archive, check=True, capture_output=True
        )


def build(bench: Bench, dockerfile: str | None, *options: str, kit: bool = False) -> int:
    """``docker build`` of the working directory, with the classic builder or BuildKit."""
    engine(bench)
    if dockerfile is not None:
        bench.write("Dockerfile", dockerfile)
    plain = ["--progress=plain"] if kit else []
    tag = f"{REGISTRY}/azureml/azureml_{bench.dir.name}"
    command = [CLIENT, "build", *plain, "--no-cache", "--network", "host", "-t", tag, *options, "."]
    try:
        return bench.run(command, {"DOCKER_BUILDKIT": "1" if kit else "0"}, seconds=300)
    finally:
        subprocess.run([CLIENT, "rmi", "-f", tag], capture_output=True, check=False)


def run(bench: Bench, dockerfile: str, *options: str, command: tuple[str, ...] = ()) -> int:
    """Build an image without keeping that output, then ``docker run`` it and keep that."""
    engine(bench)
    bench.write("Dockerfile", dockerfile)
    tag = f"{REGISTRY}/azureml/azureml_{bench.dir.name}"
    before = bench.raw
    quiet = {"DOCKER_BUILDKIT": "0"}
    if bench.run([CLIENT, "build", "-q", "--network", "host", "-t", tag, "."], quiet, seconds=300):
        raise EnvironmentMissing(f"the image of {bench.dir.name} cannot be built: {bench.raw[-2000:]}")
    bench.forget()
    bench.say(before)
    try:
        return bench.run([CLIENT, "run", "--rm", "--network", "none", *options, tag, *command], seconds=60)
    finally:
        subprocess.run([CLIENT, "rmi", "-f", tag], capture_output=True, check=False)


@contextlib.contextmanager
def refusing_registry(
    bench: Bench,
    status: int,
    error: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
    certificate: Path | None = None,
    host: str = "127.0.0.1",
) -> Iterator[str]:
    """A registry that answers everything with ``status`` and an error document; yields its host and port."""
    body = json.dumps({"errors": [dict(error)]}).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for key, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(key, value)
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_POST = do_PUT = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer((host, 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    address = f"{host}:{server.server_address[1]}"
    neutral(bench, address)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def empty_registry(bench: Bench) -> Iterator[str]:
    """A real registry with nothing in it; yields its host and port."""
    port = free_port()
    address = f"localhost:{port}"
    neutral(bench, address)
    config = bench.write(
        "registry.yml",
        f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {bench.dir}/registry\nhttp:\n  "
        f"addr: 127.0.0.1:{port}\n",
    )
    bench.software["docker-registry"] = version_of(["docker-registry", "--version"])
    process = subprocess.Popen(
        ["docker-registry", "serve", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(port, process, 20)
        config.unlink()
        yield address
    finally:
        stop(process)


def neutral(bench: Bench, address: str) -> None:
    """Show the registry at ``address`` as one in Azure."""
    bench.places.update({address: REGISTRY, f"http://{address}": f"https://{REGISTRY}"})
