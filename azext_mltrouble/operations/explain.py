"""``az ml trouble explain``: what a finding means, without any deployment."""
from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.cli.core.azclierror import ResourceNotFoundError


def explain(code: str | None = None) -> dict[str, Any] | list[dict[str, Any]]:
    """One code in full, or without a code the list of all. Raises ResourceNotFoundError for an unknown code."""
    from azext_mltrouble.diagnosis import explanation

    if code is None:
        return explanation.list_codes()
    try:
        return explanation.explain(_canonical(code))
    except KeyError as error:
        raise _unknown(code, [one["code"] for one in explanation.list_codes()]) from error


def _canonical(code: str) -> str:
    """``mlt4103`` and ``4103`` are as good as ``MLT4103``."""
    digits = re.fullmatch(r"\s*(?:MLT)?-?(\d{4})\s*", code, re.IGNORECASE | re.ASCII)
    return f"MLT{digits[1]}" if digits else code


def _unknown(code: str, known: list[str]) -> ResourceNotFoundError:
    from azure.cli.core.azclierror import ResourceNotFoundError

    close = difflib.get_close_matches(_canonical(code).upper(), known, n=3)
    recommendation = ["List all codes: az ml trouble explain --output table"]
    if close:
        recommendation.insert(0, f"Did you mean {' or '.join(close)}?")
    return ResourceNotFoundError(f"There is no finding with the code '{code}'.", recommendation=recommendation)
