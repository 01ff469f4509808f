"""The list of documented failures names only findings that exist, and every finding of a cause has its page."""
from __future__ import annotations

import re
from pathlib import Path

from azext_mltrouble.diagnosis.knowledge import load

DOCS = Path(__file__).parents[2] / "docs"


def test_the_documented_failures_point_to_findings_that_exist() -> None:
    text = (DOCS / "coverage.md").read_text("utf-8")
    named = set(re.findall(r"codes/(MLT\d{4})\.md", text))
    assert named
    assert named - {entry.code for entry in load().entries} == set()


def test_every_documented_failure_is_recognised_or_has_its_reason() -> None:
    lines = (DOCS / "coverage.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if re.match(r"\| [a-z0-9]+-", line)]
    recognised = [row for row in rows if len(row) == 4]
    left_out = [row for row in rows if len(row) == 2]
    assert len(rows) == len(recognised) + len(left_out) == 271
    assert [row[0] for row in recognised if "MLT" not in row[2]] == []
    assert [row[0] for row in left_out if not row[1]] == []
