"""The place where a producer works: a fresh directory, a clean environment, and a transcript of all that is said."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.lab.environments import Environment
from tests.lab.normalise import normalise

#: A short neutral path: some messages wrap or cut long ones.
ROOT = Path("/tmp/lab")
APP = "/var/azureml-app"

DEFAULT_SECONDS = 180.0


class Bench:
    """Runs programs for one case and keeps their output, in order, as one text."""

    def __init__(self, name: str) -> None:
        self.dir = ROOT / name
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)
        self.places: dict[str, str] = {str(self.dir): APP}
        self.software: dict[str, str] = {}
        self._parts: list[str] = []

    # -- what is there before the program runs ------------------------------------------------------------------

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> Path:
        """Create ``path`` below the working directory."""
        target = self.dir / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        target.chmod(mode)
        return target

    def use(self, environment: Environment, prefix: str = "/opt/venv") -> Environment:
        """Take a Python environment: its paths are made neutral and its versions recorded."""
        self.places.update({str(environment.prefix): prefix, str(environment.base): "/usr/local"})
        self.software.update(environment.software())
        return environment

    def environ(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a program: nothing of the caller's but the search path."""
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_CACHE_DIR": "1",
            "PYTHONUNBUFFERED": "1",
            **(extra or {}),
        }

    # -- running ------------------------------------------------------------------------------------------------

    def run(
        self,
        command: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        seconds: float = DEFAULT_SECONDS,
        cwd: Path | None = None,
        stdin: str | None = None,
    ) -> int:
        """Run ``command`` to its end (or kill it after ``seconds``); keep what it says; return its exit code."""
        with subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd or self.dir,
            env=self.environ(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                out, _ = process.communicate((stdin or "").encode(), timeout=seconds)
            except subprocess.TimeoutExpired:
                stop(process)
                out, _ = process.communicate()
        self.say(out.decode("utf-8", "replace"))
        return process.returncode

    @contextlib.contextmanager
    def background(
        self,
        command: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        port: int | None = None,
        keep: bool = True,
        seconds: float = 30.0,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run ``command`` while the block runs, waiting first until ``port`` answers or the process ends.

        With ``keep`` its output becomes part of the log when the block ends; it is stopped with SIGTERM.
        """
        output = self.dir.with_name(f"{self.dir.name}.out")
        with output.open("wb") as sink:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.dir,
                env=self.environ(env),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            if port is not None:
                wait_for(port, process, seconds)
            yield process
        finally:
            stop(process)
            if keep:
                self.say(output.read_text("utf-8", "replace"))
            output.unlink()

    def say(self, text: str) -> None:
        """Add ``text`` to the log."""
        self._parts.append(text)

    def forget(self) -> None:
        """Drop what was said so far: it was preparation."""
        self._parts.clear()

    @property
    def raw(self) -> str:
        """What was said so far, as it was said."""
        return "".join(self._parts)

    def text(self) -> str:
        """The log, made neutral."""
        return normalise(self.raw, self.places)

    def clean(self) -> None:
        """Remove the working directory."""
        shutil.rmtree(self.dir, ignore_errors=True)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children, politely first."""
    for sign, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether ``port`` answered before the process ended or ``seconds`` were over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def version_of(command: Sequence[str]) -> str:
    """The first version number that ``command`` prints."""
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+(?:\.\d+)+[\w.+~-]*", said.stdout + said.stderr)
    return found.group() if found else "unknown"


THIS_PYTHON = sys.executable
