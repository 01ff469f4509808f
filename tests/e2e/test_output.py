"""Every output format of az, the exit code, and the report files."""
from __future__ import annotations

import json
import xml.etree.ElementTree
from pathlib import Path

import pytest
import yaml

from tests.e2e.test_logs import CRASH
from tests.e2e.trouble import Trouble, check_report

QUIET = "Server initialized\n127.0.0.1 - GET /score 200\n"


@pytest.fixture
def log(tmp_path: Path) -> str:
    """A container log with one error."""
    path = tmp_path / "container.log"
    path.write_text(CRASH)
    return str(path)


@pytest.mark.parametrize("output", ["json", "jsonc", "yaml", "yamlc", "table", "tsv", "none"])
@pytest.mark.parametrize("fail_on", ["error", "warning", "never"])
def test_the_exit_code_comes_after_the_full_output(stranger: Trouble, log: str, output: str, fail_on: str) -> None:
    usual = stranger.run("diagnose", "--log", log, "-o", output)
    failing = stranger.run("diagnose", "--log", log, "-o", output, "--fail-on", fail_on)
    assert usual.code == 0
    assert failing.code == (0 if fail_on == "never" else 10)
    assert failing.stderr == usual.stderr
    assert failing.stdout == usual.stdout
    assert bool(usual.stdout) == (output != "none")


@pytest.mark.parametrize("fail_on", ["error", "warning"])
def test_nothing_found_is_exit_code_0(stranger: Trouble, fail_on: str) -> None:
    assert stranger.run("diagnose", "--log", "-", "--fail-on", fail_on, stdin=QUIET).code == 0


def test_fail_on_with_a_query_that_is_wrong_is_the_querys_error(stranger: Trouble, log: str) -> None:
    result = stranger.run("diagnose", "--log", log, "--fail-on", "error", "--query", "[")
    assert result.code not in (0, 10)
    assert result.stdout == ""


def test_yaml_is_the_same_report_as_json(stranger: Trouble, log: str) -> None:
    from_yaml = yaml.safe_load(stranger.run("diagnose", "--log", log, "-o", "yaml").stdout)
    check_report(from_yaml)
    assert _without_durations(from_yaml) == _without_durations(stranger.report("--log", log))


def test_tsv_gives_a_shell_what_it_asks_for(stranger: Trouble, log: str) -> None:
    query = "[[failedStage, rootCause.code, rootCause.confidence]]"
    line = stranger.run("diagnose", "--log", log, "--query", query, "-o", "tsv").stdout
    report = stranger.report("--log", log)
    root = report["rootCause"]
    assert line == f"{report['failedStage']}\t{root['code']}\t{root['confidence']}\n"


def test_a_query_reaches_into_the_report(stranger: Trouble, log: str) -> None:
    query = "findings[?severity=='error'].{code:code, line:evidence[0].line}"
    assert stranger.run("diagnose", "--log", log, "--query", query).json[0]["line"] == 6


def test_only_show_errors_hides_no_result(stranger: Trouble, log: str) -> None:
    quiet = stranger.run("diagnose", "--log", log, "--only-show-errors")
    assert quiet.stderr == ""
    check_report(quiet.json)


def test_report_files(stranger: Trouble, log: str, tmp_path: Path) -> None:
    files = {suffix: tmp_path / f"report{suffix}" for suffix in (".html", ".sarif", ".xml", ".md")}
    result = stranger.run("diagnose", "--log", log, "--report", *map(str, files.values()), "--fail-on", "error")
    assert result.code == 10
    code = result.json["rootCause"]["code"]
    assert all(code in file.read_text("utf-8") for file in files.values())
    assert json.loads(files[".sarif"].read_text("utf-8"))["version"] == "2.1.0"
    xml.etree.ElementTree.parse(files[".xml"])
    assert not [name for name in tmp_path.iterdir() if name.name.startswith(".")]


def test_an_existing_report_file_is_kept_without_yes(stranger: Trouble, log: str, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    report.write_text("mine")
    assert "--yes" in stranger.refused("diagnose", "--log", log, "--report", str(report))
    assert report.read_text() == "mine"
    assert stranger.run("diagnose", "--log", log, "--report", str(report), "--yes").code == 0
    assert report.read_text("utf-8") != "mine"


@pytest.mark.parametrize("report", ["report.txt", "missing/report.html"])
def test_a_report_file_that_cannot_be_is_refused_at_once(
    stranger: Trouble, log: str, tmp_path: Path, report: str
) -> None:
    stranger.refused("diagnose", "--log", log, "--report", str(tmp_path / report))
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix) == ["container.log"]


def _without_durations(report: dict) -> dict:  # type: ignore[type-arg]
    for stage in report["stages"]:
        for check in stage["checks"]:
            check["durationMs"] = 0
    return report
