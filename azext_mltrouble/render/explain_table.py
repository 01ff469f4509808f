"""Rows for ``az ml trouble explain -o table``: a page for one code, a row per code for the list."""
from __future__ import annotations

from collections import OrderedDict
from typing import Any

from .command_line import fit_command
from .table import Row, two_columns
from .text import clean, clip, one_line, wrap
from .wording import short_address

#: Columns of a row's value: what is left of 100 beside the longest label.
_WIDTH = 100 - len("Recognised") - 2
_SAMPLE_LINES = 12
_PROSE_LIMIT = 700
_LOG_LINE_LIMIT = 250
_DEEPEST_INDENT = 8
_PATTERNS = 8


def explain_table(result: dict[str, Any] | list[dict[str, Any]]) -> list[Row]:
    """Rows for one explanation or for the list of codes; at most 100 columns."""
    return _list(result) if isinstance(result, list) else _page(result)


def _list(entries: list[dict[str, Any]]) -> list[Row]:
    columns = ("code", "stage", "severity", "title")
    return [OrderedDict((name.capitalize(), one[name]) for name in columns) for one in entries]


def _page(one: dict[str, Any]) -> list[Row]:
    remedy = one["remedy"]
    commands = [line for command in remedy["commands"] for line in fit_command(command, _WIDTH) or []]
    sections = [
        ("Meaning", _prose(one["meaning"])),
        ("Stage", [f"{one['stage']} ({one['severity']}, {', '.join(one['generations'])}, cause {one['cause']})"]),
        ("Recognised", _recognised(one["recognisedBy"])),
        ("Sample", _sample(one["sample"])),
        ("Fix", _prose(remedy["text"]) + commands),
        ("Docs", _addresses(one)),
    ]
    return two_columns("Code", f"{one['code']} {one['title']}", sections, _WIDTH)


def _recognised(ways: list[dict[str, str]]) -> list[str]:
    lines = [_way(way) for way in ways[:_PATTERNS]]
    more = [f"and {len(ways) - _PATTERNS} more: -o json --query recognisedBy"] if len(ways) > _PATTERNS else []
    return [line for way in lines for line in way] + more


def _way(way: dict[str, str]) -> list[str]:
    if "text" in way:
        return _prose(f'"{way["text"]}" in: {way["in"]}')
    return _prose(f"{way['in']}: {way['condition']}")


def _sample(sample: dict[str, Any] | None) -> list[str]:
    lines = clean(sample["text"]).rstrip("\n").split("\n") if sample else []
    shown = [part for line in lines[:_SAMPLE_LINES] for part in _quoted(line)]
    return shown + (["..."] if len(lines) > _SAMPLE_LINES else [])


def _quoted(line: str) -> list[str]:
    """A line of a log with its indentation, which tells where a traceback is."""
    indent = " " * min(len(line) - len(line.lstrip()), _DEEPEST_INDENT)
    return [indent + part for part in wrap(clip(one_line(line), _LOG_LINE_LIMIT), _WIDTH - len(indent))]


def _addresses(one: dict[str, Any]) -> list[str]:
    """The documentation, each address once."""
    addresses = (short_address(address, _WIDTH) for address in (one["docUrl"], *one["documents"]))
    return list(dict.fromkeys(filter(None, addresses)))


def _prose(text: str) -> list[str]:
    return wrap(clip(one_line(text), _PROSE_LIMIT), _WIDTH)
