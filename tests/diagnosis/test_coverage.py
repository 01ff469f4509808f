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
    rows = [line.split("|")[1:-1] for line in (DOCS / "coverage.md").read_text("utf-8").splitlines() if line[:3] == "| v"]
    assert rows
    assert [row[0].strip() for row in rows if not row[-1].strip() or (len(row) == 4 and "MLT" not in row[2])] == []
