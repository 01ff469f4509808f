"""The traffic that a recommendation is made from, from the best source that the options name."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable, TextIO

if TYPE_CHECKING:
    from azext_mltrouble.autoscale.traffic import Traffic


@contextmanager
def input_errors() -> Iterator[None]:
    """Figures and logs that cannot be used, as az's error with what helps."""
    from azure.cli.core.azclierror import InvalidArgumentValueError

    from azext_mltrouble.autoscale.errors import AutoscaleInputError
    from azext_mltrouble.render.text import one_line

    try:
        yield
    except AutoscaleInputError as error:
        raise InvalidArgumentValueError(
            one_line(f"{error.what} {error.why}"), recommendation=one_line(error.how)
        ) from error


def traffic_of_log(path: str) -> Traffic:
    """The requests of a log with the columns ``timestamp`` and ``duration``."""
    from azext_mltrouble.autoscale.traffic import read_request_log

    return _read(path, read_request_log)


def traffic_of_counts(path: str, request_time: float) -> Traffic:
    """Requests spread from a file with the columns ``timestamp`` and ``count``; ``request_time`` in seconds."""
    from azext_mltrouble.autoscale.traffic import read_request_counts

    return _read(path, lambda file: read_request_counts(file, request_time))


def _read(path: str, read: Callable[[TextIO], Traffic]) -> Traffic:
    from azure.cli.core.azclierror import FileOperationError

    from azext_mltrouble.render.text import one_line

    try:
        with open(path, encoding="utf-8-sig", newline="") as file, input_errors():
            return read(file)
    except OSError as error:
        raise FileOperationError(
            f"'{one_line(path)}' could not be read: {error.strerror or error}.",
            recommendation="Name a CSV file that exists and that you may read.",
        ) from error
