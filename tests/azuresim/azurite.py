"""Azurite, Microsoft's storage emulator: where the build logs of the simulated Azure lie, behind real SAS addresses."""
from __future__ import annotations

import base64
import os
import re
import secrets
import shutil
import subprocess
import threading
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

VERSION = "3.35.0"  # the newest that runs on Node 18 and 20
ACCOUNT = "simulated"
_START_SECONDS = 60
_EXIT_WITH_PARENT = Path(__file__).with_name("exit_with_parent.js")


class AzuriteMissing(RuntimeError):
    """Azurite can neither be found nor installed; the text says what is missing."""


def default_folder() -> Path:
    """Where Azurite is installed once for all runs: ``MLTROUBLE_AZURITE`` or the repository's ``.work``."""
    own = os.environ.get("MLTROUBLE_AZURITE")
    return Path(own) if own else Path(__file__).resolve().parents[2] / ".work" / "azurite"


def install(folder: Path) -> Path:
    """The start script of Azurite in ``folder``, installed by npm if it is not there; AzuriteMissing if impossible."""
    script = folder / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    if script.exists():
        return script
    npm = shutil.which("npm")
    if npm is None:
        raise AzuriteMissing("Azurite needs Node.js 18 or newer with npm, which is not on the PATH.")
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), f"azurite@{VERSION}"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0 or not script.exists():
        raise AzuriteMissing(f"npm could not install Azurite: {done.stderr.strip()[-500:]}")
    return script


class Azurite:
    """A running Azurite with one account of its own. ``url`` is its blob address, without the account."""

    def __init__(self, folder: Path, state: Path) -> None:
        """Starts it, data in memory; raises AzuriteMissing if it cannot be installed or does not start."""
        script = install(folder)
        node = shutil.which("node")
        if node is None:
            raise AzuriteMissing("Azurite needs Node.js, which is not on the PATH.")
        self._key = base64.b64encode(secrets.token_bytes(64)).decode()
        state.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [node, "--require", str(_EXIT_WITH_PARENT), str(script), "--blobPort", "0",
             "--inMemoryPersistence", "--disableTelemetry", "--silent", "--skipApiVersionCheck"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=state,
            env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{self._key}"})
        from azure.storage.blob import BlobServiceClient  # while Azurite starts

        self.url = self._await_address()
        self._client = BlobServiceClient(f"{self.url}/{ACCOUNT}",
                                         credential={"account_name": ACCOUNT, "account_key": self._key})
        threading.Thread(target=self._drain, daemon=True).start()

    def _await_address(self) -> str:
        assert self._process.stdout is not None
        said = []
        watchdog = threading.Timer(_START_SECONDS, self._process.kill)
        watchdog.start()
        for line in self._process.stdout:
            said.append(line)
            found = re.search(r"listens on (http://\S+)", line)
            if found:
                watchdog.cancel()
                return found[1]
        raise AzuriteMissing("Azurite did not start: " + "".join(said)[-500:])

    def _drain(self) -> None:
        assert self._process.stdout is not None
        for _ in self._process.stdout:
            pass

    def upload(self, container: str, blobs: dict[str, str]) -> None:
        """Put texts under their names into a container, which is made if it is not there."""
        from azure.core.exceptions import ResourceExistsError

        client = self._client.get_container_client(container)
        with suppress(ResourceExistsError):
            client.create_container()
        for name, text in blobs.items():
            client.upload_blob(name, text.encode("utf-8", "surrogateescape"), overwrite=True)

    def sign(self, container: str, blob: str, seconds: float) -> str:
        """The path and query of a read-only address that holds for ``seconds`` from now (negative: has expired)."""
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas

        expiry = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        sas = generate_blob_sas(ACCOUNT, container, blob, account_key=self._key,
                                permission=BlobSasPermissions(read=True), start=expiry - timedelta(days=1),
                                expiry=expiry)
        return f"/{ACCOUNT}/{container}/{blob}?{sas}"

    def stop(self) -> None:
        """End the process; it has nothing to save."""
        self._process.kill()
        self._process.wait()
