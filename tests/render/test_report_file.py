from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError

from azext_mltrouble.render.report_file import check_report_path, write_report
from tests.render import report_factory as reports


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("r.html", "<!DOCTYPE html>"),
        ("r.sarif", '{\n  "$schema"'),
        ("r.xml", "<?xml"),
        ("r.md", "## Service"),
        ("R.HTML", "<!DOCTYPE html>"),
    ],
)
def test_the_suffix_chooses_the_format(tmp_path: Path, name: str, beginning: str) -> None:
    write_report(reports.failed(), str(tmp_path / name))
    assert (tmp_path / name).read_text("utf-8").startswith(beginning)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["report", "report.json", "report.html.gz", ".html"])
def test_another_suffix_is_refused_and_the_four_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidArgumentValueError) as caught:
        check_report_path(str(tmp_path / name))
    (recommendation,) = caught.value.recommendations
    assert all(suffix in recommendation for suffix in (".html", ".sarif", ".xml", ".md"))
    with pytest.raises(InvalidArgumentValueError):
        write_report(reports.failed(), str(tmp_path / name))
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_missing_is_an_az_error(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match="No such file or directory") as caught:
        write_report(reports.failed(), str(tmp_path / "missing" / "r.html"))
    assert caught.value.recommendations


def test_a_folder_in_the_way_is_an_az_error(tmp_path: Path) -> None:
    (tmp_path / "r.html").mkdir()
    with pytest.raises(FileOperationError, match="It is a folder"):
        write_report(reports.failed(), str(tmp_path / "r.html"))
    assert os.listdir(tmp_path) == ["r.html"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.md"
    path.write_text("old")

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(FileOperationError, match="No space left on device"):
        write_report(reports.failed(), str(path))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["r.md"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_permissions_of_the_old_file_stay_and_a_new_one_is_private(tmp_path: Path) -> None:
    old, new = tmp_path / "old.md", tmp_path / "new.md"
    old.write_text("old")
    old.chmod(0o644)
    write_report(reports.failed(), str(old))
    write_report(reports.failed(), str(new))
    assert stat.S_IMODE(old.stat().st_mode) == 0o644
    assert stat.S_IMODE(new.stat().st_mode) == 0o600


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real.md").write_text("old")
    (tmp_path / "link.md").symlink_to("real.md")
    write_report([reports.failed()], str(tmp_path / "link.md"))
    assert (tmp_path / "link.md").is_symlink()
    assert (tmp_path / "real.md").read_text("utf-8").startswith("## Service")
