"""The batch form answers line by line and survives bad lines."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def batch(feed: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-S", "-m", "azext_mltrouble.diagnosis"]  # -S: without azure-cli or any other package
    return subprocess.run(command, input=feed, capture_output=True, cwd=ROOT, check=False)


def test_good_lines_are_answered_in_order_and_bad_ones_named() -> None:
    case = {"id": 1, "where": "container_log", "text": "ModuleNotFoundError: No module named 'lightgbm'"}
    lines = [json.dumps(case), "nope", "", '{"where": null}', '{"id": 3, "text": "\\ud800 fine \\udfff"}', '["x"]']
    run = batch("\n".join(lines).encode())
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert [(one["id"], one["verdict"]) for one in answers] == [(1, "failed"), (3, "unknown")]
    assert answers[0]["rootCause"]["evidence"][0]["line"] == 1
    assert [line.split(b":")[0] for line in run.stderr.splitlines()] == [b"line 2", b"line 4", b"line 6"]
    assert run.returncode == 1


def test_all_good_is_success() -> None:
    run = batch(b'{"id": "a", "where": "build_log", "text": "fine"}\n')
    assert (run.returncode, run.stderr) == (0, b"")
