from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from knack.util import CommandResultItem

from azext_mltrouble.render.table import WIDTH, collect_table, diagnose_table
from azext_mltrouble.render.text import display_width
from tests.render import report_factory as reports
from tests.render.hostile import hostile_text, terminal_controls


def printed(result: Any, transformer: Any = diagnose_table) -> str:
    """What az prints for ``-o table``, by az's own code."""
    from azure.cli.core._output import AzOutputProducer

    item = CommandResultItem(result, table_transformer=transformer, is_query_active=False)
    return AzOutputProducer._FORMAT_DICT["table"](item)


def assert_fits(table: str) -> None:
    assert max(map(display_width, table.split("\n"))) <= WIDTH
    assert not terminal_controls(table.replace("\n", ""))


@pytest.mark.parametrize("report", reports.every_kind())
def test_every_report_fits(report: dict[str, Any]) -> None:
    assert_fits(printed(report))


def test_the_answer_comes_first() -> None:
    lines = printed(reports.failed()).splitlines()
    assert lines[0].split(maxsplit=1) == ["Verdict", "Failed at launch"]
    labels = [line.split()[0] for line in lines[2:] if not line.startswith(" ")]
    assert labels == ["Service", "Stages", "Cause", "Proof", "Fix", "Docs", "Also", "Checks", "Next", "Redacted"]


def test_cause_proof_fix_and_unknown_checks_are_told() -> None:
    table = printed(reports.failed())
    assert "launch FAILED" in table
    assert "MLT4103 A Python module that the entry script imports" in table
    assert "container log, line 43:" in table
    assert "           ModuleNotFoundError: No module named 'ruamel'\n" in table
    assert "az ml trouble image build --name mysvc" in table
    assert "unknown at access: Key Vault access policies: 403 Forbidden. Ask for the Reader role on" in table
    assert "3 secrets hidden (1 key, 2 sas)" in table


def test_healthy_says_so_and_nothing_else() -> None:
    table = printed(reports.healthy())
    assert "Verdict    Healthy" in table
    assert "Checks     6 passed" in table
    assert not {"Cause", "Fix", "Proof", "Next"} & set(table.split())


def test_unknown_gives_the_next_commands() -> None:
    table = printed(reports.unknown())
    assert "Verdict    No known cause found\n" in table
    assert "Next       az ml trouble image log --name mysvc\n" in table


def test_degraded_names_the_stage() -> None:
    assert printed(reports.degraded()).startswith("Verdict    Degraded at scale\n")


def test_many_findings_are_counted_not_listed() -> None:
    others = [reports.finding(code=f"MLT4{number}", title="Another") for number in range(100, 150)]
    table = printed(reports.failed(findings=[reports.finding(), *others]))
    assert "MLT4104 Another" in table
    assert "and 45 more: -o json --query findings" in table
    assert "MLT4105" not in table


def test_a_stage_and_its_status_stay_on_one_line() -> None:
    table = printed(reports.failed())
    for stage in reports.stages():
        status = "FAILED" if stage["status"] == "failed" else stage["status"]
        assert f"{stage['stage']} {status}" in table


def test_a_very_long_log_line_shows_its_end() -> None:
    quote = {"source": "container log", "line": 1, "text": "Traceback " + "x" * 100_000 + " KeyError: 'model'"}
    table = printed(reports.failed(rootCause=reports.finding(evidence=[quote])))
    assert_fits(table)
    assert "KeyError: 'model'" in table
    assert len(table) < 5000


def test_a_command_that_cannot_be_pasted_is_not_shown() -> None:
    command = "az rest --method get --url https://management.azure.com/" + "x" * 200
    table = printed(reports.failed(rootCause=reports.finding(remedy={"text": "Look.", "commands": [command]})))
    assert "az rest" not in table
    assert "-o tsv --query rootCause.remedy.commands" in table


def test_overview_has_a_row_per_deployment() -> None:
    table = printed([reports.failed(), reports.healthy(), reports.unknown()])
    assert_fits(table)
    lines = table.splitlines()
    assert lines[0].split()[:4] == ["Name", "State", "Verdict", "Stage"]
    assert lines[2].startswith("mysvc      Failed   failed     launch   MLT4103")
    command = table.split("not\n", 1)[1]
    assert "\n" + " " * 40 + "az ml trouble image build" in command
    assert any(line.split() == ["mysvc", "Healthy", "healthy"] for line in lines)


def test_overview_of_one_and_of_none() -> None:
    assert "mysvc" in printed([reports.failed()])
    assert diagnose_table([]) == []


def test_overview_of_a_remedy_without_commands_gives_its_text() -> None:
    remedy = {"text": "Ask for quota.", "commands": []}
    assert "Ask for quota." in printed([reports.failed(rootCause=reports.finding(remedy=remedy))])


@given(hostile_text)
def test_no_text_widens_the_table(text: str) -> None:
    report = reports.filled_with(text)
    assert_fits(printed(report))
    assert_fits(printed([report, reports.failed()]))


@given(st.text(st.characters(categories=["Lo", "So", "Mn"]), min_size=1))
def test_wide_text_fits(text: str) -> None:
    assert_fits(printed(reports.filled_with(text * 20)))


COLLECTED = {
    "path": "mysvc-evidence.zip",
    "sizeBytes": 123_456,
    "collected": ["workspace", {"source": "service", "detail": ""}],
    "absent": ["image"],
    "unavailable": [{"source": "key vault", "detail": "403 Forbidden. Ask for the Reader role."}],
    "redactions": {"sas": 1},
}


def test_collect_tells_what_is_missing_and_why() -> None:
    table = printed(COLLECTED, collect_table)
    assert_fits(table)
    assert "Written: 2 collected, 1 absent, 1 unread" in table
    assert "Path       mysvc-evidence.zip\n" in table
    assert "Size       120.6 KiB\n" in table
    assert "Unread     key vault: 403 Forbidden. Ask for the Reader role.\n" in table
    assert "1 secret hidden (1 sas)" in table


@given(hostile_text)
def test_collect_fits(text: str) -> None:
    result = {"path": text, "sizeBytes": 1, "collected": [text], "unavailable": [{"source": text, "detail": text}]}
    assert_fits(printed(result, collect_table))

