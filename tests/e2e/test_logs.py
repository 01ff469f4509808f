"""``diagnose --log``: without any login, from files and from standard input, whatever is in them."""
from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.e2e.trouble import Trouble, said

CRASH = """\
2026-11-20T09:14:03,121 | root | INFO | Starting up app insight hooks
Exception in worker process
Traceback (most recent call last):
  File "/var/azureml-app/main.py", line 4, in <module>
    from sklearn.linear_model import Ridge
ModuleNotFoundError: No module named 'sklearn'
Worker exiting (pid: 41)
"""
BUILD = """\
Step 9/15 : RUN pip install -r requirements.txt
Collecting nosuchpackage==9.9.9
ERROR: Could not find a version that satisfies the requirement nosuchpackage==9.9.9 (from versions: none)
ERROR: No matching distribution found for nosuchpackage==9.9.9
The command '/bin/sh -c pip install -r requirements.txt' returned a non-zero code: 1
"""


def test_a_file_needs_no_login(stranger: Trouble, tmp_path: Path) -> None:
    log = tmp_path / "container.log"
    log.write_text(CRASH)
    report = stranger.report("--log", str(log))
    assert report["verdict"] == "failed"
    assert report["failedStage"] == "launch"
    assert report["target"]["kind"] == "log"
    proof = report["rootCause"]["evidence"][0]
    assert proof["text"] == "ModuleNotFoundError: No module named 'sklearn'"
    assert proof["line"] == 6
    assert "container.log" in proof["source"]


def test_standard_input(stranger: Trouble) -> None:
    report = stranger.report("--log", "-", stdin=BUILD)
    assert report["failedStage"] == "image"
    assert "nosuchpackage==9.9.9" in report["rootCause"]["evidence"][0]["text"]


def test_several_files_are_one_diagnosis(stranger: Trouble, tmp_path: Path) -> None:
    (tmp_path / "build.log").write_text(BUILD)
    (tmp_path / "container.log").write_text(CRASH)
    report = stranger.report("--log", str(tmp_path / "build.log"), str(tmp_path / "container.log"))
    assert report["failedStage"] == "image"  # the earliest sufficient cause
    assert len(report["findings"]) >= 2


def test_the_table_answers_at_a_glance(stranger: Trouble, tmp_path: Path) -> None:
    log = tmp_path / "container.log"
    log.write_text(CRASH)
    table = said(stranger.table("diagnose", "--log", str(log)))
    report = stranger.report("--log", str(log))
    assert report["rootCause"]["title"] in table
    assert report["rootCause"]["code"] in table
    assert "launch" in table
    assert report["rootCause"]["remedy"]["text"][:40] in table


def test_a_healthy_log_is_not_called_broken(stranger: Trouble) -> None:
    report = stranger.report("--log", "-", stdin="Server initialized\n127.0.0.1 - GET /score 200\n")
    assert report["verdict"] in ("healthy", "unknown")
    assert report["rootCause"] is None


def test_no_match_is_said_plainly_with_commands_to_go_on(stranger: Trouble) -> None:
    report = stranger.report("--log", "-", stdin="ERROR: something entirely new has gone wrong\n")
    assert report["verdict"] == "unknown"
    assert report["rootCause"] is None
    assert report["nextSteps"]


def test_invalid_utf8_is_read_around(stranger: Trouble, tmp_path: Path) -> None:
    log = tmp_path / "latin.log"
    log.write_bytes(b"caf\xe9 \x80\xff\xfe\n" + CRASH.encode() + b"\xc3\n")
    assert stranger.report("--log", str(log))["failedStage"] == "launch"


def test_terminal_escapes_do_not_reach_the_terminal(stranger: Trouble, tmp_path: Path) -> None:
    log = tmp_path / "hostile.log"
    log.write_text("\x1b]0;owned\x07\x1b[2J" + CRASH.replace("No module", "\x1b[31mNo module\x1b[0m") + "\u202etxt\n")
    report = stranger.report("--log", str(log))
    assert report["failedStage"] == "launch"
    assert "\\u001b" not in stranger.run("diagnose", "--log", str(log)).stdout
    stranger.table("diagnose", "--log", str(log))


def test_secrets_of_a_log_are_masked_and_counted(stranger: Trouble) -> None:
    log = (
        "ERROR upload to https://acct.blob.core.windows.net/c/b?sv=2020-08-04&sr=b&sig=abcdEFGH1234abcdEFGH1234abcd%3D\n"
        "ERROR refused: authorization: Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0ZXN0In0.c2lnbmF0dXJl\n"
    )
    report = stranger.report("--log", "-", stdin=log)
    assert sum(report["redactions"].values()) >= 2


@pytest.mark.parametrize(
    ("name", "content"), [("empty.log", b""), ("binary.log", bytes(range(256)) * 64 + b"\0" * 4096)], ids=str
)
def test_a_log_without_text_is_a_clear_error(stranger: Trouble, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert name in stranger.refused("diagnose", "--log", str(tmp_path / name))


def test_empty_standard_input_is_a_clear_error(stranger: Trouble) -> None:
    stranger.refused("diagnose", "--log", "-", stdin="")


@pytest.mark.parametrize("path", ["missing.log", "."])
def test_a_log_that_cannot_be_opened_is_a_clear_error(stranger: Trouble, tmp_path: Path, path: str) -> None:
    stranger.refused("diagnose", "--log", str(tmp_path / path))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read every file")
def test_a_log_without_the_right_to_read_is_a_clear_error(stranger: Trouble, tmp_path: Path) -> None:
    log = tmp_path / "private.log"
    log.write_text(CRASH)
    log.chmod(0)
    assert "private.log" in stranger.refused("diagnose", "--log", str(log))


def test_a_log_of_one_gigabyte_is_answered_from_its_telling_parts(stranger: Trouble, tmp_path: Path) -> None:
    log = tmp_path / "huge.log"
    filler = b"2026-11-20T09:14:03 | root | INFO | 200 | request served\n" * 20_000
    with log.open("wb") as file:
        file.write(CRASH.encode())
        while file.tell() < 1 << 30:
            file.write(filler)
        file.write(CRASH.encode())
    started = time.monotonic()
    report = stranger.report("--log", str(log), timeout=300)
    print(f"1 GiB diagnosed in {time.monotonic() - started:.1f} s")
    log.unlink()
    assert report["failedStage"] == "launch"


def test_a_sparse_gigabyte_of_nothing_is_a_clear_error(stranger: Trouble, tmp_path: Path) -> None:
    log = tmp_path / "sparse.log"
    with log.open("wb") as file:
        file.truncate(1 << 30)
    assert "sparse.log" in stranger.refused("diagnose", "--log", str(log), timeout=300)


def test_one_endless_line_is_answered(stranger: Trouble, tmp_path: Path) -> None:
    log = tmp_path / "line.log"
    log.write_bytes(b"(" * 30_000_000 + b"\n" + CRASH.encode())
    report = stranger.report("--log", str(log), timeout=120)
    assert report["failedStage"] == "launch"
    assert max(len(line["text"]) for finding in report["findings"] for line in finding["evidence"]) < 5_000
