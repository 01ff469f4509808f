"""The real ``az``, run as a subprocess against a simulated Azure with a private configuration."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .client import SimulatedAzure

CLOUD = "AzureSimulated"


@dataclass(frozen=True)
class Result:
    """What one run of az gave."""

    command: str
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output as JSON; AssertionError with everything else when it is none."""
        try:
            return json.loads(self.stdout)
        except ValueError:
            raise AssertionError(f"no JSON from: {self.command}\nexit code {self.code}\nstdout: {self.stdout}\n"
                                 f"stderr: {self.stderr}") from None


def executable() -> Path:
    """The az under test: ``MLTROUBLE_AZ``, else the one beside this interpreter, else the one on the PATH.

    Raises FileNotFoundError when there is none.
    """
    own = os.environ.get("MLTROUBLE_AZ")
    beside = Path(sys.executable).with_name("az")
    found = own or (str(beside) if beside.exists() else shutil.which("az"))
    if not found:
        raise FileNotFoundError("There is no az: install azure-cli, or set MLTROUBLE_AZ.")
    return Path(found)


class AzHarness:
    """az with its own configuration, cloud and login; the user's own stay untouched.

    ``extensions`` is the AZURE_EXTENSION_DIR to use (``MLTROUBLE_EXTENSION_DIR``, or an empty one).
    """

    def __init__(self, simulator: SimulatedAzure, folder: Path, az: Path | None = None,
                 extensions: Path | None = None) -> None:
        self.simulator = simulator
        self.folder = folder
        self.az = az or executable()
        own = os.environ.get("MLTROUBLE_EXTENSION_DIR")
        self.extensions = extensions or (Path(own) if own else folder / "extensions")
        self.extensions.mkdir(parents=True, exist_ok=True)
        (folder / "home").mkdir(parents=True, exist_ok=True)
        self.environment = self._environment()

    def _environment(self) -> dict[str, str]:
        started = self.simulator.started
        kept = {key: value for key, value in os.environ.items()
                if key in ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT") or key.startswith("COVERAGE_")}
        return {
            **kept,
            "HOME": str(self.folder / "home"),
            "AZURE_CONFIG_DIR": str(self.folder / "azure"),
            "AZURE_EXTENSION_DIR": str(self.extensions),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_SURVEY_MESSAGE": "false",
            "AZURE_CORE_NO_COLOR": "true",
            "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
            "REQUESTS_CA_BUNDLE": started["ca"],
            "NO_PROXY": "127.0.0.1",
            "PYTHONWARNINGS": "ignore",
            # App Service's managed identity, as msal looks for it, and (MSI_*) msrestazure in older az
            "IDENTITY_ENDPOINT": started["identityEndpoint"], "IDENTITY_HEADER": started["identityHeader"],
            "MSI_ENDPOINT": started["identityEndpoint"], "MSI_SECRET": started["identityHeader"],
            "APPSETTING_WEBSITE_SITE_NAME": "azuresim",
        }

    def login(self) -> AzHarness:
        """Register the simulated cloud and log in with the managed identity; AssertionError if az refuses."""
        self.must("cloud", "register", "--name", CLOUD,
                  "--endpoint-resource-manager", self.simulator.started["arm"],
                  "--endpoint-management", "https://management.core.windows.net/",
                  "--endpoint-active-directory", "https://login.microsoftonline.com",
                  "--endpoint-active-directory-resource-id", "https://management.core.windows.net/",
                  "--endpoint-active-directory-graph-resource-id", "https://graph.windows.net/",
                  "--suffix-storage-endpoint", "core.windows.net", "--suffix-keyvault-dns", ".vault.azure.net",
                  "--suffix-acr-login-server-endpoint", ".azurecr.io")
        self.must("cloud", "set", "--name", CLOUD)
        self.must("login", "--identity")
        return self

    def run(self, *arguments: str, stdin: str | bytes | None = None, timeout: float = 120,
            **environment: str) -> Result:
        """Run ``az`` with these arguments and more ``environment``; stdin is closed when None is given."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run([str(self.az), *arguments], env={**self.environment, **environment}, cwd=self.folder,
                              input=data or b"", capture_output=True, timeout=timeout, check=False)
        return Result("az " + " ".join(arguments), done.returncode, done.stdout.decode("utf-8", "replace"),
                      done.stderr.decode("utf-8", "replace"))

    def must(self, *arguments: str, **options: Any) -> Result:
        """As ``run``; AssertionError with everything az said when its exit code is not 0."""
        result = self.run(*arguments, **options)
        assert result.code == 0, f"{result.command}\nexit code {result.code}\n{result.stdout}\n{result.stderr}"
        return result
