"""Following what grows in Azure: lines on standard output as they come, until the end or Ctrl-C."""
from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Callable, TypeVar

from knack.log import get_logger

logger = get_logger(__name__)

#: Seconds between two looks.
INTERVAL = 2.0
#: Looks that may fail in a row before the following ends with the error.
_PATIENCE = 5

T = TypeVar("T")


def show(batches: Iterable[list[str]]) -> None:
    """Writes the lines of each batch at once. Ends with the batches, with Ctrl-C, or when nobody reads any more."""
    try:
        for lines in batches:
            _write(lines)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:  # as in | head; what Python would still flush goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def looks(look: Callable[[], T], what: str) -> Iterator[T]:
    """What ``look`` finds, again and again with a pause between. A failure that may pass is borne a few times."""
    from azure.cli.core.azclierror import AzureConnectionError, AzureInternalError

    failures = 0
    while True:
        try:
            found = look()
            failures = 0
        except (AzureInternalError, AzureConnectionError) as error:
            failures += 1
            if failures == _PATIENCE:
                raise
            logger.warning("%s: %s. Trying again.", what, error)
        else:
            yield found
        time.sleep(INTERVAL)


def _write(lines: list[str]) -> None:
    if not lines:
        return
    text = "".join(f"{line}\n" for line in lines)
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
