"""Batch diagnosis: ``python -m azext_mltrouble.diagnosis < cases.jsonl > answers.jsonl``.

A line in is ``{"id", "where", "text"}``, a line out ``{"id"}`` and the report. A line that is no such object is named
on standard error, the others are answered, and the exit code is 1.
"""
from __future__ import annotations

import json
import sys
from typing import Any, TextIO, get_args

from azext_mltrouble.diagnosis.engine import diagnose
from azext_mltrouble.evidence.model import Evidence, Log, Target, Where


def main(source: TextIO, answers: TextIO, errors: TextIO) -> int:
    """Answer every line of ``source``, in its order and as it comes; 1 if a line was no case, else 0."""
    status = 0
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        try:
            case = _case(line)
        except ValueError as error:
            errors.write(f"line {number}: {error}\n")
            status = 1
            continue
        json.dump({"id": case["id"], **_answer(case)}, answers, ensure_ascii=False)
        answers.write("\n")
        answers.flush()
    return status


def _case(line: str) -> dict[str, Any]:
    try:
        case = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(case, dict):
        raise ValueError("not a JSON object")
    if "id" not in case:
        raise ValueError('the object has no "id"')
    if not isinstance(case.get("text"), str):
        raise ValueError('"text" is not a string')
    if case.get("where") not in (None, *get_args(Where)):
        raise ValueError(f'"where" is not one of {", ".join(get_args(Where))} or null')
    return case


def _answer(case: dict[str, Any]) -> dict[str, Any]:
    log = Log.of_text(str(case["id"]), case.get("where"), case["text"])
    return diagnose(Evidence(Target(None, "log"), logs=[log])).to_dict()


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.exit(main(sys.stdin, sys.stdout, sys.stderr))
