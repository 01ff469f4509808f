"""A command in a narrow column that can still be copied and pasted."""
from __future__ import annotations

import os
import re

from .text import clean, display_width

#: Continues a command on the next line: PowerShell's on Windows, else the one of POSIX shells.
CONTINUATION = "`" if os.name == "nt" else "\\"
_INDENT = "    "
_QUOTED = re.compile(r"""\\.|'[^']*'|"(?:[^"\\]|\\.)*"|['"]""")
_ARGUMENT = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|['"\\])+""", re.DOTALL)


def fit_command(command: str, width: int, continuation: str = CONTINUATION) -> list[str] | None:
    """The command in lines of at most ``width`` columns that a shell reads as the same command.

    Lines are broken only between arguments, and an option is kept with its value where there is room. None when that
    cannot be done: half a command is worse than none.
    """
    text = clean(command).strip()
    commands = text.splitlines()
    if "\t" in text or (len(commands) > 1 and any(_spans_lines(line) for line in commands)):
        return None  # A tab's width is unknown; the column's indentation would become part of what is quoted.
    lines: list[str] = []
    for line in commands:
        fitted = [line] if display_width(line) <= width else _continued(line, width, continuation)
        if fitted is None:
            return None
        lines.extend(fitted)
    return lines


def _spans_lines(line: str) -> bool:
    return "<<" in line or any(part in "'\"" for part in _QUOTED.findall(line))


def _continued(line: str, width: int, continuation: str) -> list[str] | None:
    arguments = _ARGUMENT.findall(line)
    if any(argument.startswith("#") for argument in arguments):
        return None  # A comment cannot be continued.
    room = width - len(continuation) - 1
    lines = [arguments[0]]
    for argument, following in zip(arguments[1:], [*arguments[2:], "-"]):
        has_value = argument.startswith("-") and not following.startswith("-")
        if display_width(f"{lines[-1]} {argument} {following if has_value else ''}".rstrip()) <= room:
            lines[-1] += f" {argument}"
        else:
            lines.append(_INDENT + argument)
    if any(display_width(part) > room for part in lines):
        return None
    return [f"{part} {continuation}" for part in lines[:-1]] + lines[-1:]
