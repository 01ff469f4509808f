"""Every kept log of the lab, diagnosed: the right cause, shown by a line that proves it; nothing on healthy ones."""

from __future__ import annotations

import pytest

from azext_mltrouble.diagnosis.engine import diagnose
from azext_mltrouble.evidence.model import Evidence, Log, Target
from tests.lab.case import Kept, kept_cases

#: How many lines a shown line may be away from a decisive one: messages wrap, tracebacks put the place above the error.
TOLERANCE = 1


@pytest.mark.parametrize("kept", kept_cases(), ids=lambda kept: f"{kept.cause}/{kept.name}")
def test_the_cause_is_found(kept: Kept) -> None:
    text = kept.log.read_bytes().decode("utf-8")
    log = Log.of_text(kept.log.name, kept.where, text)  # type: ignore[arg-type]
    report = diagnose(Evidence(target=Target(name=None, kind="log"), logs=[log])).to_dict()

    root = report["rootCause"]
    if kept.cause == "none":
        assert root is None, f"{root['cause']}: {root['evidence']}"
        return
    assert root is not None, "no cause found"
    assert root["cause"] == kept.cause, root["evidence"]

    decisive = kept.decisive_lines()
    shown = {line["line"] for line in root["evidence"] if line["line"] is not None}
    near = {line for line in shown if any(abs(line - proof) <= TOLERANCE for proof in decisive)}
    assert near, f"shown {sorted(shown)}, decisive {sorted(decisive)}"
