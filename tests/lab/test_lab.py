"""The lab itself: its record is whole, its logs are neutral, and the quick cases still say what their logs say."""

from __future__ import annotations

import getpass
import re
import socket
from pathlib import Path

import pytest

from tests.lab import producers
from tests.lab.__main__ import missing_wording, produce
from tests.lab.case import CASES, LOGS, Kept, kept_cases
from tests.lab.normalise import INDEX_HOST, PUBLIC_INDEXES, normalise

producers.load()
KEPT = kept_cases()
QUICK = sorted(name for name, made in CASES.items() if "quick" in made.tags)

MOST_BYTES = 60_000
#: Places that only the machine of a producer has. (A container's user may well be root, its home /root.)
LEAKS = re.compile(
    r"/tmp/lab|/\.pyenv/|anaconda\.(?:com|org)"
    r"|file:///|\bLooking in links\b|Location 'file:"
)


def test_the_record_and_the_logs_agree() -> None:
    recorded = {kept.log for kept in KEPT}
    assert recorded == set(LOGS.rglob("*.log"))
    for kept in KEPT:
        made = CASES[kept.name]
        assert (kept.where, kept.cause, kept.decisive, kept.tags, kept.script) == (
            made.where,
            made.cause,
            made.decisive,
            made.tags,
            made.script,
        )


def test_every_case_is_kept() -> None:
    assert set(CASES) == {kept.name for kept in KEPT}


def test_there_are_enough() -> None:
    healthy = [kept for kept in KEPT if kept.cause == "none"]
    assert len(healthy) >= 20
    assert len(KEPT) - len(healthy) >= 80


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
def test_a_kept_log_is_small_neutral_and_holds_its_proof(kept: Kept) -> None:
    data = kept.log.read_bytes()
    text = data.decode("utf-8")
    assert len(data) <= MOST_BYTES
    assert not LEAKS.findall(text)
    assert not INDEX_HOST.findall(text)
    assert str(Path(__file__).parents[2]) not in text
    user, host = getpass.getuser(), socket.gethostname()
    assert user == "root" or user not in text
    assert len(host) < 4 or host not in text
    assert kept.software, "a log names the software that made it"
    assert not [part for part in kept.decisive if part not in text]


@pytest.mark.parametrize("name", QUICK)
def test_the_software_of_today_says_it_too(name: str) -> None:
    """A new release that words the failure in another way is noticed here, and deserves a log of its own."""
    text, _ = produce(CASES[name])
    assert not missing_wording(CASES[name], text), text


def test_places_become_neutral_and_wording_stays() -> None:
    text = f"open /tmp/lab/x/a.py: No such file\nSee https://{PUBLIC_INDEXES[0]}/simple/a and /tmp/lab/x-1\n"
    said = normalise(text, {"/tmp/lab/x": "/var/azureml-app", "/tmp/lab/x-1": "/opt/venv"})
    assert said == "open /var/azureml-app/a.py: No such file\nSee https://pypi.example/simple/a and /opt/venv\n"


def test_long_texts_keep_their_ends() -> None:
    lines = normalise("".join(f"{n}\n" for n in range(1000)), {}).splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("0", "999", 401)
    assert "[... 600 lines left out ...]" in lines
