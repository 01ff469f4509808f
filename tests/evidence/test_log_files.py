"""Logs that the user names: files, pipes and standard input, and what is no log."""
from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import AzCLIError, FileOperationError, InvalidArgumentValueError

from azext_mltrouble.evidence.log_files import evidence_of_logs


def give(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def refused(paths: list[str], kind: type[AzCLIError]) -> str:
    with pytest.raises(kind) as error:
        evidence_of_logs(paths)
    assert error.value.recommendations
    return str(error.value) + "\n".join(error.value.recommendations)


def test_files_are_logs_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"one\n\xff\n")
    (tmp_path / "b.log").write_bytes(b"two\n")
    paths = [str(tmp_path / "a.log"), str(tmp_path / "b.log")]
    evidence = evidence_of_logs(paths)
    assert [(log.source, log.where) for log in evidence.logs] == [(paths[0], None), (paths[1], None)]
    for _ in range(2):
        with evidence.logs[0].open() as stream:
            assert stream.read() == b"one\n\xff\n"
    assert (evidence.target.kind, evidence.target.name) == ("log", "a.log, b.log")
    assert evidence.facts == {}
    assert evidence.observations == []
    assert evidence.collected_at is None


def test_standard_input_is_read_from_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"".join(b"line %d\n" % number for number in range(50_000))
    give(monkeypatch, data)
    (log,) = evidence_of_logs(["-"]).logs
    assert log.source == "standard input"
    with log.open() as stream:
        assert stream.readline() == b"line 0\n"
        assert b"line 0\n" + stream.read() == data


def test_standard_input_can_be_named_once() -> None:
    assert "once" in refused(["-", "-"], InvalidArgumentValueError)


def test_without_standard_input_a_file_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    refused(["-"], FileOperationError)


@pytest.mark.skipif(os.name == "nt", reason="no named pipes")
def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"through a pipe\n" * 10_000))
    writer.start()
    (log,) = evidence_of_logs([str(pipe)]).logs
    with log.open() as stream:
        assert stream.read() == b"through a pipe\n" * 10_000
    writer.join()


@pytest.mark.parametrize("content", [b"", b"\n \t\r\n"])
def test_an_empty_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    (tmp_path / "empty.log").write_bytes(content)
    assert "empty.log" in refused([str(tmp_path / "empty.log")], InvalidArgumentValueError)
    give(monkeypatch, content)
    refused(["-"], InvalidArgumentValueError)


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"\x7fELF" + bytes(2000), "text"),
        (bytes(range(256)) * 64, "text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(128)) * 9, "text"),
        (b"\x1f\x8b\x08\x00 and so on", "gunzip"),
        (b"PK\x03\x04 and so on", "--bundle"),
    ],
    ids=["elf", "all bytes", "png", "gzip", "zip"],
)
def test_a_binary_file_is_refused(tmp_path: Path, content: bytes, advice: str) -> None:
    (tmp_path / "binary.log").write_bytes(content)
    assert advice in refused([str(tmp_path / "binary.log")], InvalidArgumentValueError)


@pytest.mark.parametrize(
    "content",
    [
        "Größe: ModuleNotFoundError".encode("utf-16"),
        "ModuleNotFoundError: no module".encode("utf-16-le"),
        "ModuleNotFoundError: no module".encode("utf-16-be"),
        b"caf\xe9 \xff\xfe\x80\n" * 20,
        b"\x1b[31mred\x1b[0m\r 50%\b\b\b" * 20,
        b"one \0 in a long text" + b"." * 400,
    ],
    ids=["utf-16", "utf-16-le", "utf-16-be", "latin-1", "colours", "a zero"],
)
def test_text_in_any_state_is_taken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.log").write_bytes(content)
    with evidence_of_logs([str(tmp_path / "odd.log")]).logs[0].open() as stream:
        assert stream.read() == content


def test_what_cannot_be_read_is_a_clear_error(tmp_path: Path) -> None:
    assert "missing.log" in refused([str(tmp_path / "missing.log")], FileOperationError)
    assert "folder" in refused([str(tmp_path)], FileOperationError)
    refused(["a\0b"], FileOperationError)
    refused([""], FileOperationError)
    if os.name != "nt" and os.geteuid() != 0:
        (tmp_path / "private.log").write_bytes(b"x")
        (tmp_path / "private.log").chmod(0)
        refused([str(tmp_path / "private.log")], FileOperationError)


def test_of_a_large_file_only_the_start_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    with path.open("wb") as file:
        file.write(b"a line of text\n" * 10_000)
        file.truncate(1 << 30)
    (log,) = evidence_of_logs([str(path)]).logs
    with log.open() as stream:
        assert stream.read(6) == b"a line"
