"""``python -m tests.lab make [NAME...]`` makes kept logs anew; ``list`` shows the cases."""

from __future__ import annotations

import argparse
import sys
import traceback

from tests.lab import producers
from tests.lab.bench import Bench
from tests.lab.case import CASES, LOGS, Case, record


def produce(made: Case) -> tuple[str, dict[str, str]]:
    """Run the case's producer; return the log it makes and the software that made it."""
    bench = Bench(made.name)
    try:
        made.produce(bench)
        return bench.text(), bench.software
    finally:
        bench.clean()


def missing_wording(made: Case, text: str) -> list[str]:
    """The decisive substrings that ``text`` does not hold."""
    return [part for part in made.decisive if part not in text]


def make(names: list[str]) -> int:
    """Make the logs of ``names`` (all without any) and record them; return how many could not be made."""
    failures = 0
    for name in names or sorted(CASES):
        made = CASES[name]
        try:
            text, software = produce(made)
        except Exception:
            failures += 1
            sys.stderr.write(f"{name}: could not be made\n{traceback.format_exc()}")
            continue
        absent = missing_wording(made, text)
        if absent:
            failures += 1
            sys.stderr.write(f"{name}: the decisive wording is not there: {absent}\n{text}\n")
            continue
        target = LOGS / made.cause / f"{name}.log"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
        record(made, software)
        print(f"{name}: {len(text.splitlines())} lines")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("make", help="run producers, keep their logs").add_argument("names", nargs="*", metavar="NAME")
    commands.add_parser("list", help="the cases, their causes and what they need")
    arguments = parser.parse_args()
    producers.load()
    if arguments.command == "list":
        for made in sorted(CASES.values(), key=lambda one: (one.cause, one.name)):
            print(f"{made.cause:34} {made.name:44} {made.where:14} {' '.join(made.tags)}")
        return 0
    unknown = [name for name in arguments.names if name not in CASES]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}")
    return 1 if make(arguments.names) else 0


if __name__ == "__main__":
    sys.exit(main())
