"""Writes a report to a file; the file's suffix chooses the format."""
from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path
from typing import Callable

from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError

from .html import render_html
from .junit import render_junit
from .markdown import render_markdown
from .sarif import render_sarif
from .text import one_line
from .wording import Report

_RENDERERS: dict[str, Callable[[Report | list[Report]], str]] = {
    ".html": render_html,
    ".sarif": render_sarif,
    ".xml": render_junit,
    ".md": render_markdown,
}


def check_report_path(path: str) -> None:
    """Raises InvalidArgumentValueError unless the suffix of ``path`` names a format: to be told before the work."""
    if Path(path).suffix.lower() not in _RENDERERS:
        raise InvalidArgumentValueError(
            f"The report file '{one_line(path)}' does not end in the name of a report format.",
            recommendation="End it in .html (a page), .sarif (code scanning), .xml (JUnit) or .md (Markdown).",
        )


def write_report(result: Report | list[Report], path: str) -> None:
    """Writes one report or several to ``path`` as UTF-8, replacing it in one step.

    Raises InvalidArgumentValueError for an unknown suffix, FileOperationError when the file cannot be written; a file
    that was there before is then as it was.
    """
    check_report_path(path)
    write_text(_RENDERERS[Path(path).suffix.lower()](result), path)


def write_text(text: str, path: str) -> None:
    """Writes ``text`` to ``path`` as ``write_report`` does. Raises FileOperationError when it cannot be written."""
    try:
        _replace(Path(path), text.encode("utf-8"))
    except OSError as error:
        raise FileOperationError(
            f"The report could not be written to '{one_line(path)}': {error.strerror or error}.",
            recommendation="Name a file in a folder that exists and in which you may write.",
        ) from error


def _replace(path: Path, content: bytes) -> None:
    target = path.resolve()
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "It is a folder")
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced; of a new file, its owner's only, since it quotes logs."""
    return target.stat().st_mode & 0o777 if target.exists() else 0o600
