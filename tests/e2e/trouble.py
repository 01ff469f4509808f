"""``az ml trouble``, run as a user runs it, and what must hold for every run whatever it is about."""
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema

from tests.azuresim.az import AzHarness, Result

WIDTH = 100
_SCHEMA = jsonschema.Draft202012Validator(json.loads(Path(__file__).with_name("report.schema.json").read_text("utf-8")))

#: Secrets as they look on the wire: access tokens, SAS signatures, and what the simulator plants.
SECRETS = re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}|[?&]sig=(?!\*)[\w%/+-]{8,}|obviously-not-a-real-password|PLANTED")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")


class Trouble:
    """The command group, in one harness."""

    def __init__(self, az: AzHarness) -> None:
        self.az = az

    def run(self, *arguments: str, **options: Any) -> Result:
        """One run, with what every run must keep: no traceback, no secret, nothing that controls the terminal."""
        result = self.az.run("ml", "trouble", *arguments, **options)
        assert "Traceback" not in result.stderr, result.stderr
        assert "unexpected error" not in result.stderr, result.stderr
        for text in (result.stdout, result.stderr):
            assert not SECRETS.search(text), f"a secret is shown: {SECRETS.search(text)}"
            assert not _CONTROLS.search(text), f"a control character is shown: {_CONTROLS.search(text)!r}"
        return result

    def report(self, *arguments: str, **options: Any) -> dict[str, Any]:
        """The report of ``diagnose`` with these arguments; exit code 0, the documented shape, and a quiet stderr."""
        result = self.run("diagnose", *arguments, **options)
        assert result.code == 0, result.stderr
        report = result.json
        check_report(report)
        return dict(report)

    def refused(self, *arguments: str, code: int = 1, **options: Any) -> str:
        """What az says on stderr about a run that must fail: an error, a recommendation, and nothing on stdout."""
        result = self.run(*arguments, **options)
        assert result.code == code, f"exit code {result.code}\n{result.stdout}\n{result.stderr}"
        assert result.stdout == ""
        lines = [line for line in result.stderr.splitlines() if not line.startswith("WARNING:")]
        assert lines[0].startswith("ERROR: "), result.stderr
        assert len(lines) > 1, f"no recommendation: {result.stderr}"
        return result.stderr

    def table(self, *arguments: str, **options: Any) -> str:
        """What ``-o table`` prints, which fits 100 columns."""
        result = self.run(*arguments, "-o", "table", **options)
        assert result.code == 0, result.stderr
        assert max(map(len, result.stdout.splitlines())) <= WIDTH, result.stdout
        return result.stdout


def check_shape(report: Any) -> None:
    """The documented shape."""
    _SCHEMA.validate(report)


def check_report(report: Any) -> None:
    """The documented shape, and what its parts promise to each other."""
    check_shape(report)
    codes = [finding["code"] for finding in report["findings"]]
    assert len(codes) == len(set(codes)), codes
    root = report["rootCause"]
    assert root is None or root in report["findings"]
    assert (report["verdict"] == "failed") <= (report["failedStage"] is not None)
    for stage in report["stages"]:
        for check in stage["checks"]:
            assert check["status"] != "unknown" or check["detail"], f"unknown without a reason: {check}"


def unread(report: dict[str, Any]) -> list[str]:
    """The ids of the checks that could not be made."""
    return [check["id"] for stage in report["stages"] for check in stage["checks"] if check["status"] == "unknown"]


def said(stdout: str) -> str:
    """A table's text as one line, so that wrapping does not matter."""
    return " ".join(stdout.split())
