"""Asking before a file is replaced."""
from __future__ import annotations

from pathlib import Path

import pytest
from azure.cli.core.azclierror import FileOperationError, ManualInterrupt, NoTTYError
from knack import prompting

from azext_mltrouble.operations.files import make_sure_writable


def test_a_new_file_needs_no_question(tmp_path: Path) -> None:
    make_sure_writable(tmp_path / "new.zip", yes=False)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_replaced_with_yes(tmp_path: Path) -> None:
    (tmp_path / "old.zip").write_text("old")
    make_sure_writable(tmp_path / "old.zip", yes=True)


@pytest.mark.parametrize("answer", [True, False])
def test_an_existing_file_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    (tmp_path / "old.zip").write_text("old")
    monkeypatch.setattr(prompting, "prompt_y_n", lambda question, default: answer)
    if answer:
        make_sure_writable(tmp_path / "old.zip", yes=False)
    else:
        with pytest.raises(ManualInterrupt):
            make_sure_writable(tmp_path / "old.zip", yes=False)


def test_without_a_terminal_nothing_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(question: str, default: str) -> bool:
        raise prompting.NoTTYException

    (tmp_path / "old.zip").write_text("old")
    monkeypatch.setattr(prompting, "prompt_y_n", nobody)
    with pytest.raises(NoTTYError) as raised:
        make_sure_writable(tmp_path / "old.zip", yes=False)
    assert "--yes" in raised.value.recommendations[0]


@pytest.mark.parametrize("path", ["missing/new.zip", "."])
def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path, path: str) -> None:
    with pytest.raises(FileOperationError):
        make_sure_writable(tmp_path / path, yes=True)
