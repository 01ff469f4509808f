"""Reads that run side by side, each as soon as what it needs is there, and none longer than its time.

A read that hangs is left behind in its thread; the process does not wait for it.
"""
from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, Callable

from knack.log import get_logger

logger = get_logger(__name__)


class Absent(Exception):
    """There is no such thing for this deployment; the message says why."""


class Partial(Exception):
    """A read that failed midway: ``value`` is what came, ``error`` what went wrong."""

    def __init__(self, value: Any, error: Exception) -> None:
        super().__init__(str(error))
        self.value = value
        self.error = error


class Blocked(Exception):
    """What had to be read first could not be read; the message names it."""


@dataclass(frozen=True)
class Outcome:
    """What became of a read: its value, its error, or both when it failed midway."""

    value: Any = None
    error: Exception | None = None
    duration_ms: int = 0


class Task:
    """One read, running in a thread of its own since it was made."""

    def __init__(
        self,
        name: str,
        timeout: float,
        work: Callable[..., Any],
        needs: tuple[Task, ...] = (),
        after: tuple[Task, ...] = (),
    ) -> None:
        """``work`` gets the values of ``needs`` and begins when ``after`` have ended, too, well or not.

        ``timeout`` is in seconds and starts then.
        """
        self.name = name
        self._timeout = timeout
        self._work = work
        self._needs = needs
        self._after = after
        self._begun = Event()
        self._begun_at = 0.0
        self._ended = Event()
        self._outcome = Outcome()
        Thread(target=self._run, name=f"mltrouble {name}", daemon=True).start()

    def outcome(self) -> Outcome:
        """Waits for the end of the read, or of its time."""
        self._begun.wait()
        if self._ended.wait(max(0.0, self._begun_at + self._timeout - time.monotonic())):
            return self._outcome
        from azext_mltrouble.cloud.errors import timeout_error

        return Outcome(error=timeout_error(self.name, self._timeout), duration_ms=int(1000 * self._timeout))

    def value(self) -> Any:
        """The value of a read that succeeded; raises Absent where there is none, Blocked where it failed."""
        outcome = self.outcome()
        if isinstance(outcome.error, Absent):
            raise outcome.error
        if outcome.error is not None:
            raise Blocked(f"{self.name[:1].upper()}{self.name[1:]} could not be read, and this depends on it.")
        return outcome.value

    def _run(self) -> None:
        value, error = None, None
        try:
            values = [task.value() for task in self._needs]
            for task in self._after:
                task.outcome()
            self._begin()
            value = self._work(*values)
        except Partial as partial:
            value, error = partial.value, partial.error
        # one read's failure, whatever it is, must not hide the others
        except Exception as problem:  # pylint: disable=broad-exception-caught
            logger.debug("Reading %s failed.", self.name, exc_info=True)
            error = problem
        self._begin()
        self._outcome = Outcome(value, error, int(1000 * (time.monotonic() - self._begun_at)))
        self._ended.set()

    def _begin(self) -> None:
        if not self._begun.is_set():
            self._begun_at = time.monotonic()
            self._begun.set()
