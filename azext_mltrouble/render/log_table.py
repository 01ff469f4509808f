"""``-o table`` of a log: its lines as they are, under its name."""
from __future__ import annotations

from collections import OrderedDict
from typing import Any

from .table import WIDTH, Row, two_columns
from .text import clean, display_width, one_line, wrap


def log_table(result: dict[str, Any] | str) -> list[Row]:
    """Rows for a log, for the file that it was written to, or for its address alone."""
    if isinstance(result, str):
        return [OrderedDict([("Address", one_line(result))])]
    if "path" in result:
        width = WIDTH - len("Lines") - 2
        sections = [("Path", wrap(one_line(result["path"]), width)), ("Lines", [str(result["lineCount"])])]
        return two_columns("Log", one_line(result["source"]), sections, width)
    lines = [part for line in result["lines"] for part in _fitted(clean(line).replace("\t", "    "))]
    return [OrderedDict([(one_line(result["source"]).capitalize(), "\n".join(lines) or "(nothing was written)")])]


def _fitted(line: str) -> list[str]:
    """The line in pieces that fit, its spaces kept: a traceback's indentation tells where it is."""
    if display_width(line) <= WIDTH:
        return [line]
    step = WIDTH if line.isascii() else WIDTH // 2
    return [line[at : at + step] for at in range(0, len(line), step)]
