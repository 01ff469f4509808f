"""A private place for logs that may be larger than memory."""
from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Callable

#: Bytes of one log; what is beyond is left out.
LARGEST_LOG = 1 << 30


class Spool:
    """A folder that only the user can read; it is removed when nothing refers to its logs, at the latest at exit."""

    def __init__(self) -> None:
        """Raises OSError when there is no place for temporary files."""
        self._folder = Path(tempfile.mkdtemp(prefix="mltrouble-"))
        weakref.finalize(self, shutil.rmtree, str(self._folder), ignore_errors=True)

    def file(self, name: str) -> SpooledFile:
        """A new, empty file."""
        return SpooledFile(self, self._folder / name)


class SpooledFile:
    """One file of a spool."""

    def __init__(self, spool: Spool, path: Path) -> None:
        self._spool = spool  # keeps the folder as long as the file is of use
        self._path = path
        self.size = 0

    def write(self, chunks: Iterable[bytes]) -> None:
        """Appends the chunks; what came before an error stays. Raises OSError, and what the chunks raise."""
        with open(self._path, "ab") as file:
            for chunk in chunks:
                file.write(chunk[: LARGEST_LOG - self.size])
                self.size += len(chunk)
                if self.size >= LARGEST_LOG:
                    return

    @property
    def open(self) -> Callable[[], BinaryIO]:
        """Opens the file from the start, as ``Log.open`` wants it."""
        return lambda: open(self._path, "rb")


class ChunkReader:
    """Chunks as a file to read from: each ``read`` gives the next one, whatever its size."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, _: int = -1) -> bytes:
        """The next chunk that is not empty; nothing at the end."""
        return next((chunk for chunk in self._chunks if chunk), b"")
