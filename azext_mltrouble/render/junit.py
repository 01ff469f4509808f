"""The report as JUnit XML, for the test tabs of pipelines.

Checks and findings are test cases: a failed check and a finding fail, a check that could not run is skipped and says
why, and a mere remark (a warning of a check, a finding of severity info) passes with its text as output.
"""
from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from .text import clean, clip, one_line
from .wording import Report, all_findings, as_reports, checks, place, target_name

_QUOTE_LIMIT = 4000


def render_junit(result: Report | list[Report]) -> str:
    """A JUnit document with one test suite per report."""
    root = ET.Element("testsuites", name="mltrouble")
    suites = [_suite(root, report) for report in as_reports(result)]
    _count(root, suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(root: ET.Element, report: Report) -> ET.Element:
    suite = ET.SubElement(root, "testsuite", name=target_name(report))
    for stage, check in checks(report):
        _check(_case(suite, report, stage, check["title"], check["durationMs"]), check)
    for finding in all_findings(report):
        title = f"{finding['code']} {finding['title']}"
        _finding(_case(suite, report, finding["stage"], title, 0), finding)
    _count(suite, [suite])
    return suite


def _case(suite: ET.Element, report: Report, stage: str, title: str, milliseconds: int) -> ET.Element:
    return ET.SubElement(
        suite,
        "testcase",
        classname=f"{target_name(report)}.{one_line(stage)}",
        name=one_line(title),
        time=f"{milliseconds / 1000:.3f}",
    )


def _check(case: ET.Element, check: dict[str, Any]) -> None:
    status, detail = check["status"], one_line(check["detail"])
    if status == "failed":
        ET.SubElement(case, "failure", type="check", message=detail)
    elif status in ("unknown", "skipped"):
        ET.SubElement(case, "skipped", message=f"{status}: {detail}" if detail else status)
    elif detail:
        ET.SubElement(case, "system-out").text = f"{status}: {detail}"


def _finding(case: ET.Element, finding: dict[str, Any]) -> None:
    remedy = finding["remedy"]
    text = "\n".join(
        [
            *(f"{place(line)}: {clip(clean(line['text']), _QUOTE_LIMIT)}" for line in finding["evidence"]),
            one_line(remedy["text"]),
            *map(clean, remedy["commands"]),
        ]
    )
    if finding["severity"] == "info":
        ET.SubElement(case, "system-out").text = f"{one_line(finding['summary'])}\n{text}"
    else:
        failure = ET.SubElement(case, "failure", type=one_line(finding["code"]), message=one_line(finding["summary"]))
        failure.text = text


def _count(element: ET.Element, suites: list[ET.Element]) -> None:
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        element.set(attribute, str(sum(len(list(suite.iter(tag))) for suite in suites)))
    element.set("errors", "0")
    seconds = sum(float(case.get("time", "0")) for suite in suites for case in suite.iter("testcase"))
    element.set("time", f"{seconds:.3f}")
