"""Turn the raw bytes of a log line into plain text lines a pattern can rely on."""
from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_NEEDS_WORK = re.compile(rb"[\x00-\x08\x0b-\x1f\\\x80-\xff]")
_ESCAPED_CHARACTER = re.compile(r"\\+(?:u00([0-7][0-9a-fA-F])|x([0-7][0-9a-fA-F]))")
#: Not after a drive letter: ``C:\new`` is a path.
_ESCAPED_LINE_END = re.compile(r"(?<!\b[A-Za-z]:)(?<!\\)(?:\\+r)?\\+n")
_ESCAPED_TAB = re.compile(r"(?<![:\\\w])\\+t")
_ESCAPED_QUOTE = re.compile(r"\\+(?=[\"'])")

#: What log shippers, BuildKit, compose and pipelines put before the line itself.
_PREFIX = re.compile(
    r"""(?x)
    (?: \d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d (?:[.,]\d{1,9})? (?:Z|[ ]?[+-]\d\d:?\d\d)? [ ]?   # a time
      | \#\#\[\w+\]                                                                         # a pipeline's mark
      | \#\d+[ ]\d+\.\d+[ ]?                                                                # BuildKit: step, seconds
      | \#\d+[ ](?=[A-Z(=])                                                                 # BuildKit: step
      | [\w.-]{1,60}[ ]*[|][ ]                                                              # compose: container
      | (?:stdout|stderr)[ ][FP][ ]                                                         # container runtime
    )"""
)
MAX_QUOTE = 400


def logical_lines(raw: bytes) -> list[str]:
    """The lines a person would read in one physical line.

    Terminal sequences and control characters go; what a progress bar wrote over is kept as lines of its own; a message
    that was put into JSON or a Python repr, however often, gets its line ends and quotes back. Never an empty list.
    """
    text = raw.decode("utf-8", "replace")
    if not _NEEDS_WORK.search(raw):
        return [text]
    if "\\" in text:
        text = _ESCAPED_CHARACTER.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
        if '"' in text or "'" in text or text.count("\\n") > 1:
            text = _ESCAPED_LINE_END.sub("\n", text)
        text = _ESCAPED_TAB.sub("\t", text)
        text = _ESCAPED_QUOTE.sub("", text)
    text = _ANSI.sub("", text).replace("\r", "\n")
    lines = [_CONTROL.sub("", line) for line in text.split("\n")]
    return [line for line in lines if line.strip()] or [""]


def without_prefix(line: str) -> str:
    """The line without times, pipeline marks and container names before it; its own indentation stays."""
    for _ in range(4):
        found = _PREFIX.match(line)
        if not found:
            break
        line = line[found.end() :]
    return line


def quote(line: str, around: int = 0) -> str:
    """The line as a report shows it: trimmed, and cut to a sane length around a place in it."""
    if len(line) <= MAX_QUOTE:
        return line.strip()
    start = max(0, min(around - MAX_QUOTE // 4, len(line) - MAX_QUOTE))
    cut = line[start : start + MAX_QUOTE].strip()
    return ("…" if start else "") + cut + ("…" if start + MAX_QUOTE < len(line) else "")
