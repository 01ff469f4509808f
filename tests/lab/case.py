"""What a case is, and the register of all of them.

A producer is a function that takes a :class:`~tests.lab.bench.Bench` and runs real software on it. Decorating it with
:func:`case` says what its log proves. ``cases.yaml`` is the record of the last run of every producer.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from tests.lab.bench import Bench

HERE = Path(__file__).parent
LOGS = HERE / "logs"
MANIFEST = HERE / "cases.yaml"

Producer = Callable[["Bench"], None]


@dataclass(frozen=True)
class Case:
    """One way to break (or to use) the software.

    ``cause`` is a slug of the vocabulary, or ``none`` for healthy output. ``decisive`` are substrings: each must be in
    the log, and a diagnosis must show a line that holds one of them. ``tags``: ``quick`` needs only this Python and
    its pip; ``docker`` a Docker engine, run by root; ``network`` a package index; ``conda``, ``nginx`` such a program.
    """

    name: str
    where: str
    cause: str
    decisive: tuple[str, ...]
    tags: tuple[str, ...]
    script: str
    produce: Producer


@dataclass(frozen=True)
class Kept:
    """A case as recorded in the manifest: what the kept log is, and which software made it."""

    name: str
    where: str
    cause: str
    decisive: tuple[str, ...]
    tags: tuple[str, ...]
    script: str
    software: dict[str, str]

    @property
    def log(self) -> Path:
        """The kept log."""
        return LOGS / self.cause / f"{self.name}.log"

    def decisive_lines(self) -> set[int]:
        """The 1-based numbers of the lines that hold a decisive substring; a progress bar's returns end no line."""
        lines = self.log.read_bytes().decode("utf-8").split("\n")
        return {number for number, line in enumerate(lines, 1) if any(part in line for part in self.decisive)}


CASES: dict[str, Case] = {}


def case(name: str, where: str, cause: str, *decisive: str, tags: str = "") -> Callable[[Producer], Producer]:
    """Register the decorated producer as the case ``name``; ``tags`` are separated by blanks."""

    def register(produce: Producer) -> Producer:
        if name in CASES:
            raise ValueError(f"two producers make {name}")
        script = produce.__module__.rpartition(".")[2]
        CASES[name] = Case(name, where, cause, decisive, tuple(tags.split()), script, produce)
        return produce

    return register


def kept_cases() -> list[Kept]:
    """The manifest, in the order of names."""
    if not MANIFEST.exists():
        return []
    entries: list[dict[str, Any]] = yaml.safe_load(MANIFEST.read_text("utf-8")) or []
    return [Kept(**{**entry, "decisive": tuple(entry["decisive"]), "tags": tuple(entry["tags"])}) for entry in entries]


def record(made: Case, software: dict[str, str]) -> None:
    """Put ``made`` into the manifest, replacing what stood there under its name."""
    entry = {
        "name": made.name,
        "where": made.where,
        "cause": made.cause,
        "decisive": list(made.decisive),
        "tags": list(made.tags),
        "script": made.script,
        "software": software,
    }
    with MANIFEST.open("a+", encoding="utf-8") as manifest:
        fcntl.flock(manifest, fcntl.LOCK_EX)
        manifest.seek(0)
        others = [other for other in yaml.safe_load(manifest) or [] if other["name"] in CASES.keys() - {made.name}]
        entries = sorted([*others, entry], key=lambda one: str(one["name"]))
        manifest.truncate(0)
        yaml.safe_dump(entries, manifest, sort_keys=False, width=120, allow_unicode=True)
