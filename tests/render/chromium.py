"""Drives a headless Chromium over the DevTools protocol."""
from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

EXECUTABLE = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
_SECONDS_TO_START = 60
_SECONDS_TO_ANSWER = 60


class Page:
    """One tab. ``events`` holds what the browser reported since the page was opened."""

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._connection = connection
        self._last_id = 0
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a DevTools command; AssertionError when the browser refuses it."""
        self._last_id += 1
        self._connection.send(json.dumps({"id": self._last_id, "method": method, "params": params}))
        while True:
            message = self._receive()
            if message.get("id") == self._last_id:
                assert "error" not in message, message
                return dict(message["result"])

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._connection.recv())
        if "method" in message:
            self.events.append(message)
        return message

    def open(self, path: Path, width: int, dark: bool = False, media: str = "screen") -> None:
        """Shows a file and waits until it is loaded. Events of earlier pages are forgotten."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.events.clear()
        self.send("Page.navigate", url=path.as_uri())
        while "Page.loadEventFired" not in self.reported():
            self._receive()

    def reported(self) -> list[str]:
        return [event["method"] for event in self.events]

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """A mouse click into the middle of the first element that matches."""
        x, y = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def pdf(self) -> bytes:
        """The printed page."""
        return base64.b64decode(self.send("Page.printToPDF")["data"])


@contextmanager
def running_page(profile: Path) -> Iterator[Page]:
    """A page of a Chromium that runs for as long as the context does; ``profile`` is an empty folder."""
    assert EXECUTABLE
    command = [EXECUTABLE, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with open(profile / "stderr", "wb") as errors:
        process = subprocess.Popen(command, stdout=errors, stderr=errors, start_new_session=True)
    try:
        connection = websocket.create_connection(
            _page_address(profile, process), timeout=_SECONDS_TO_ANSWER, suppress_origin=True
        )
        try:
            yield Page(connection)
        finally:
            connection.close()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _page_address(profile: Path, process: subprocess.Popen[bytes]) -> str:
    port_file = profile / "DevToolsActivePort"
    deadline = time.monotonic() + _SECONDS_TO_START
    while not (port_file.exists() and port_file.read_text().count("\n")):
        assert process.poll() is None, (profile / "stderr").read_text(errors="replace")
        assert time.monotonic() < deadline, "Chromium did not start"
        time.sleep(0.05)
    port, path = port_file.read_text().splitlines()[:2]
    browser = websocket.create_connection(
        f"ws://127.0.0.1:{port}{path}", timeout=_SECONDS_TO_ANSWER, suppress_origin=True
    )
    try:
        browser.send(json.dumps({"id": 1, "method": "Target.createTarget", "params": {"url": "about:blank"}}))
        while True:
            answer = json.loads(browser.recv())
            if answer.get("id") == 1:
                return f"ws://127.0.0.1:{port}/devtools/page/{answer['result']['targetId']}"
    finally:
        browser.close()
