"""Every entry is tried on its own sample and near miss, and kept to the rules of docs/knowledge.md."""
from __future__ import annotations

import re
import string
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest

from azext_mltrouble.diagnosis import knowledge as knowledge_module
from azext_mltrouble.diagnosis.engine import diagnose
from azext_mltrouble.diagnosis.kinds import ALL
from azext_mltrouble.diagnosis.knowledge import GROUP, Entry, Pattern, Signal
from azext_mltrouble.diagnosis.matching import read
from azext_mltrouble.diagnosis.report import Report
from azext_mltrouble.diagnosis.scan import stem_of
from azext_mltrouble.diagnosis.template import SLOT, TARGET_SLOTS
from azext_mltrouble.diagnosis.template_json import parse
from azext_mltrouble.diagnosis.template_lint import lint
from azext_mltrouble.diagnosis.template_report import SLOTS as TEMPLATE_SLOTS
from azext_mltrouble.diagnosis.template_report import report_on
from azext_mltrouble.diagnosis.versions import SLOTS as VERSION_SLOTS
from azext_mltrouble.evidence.model import Evidence, Log, Target
from tests.diagnosis.regexes import complaints

ROOT = Path(__file__).resolve().parents[2]
CAUSES = set((Path(__file__).parent / "causes.txt").read_text(encoding="utf-8").split())
KNOWLEDGE = knowledge_module.load()
SAMPLES = knowledge_module.load_samples()
ENTRIES = {entry.code: entry for entry in KNOWLEDGE.entries}
SIGNALS = {signal.name: signal for signal in KNOWLEDGE.signals}
OWNERS: dict[str, Entry | Signal] = {**ENTRIES, **SIGNALS}
LITERAL_CHARACTERS = set(string.ascii_lowercase + string.digits + " ._:/,()[]<>=+-*&$%#@!?;~^{}'|")


def cases(kind: str, owners: dict[str, Any]) -> list[Any]:
    return [
        pytest.param(name, sample, id=f"{name}-{number}")
        for name in owners
        for number, sample in enumerate(SAMPLES[name][kind])
    ]


def report_of(sample: dict[str, Any]) -> Report:
    """What the doctor says of a sample; of a template, what its check says."""
    if sample.get("where") != "template":
        return diagnose(evidence_of(sample))
    return report_on(lint(parse(sample["text"]), "main.json", {}, follow_nothing), "main.json", lambda *place: "line")


def follow_nothing(source: str, path: str) -> NoReturn:
    raise LookupError("it is not there")


def evidence_of(sample: dict[str, Any]) -> Evidence:
    logs = [Log.of_text("log", sample.get("where"), sample["text"])] if "text" in sample else []
    return Evidence(Target(None, "log"), facts=sample.get("facts", {}), logs=logs)


@pytest.mark.parametrize(("code", "sample"), cases("samples", ENTRIES))
def test_sample_is_recognised_as_its_own_cause(code: str, sample: dict[str, Any]) -> None:
    report = report_of(sample)
    notices = [finding for finding in report.findings if finding.code == code]
    finding = report.root_cause if ENTRIES[code].severity != "info" else notices[0]
    assert finding is not None
    assert (finding.code, finding.cause) == (code, ENTRIES[code].cause)
    assert finding.evidence
    assert "{" not in finding.summary


@pytest.mark.parametrize(("code", "sample"), cases("near_misses", ENTRIES))
def test_near_miss_is_not_matched(code: str, sample: dict[str, Any]) -> None:
    assert code not in [finding.code for finding in report_of(sample).findings]


@pytest.mark.parametrize(("name", "sample"), cases("samples", SIGNALS))
def test_signal_is_seen_in_its_sample(name: str, sample: dict[str, Any]) -> None:
    assert name in read(evidence_of(sample).logs[0], KNOWLEDGE).of_signals(ALL)


@pytest.mark.parametrize("code", ENTRIES)
def test_entry_has_a_sample_and_a_near_miss(code: str) -> None:
    assert SAMPLES[code]["samples"]
    assert SAMPLES[code]["near_misses"]


@pytest.mark.parametrize("code", ENTRIES)
def test_cause_is_of_the_vocabulary(code: str) -> None:
    assert ENTRIES[code].cause in CAUSES, "add a new cause to tests/diagnosis/causes.txt"


@pytest.mark.parametrize("code", ENTRIES)
def test_superseded_causes_exist(code: str) -> None:
    for pattern in ENTRIES[code].supersedes:
        assert any(re.fullmatch(pattern.replace("*", ".*"), cause) for cause in CAUSES), pattern


@pytest.mark.parametrize("name", OWNERS)
def test_literals_can_be_found(name: str) -> None:
    for pattern in OWNERS[name].patterns:
        assert pattern.literal == pattern.literal.lower()
        assert set(pattern.literal) <= LITERAL_CHARACTERS, "no quotes or backslashes: logs escape them"
        assert stem_of(pattern.literal), f"{pattern.literal!r} has none of the stems of diagnosis/scan.py"


@pytest.mark.parametrize("name", OWNERS)
def test_regexes_are_linear(name: str) -> None:
    for regex in regexes_of(OWNERS[name]):
        assert complaints(regex) == [], regex


@pytest.mark.parametrize("name", OWNERS)
def test_groups_that_the_lines_around_refer_to_exist(name: str) -> None:
    for pattern in OWNERS[name].patterns:
        named = {group for regex in near_regexes(pattern) for group in GROUP.findall(regex)}
        assert named <= set(re.compile(pattern.regex).groupindex)


@pytest.mark.parametrize("code", ENTRIES)
def test_templates_use_only_what_is_there(code: str) -> None:
    entry = ENTRIES[code]
    named = [set(re.compile(pattern.regex).groupindex) for pattern in entry.patterns]
    named += [set(condition.bind) for condition in entry.facts]
    named += [set(TEMPLATE_SLOTS)] if entry.judgement else []
    always = set.intersection(*named) | set(TARGET_SLOTS)
    sometimes = set.union(*named) | set(TARGET_SLOTS) | set(VERSION_SLOTS)
    for template in (entry.summary, entry.remedy_text, *entry.remedy_commands):
        for slot in SLOT.finditer(template):
            allowed = sometimes if slot["otherwise"] is not None else always
            assert slot["name"] in allowed, f"{slot[0]} in {template!r}: not in every pattern, so give it an |otherwise"


@pytest.mark.parametrize("code", ENTRIES)
def test_texts_are_well_formed(code: str) -> None:
    entry = ENTRIES[code]
    assert len(entry.title) <= 70
    assert not entry.title.endswith(".")
    assert entry.summary.strip()
    assert entry.remedy_text.strip().endswith((".", "?"))
    for url in [entry.doc_url, *SAMPLES[code]["documents"]]:
        parts = urlsplit(url)
        assert (parts.scheme, bool(parts.netloc), " " in url) == ("https", True, False)
        assert not re.search(r"/[a-z]{2}-[a-z]{2}/", parts.path), "an address without a language serves every reader"


def test_compiled_knowledge_is_fresh() -> None:
    script = ROOT / "scripts" / "compile-knowledge"
    run = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def regexes_of(owner: Entry | Signal) -> list[str]:
    found = []
    for pattern in owner.patterns:
        found += [pattern.regex, pattern.unless, pattern.in_traceback, *near_regexes(pattern)]
    return [regex for regex in found if regex]


def near_regexes(pattern: Pattern) -> list[str]:
    return [near.regex for near in (pattern.near, pattern.not_near) if near]
