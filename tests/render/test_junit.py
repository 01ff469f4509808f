from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from azext_mltrouble.render.junit import render_junit
from tests.render import report_factory as reports
from tests.render.hostile import hostile_text


def document(result: Any) -> ET.Element:
    """The parsed document, whose counts are those of its elements."""
    root = ET.fromstring(render_junit(result).encode("utf-8"))
    for element in (root, *root.findall("testsuite")):
        assert int(element.attrib["tests"]) == len(list(element.iter("testcase")))
        assert int(element.attrib["failures"]) == len(list(element.iter("failure")))
        assert int(element.attrib["skipped"]) == len(list(element.iter("skipped")))
    return root


def case(root: ET.Element, name: str) -> ET.Element:
    (found,) = (element for element in root.iter("testcase") if element.attrib["name"] == name)
    return found


@pytest.mark.parametrize("report", reports.every_kind())
def test_every_check_and_finding_is_a_case(report: dict[str, Any]) -> None:
    checks = sum(len(stage["checks"]) for stage in report["stages"])
    root = document(report)
    assert len(list(root.iter("testcase"))) == checks + len(report["findings"])


def test_checks_pass_fail_or_are_skipped_with_the_reason() -> None:
    root = document(reports.failed())
    assert len(case(root, "Image")) == 0
    failure = case(root, "Container state").find("failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("CrashLoopBackOff")
    skipped = case(root, "Key Vault access policies").find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"].startswith("unknown: 403 Forbidden.")
    assert case(root, "Build log").attrib == {"classname": "mysvc.image", "name": "Build log", "time": "1.310"}


def test_a_finding_fails_with_its_proof_and_fix() -> None:
    finding = case(
        document(reports.failed()), "MLT4103 A Python module that the entry script imports is not in the image"
    )
    failure = finding.find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "MLT4103"
    assert failure.text is not None
    assert "container log, line 43: ModuleNotFoundError" in failure.text
    assert "az ml trouble image build" in failure.text


def test_remarks_do_not_fail() -> None:
    remark = reports.finding(severity="info", title="Remark")
    stage = {"stage": "image", "status": "warning", "checks": [reports.check("Old image", "warning", "A year old.")]}
    root = document(reports.failed(rootCause=None, findings=[remark], stages=[stage]))
    assert root.attrib["failures"] == "0"
    assert case(root, "Old image").findtext("system-out") == "warning: A year old."


def test_a_suite_per_report() -> None:
    root = document([reports.failed(), reports.unknown()])
    assert [suite.attrib["name"] for suite in root] == ["mysvc", "build.log"]
    assert len(document([])) == 0


@given(hostile_text)
def test_any_text_is_well_formed(text: str) -> None:
    document(reports.filled_with(text))
