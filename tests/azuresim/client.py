"""A simulated Azure from the outside: start the process, choose scenarios, set faults, read what was asked of it."""
from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_START_SECONDS = 180  # the first start may install Azurite
_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Workspace:
    """One simulated workspace, for one test alone. ``names`` holds all its names (see ``scenario.Names``)."""

    simulator: SimulatedAzure
    name: str
    names: dict[str, str]

    @property
    def resource_group(self) -> str:
        """The workspace's resource group."""
        return self.names["resource_group"]

    @property
    def arguments(self) -> list[str]:
        """``-g`` and ``-w``, as az takes them."""
        return ["-g", self.resource_group, "-w", self.name]

    def faults(self, *faults: dict[str, Any]) -> None:
        """Replace this workspace's faults (see ``faults.Fault``); none: as healthy as its scenario."""
        self.simulator.control("PUT", f"/faults/{self.name}", list(faults))

    def change(self, **document: Any) -> None:
        """Let something happen: states change, logs grow (see README.md)."""
        self.simulator.control("POST", f"/scenarios/{self.name}/changes", document)

    def requests(self) -> list[dict[str, Any]]:
        """The requests so far that were about this workspace, in the order of arrival."""
        return list(self.simulator.control("GET", f"/requests?workspace={self.name}"))


class SimulatedAzure:
    """A running simulator. ``started`` is the line it printed: addresses, CA, identity (see README.md)."""

    def __init__(self, folder: Path, *options: str) -> None:
        """Start it, with ``folder`` as its state and further command-line ``options``; RuntimeError if it fails."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.azuresim", "--state-dir", str(folder), "--until-stdin-closes", *options],
            cwd=_REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        watchdog = threading.Timer(_START_SECONDS, self._process.kill)
        watchdog.start()
        line = self._process.stdout.readline()
        watchdog.cancel()
        if not line:
            raise RuntimeError(f"The simulated Azure did not start (exit code {self._process.wait()}).")
        self.started: dict[str, Any] = json.loads(line)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def stop(self) -> None:
        """End the process and its Azurite."""
        self._process.terminate()
        self._process.communicate(timeout=20)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One request of the control API; ValueError with its message when it is refused."""
        request = urllib.request.Request(self.started["control"] + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]) from None

    def scenario(self, extends: str, name: str | None = None, **changes: Any) -> Workspace:
        """A fresh workspace from a scenario, with ``changes`` merged over its document; its name is new by default."""
        with self._lock:
            name = name or f"{extends}-{next(self._numbers)}"
        names = self.control("PUT", f"/scenarios/{name}", {"extends": extends, **changes})
        return Workspace(self, name, names)

    def faults_everywhere(self, *faults: dict[str, Any]) -> None:
        """Replace the faults that hold for every request, also those about no workspace (login, subscriptions)."""
        self.control("PUT", "/faults/*", list(faults))
