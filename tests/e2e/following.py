"""A command that follows something, while it runs: its lines as they come, and Ctrl-C."""
from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from types import TracebackType

from tests.azuresim.az import AzHarness

_SECONDS = 60


class Following:
    """``az ml trouble ...`` in the background; stopped at the end of a ``with`` block."""

    def __init__(self, az: AzHarness, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [str(az.az), "ml", "trouble", *arguments],
            env=az.environment,
            cwd=az.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._coming: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Following:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def wait_for(self, text: str) -> None:
        """Until a line with ``text`` has come; AssertionError with everything said so far if none does."""
        deadline = time.monotonic() + _SECONDS
        while not any(text in line for line in self.lines):
            try:
                self.lines.append(self._coming.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"no line with {text!r} in {self.lines}") from None

    def interrupt(self) -> None:
        """Ctrl-C, as the terminal sends it to the whole process group."""
        os.killpg(self._process.pid, signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """The exit code and what was said on stderr, when the command has ended; the rest of its lines is there."""
        code = self._process.wait(timeout=_SECONDS)
        assert self._process.stderr is not None
        said = self._process.stderr.read()
        time.sleep(0.1)
        while not self._coming.empty():
            self.lines.append(self._coming.get())
        return code, said

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._coming.put(line.rstrip("\n"))
