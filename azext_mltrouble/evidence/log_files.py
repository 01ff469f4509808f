"""Evidence from log files and standard input: the texts as they are, read when they are diagnosed."""
from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from azure.cli.core.azclierror import AzCLIError, FileOperationError, InvalidArgumentValueError

from azext_mltrouble.evidence.model import Evidence, Log, Target

_STANDARD_INPUT = "-"
#: Bytes at the start of a log that decide whether it is a text.
_LOOKED_AT = 64 * 1024
#: A text may hold a few control characters besides line ends, tabs and escape sequences; a binary file holds many.
_MOST_CONTROLS = 0.05
_NO_CONTROLS = bytes(byte for byte in range(256) if byte >= 0x20 or byte in b"\b\t\n\v\f\r\x1b")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PACKED = {
    b"\x1f\x8b": "gunzip",
    b"PK\x03\x04": "unzip",
    b"BZh": "bunzip2",
    b"\xfd7zXZ": "unxz",
    b"(\xb5/\xfd": "unzstd",
}


def evidence_of_logs(paths: list[str]) -> Evidence:
    """One log for each path; ``-`` is standard input and may be named once.

    Nothing is read but the start of each. Raises FileOperationError when a file cannot be read, and
    InvalidArgumentValueError when it is empty or no text.
    """
    if paths.count(_STANDARD_INPUT) > 1:
        raise InvalidArgumentValueError(
            "Standard input ('-') is named more than once.",
            recommendation="Name '-' once, and the other logs as files: --log - FILE",
        )
    logs = [_standard_input() if path == _STANDARD_INPUT else _file(path) for path in paths]
    name = ", ".join("standard input" if path == _STANDARD_INPUT else Path(path).name for path in paths)
    return Evidence(Target(name=name, kind="log"), logs=logs)


def _standard_input() -> Log:
    if sys.stdin is None:
        raise FileOperationError("There is no standard input.", recommendation="Name a file: --log FILE")
    return _stream(sys.stdin.buffer, "standard input")


def _file(path: str) -> Log:
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise FileOperationError(
                f"'{path}' is a folder.", recommendation=f"Name the files in it: --log {Path(path) / '*.log'}"
            )
        if not stat.S_ISREG(mode):  # a pipe, as in --log <(kubectl logs POD): it can be read once
            return _stream(open(path, "rb"), path)  # whoever reads the log closes it
        with open(path, "rb") as file:
            _check_is_text(file.read(_LOOKED_AT), path)
    except OSError as error:
        raise FileOperationError(
            f"The log '{path}' cannot be read: {error.strerror or error}.",
            recommendation="Check the path and your right to read it, or pass the text on standard input: --log -",
        ) from error
    except ValueError as error:  # a path with a NUL character
        raise FileOperationError(f"The log {path!r} cannot be read: {error}.", recommendation="Check it.") from error
    return Log.of_file(path, None, Path(path))


def _stream(source: BinaryIO, name: str) -> Log:
    start = source.read(_LOOKED_AT)
    _check_is_text(start, name)
    return Log(name, None, lambda: io.BufferedReader(_Continued(start, source), _LOOKED_AT))  # type: ignore[type-var]


def _check_is_text(start: bytes, name: str) -> None:
    if not start.strip():
        raise InvalidArgumentValueError(
            f"The log '{name}' is empty.",
            recommendation="Fetch it again; a container that never started has written nothing: then look at the "
            "deployment itself with --name.",
        )
    for magic, tool in _PACKED.items():
        if start.startswith(magic):
            raise _not_a_text(name, f"Unpack it first, with {tool}. A bundle is read with --bundle.")
    controls = len(start.translate(None, _NO_CONTROLS))
    if controls > _MOST_CONTROLS * len(start) and start[:2] not in _UTF16 and not _looks_like_utf16(start):
        raise _not_a_text(name, "Name a text: a build log, a container log, or an error as az or the SDK shows it.")


def _looks_like_utf16(start: bytes) -> bool:
    """UTF-16 without a byte order mark: most text has a zero in every other byte, and only there."""
    odd, even = start[1::2].count(0), start[::2].count(0)
    return max(odd, even) > 0.4 * len(start) / 2 and min(odd, even) <= _MOST_CONTROLS * len(start)


def _not_a_text(name: str, advice: str) -> AzCLIError:
    return InvalidArgumentValueError(f"'{name}' is no text but a binary file.", recommendation=advice)


class _Continued(io.RawIOBase):
    """A stream whose start has been read already."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._start = start
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fills the buffer as far as one read goes; 0 at the end."""
        chunk = self._start[: len(buffer)] or self._rest.read(len(buffer))
        self._start = self._start[len(chunk) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)
