"""``-o table`` of models, images and services of v1: a row each for a list, a page for one.

az writes the first letter of a column's name large, so a page is headed by a state or a version, never by a name.
"""
from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from .table import WIDTH, Row, ascii_cell, root_cause_sections, two_columns
from .text import clip, one_line, wrap
from .wording import headline

#: Columns of a page's value: what is left beside the longest label.
_VALUE_WIDTH = WIDTH - len("Description") - 2
_PROSE_LIMIT = 500
_ANSWER_LIMIT = 2000
_NAME_LIMIT = 32


def model_table(result: Any) -> list[Row]:
    """Rows for ``model list`` and ``model show``."""
    if isinstance(result, list):
        return [
            OrderedDict(
                Name=ascii_cell(one.get("name"), _NAME_LIMIT),
                Version=ascii_cell(_text(one.get("version")), 8),
                Framework=ascii_cell(one.get("framework"), 14),
                Created=_time(one.get("createdTime")),
            )
            for one in result
        ]
    sections = [
        ("Model", _prose([result.get("name")])),
        ("Framework", _prose([result.get("framework"), result.get("frameworkVersion")])),
        ("Created", _prose([_time(result.get("createdTime")), _creator(result)])),
        ("Run", _prose([result.get("experimentName"), result.get("runId")])),
        ("Tags", _prose(_pairs(result.get("kvTags")))),
        ("Properties", _prose(_pairs(result.get("properties")))),
        ("Description", _prose([result.get("description")])),
        ("Address", _prose([result.get("url")])),
    ]
    return two_columns("Version", one_line(_text(result.get("version"))) or "unknown", sections, _VALUE_WIDTH)


def image_table(result: Any) -> list[Row]:
    """Rows for ``image list`` and ``image show``."""
    if isinstance(result, list):
        rows = []
        for one in result:
            row = OrderedDict(
                Name=ascii_cell(one.get("name"), _NAME_LIMIT),
                Version=ascii_cell(_text(one.get("version")), 8),
                State=ascii_cell(one.get("creationState"), 12),
            )
            row["Build log"] = ascii_cell(one.get("buildLog"), 10)
            row["Created"] = _time(one.get("createdTime"))
            rows.append(row)
        return rows
    sections = [
        ("Image", _prose([result.get("id")])),
        ("Error", _error(result.get("error"))),
        ("Created", _prose([_time(result.get("createdTime"))])),
        ("Location", _prose([result.get("imageLocation")])),
        ("Models", _prose(result.get("modelIds") or [])),
        ("Script", _prose([result.get("driverProgram")])),
        ("Tags", _prose(_pairs(result.get("kvTags")))),
        ("Build log", _prose([result.get("buildLog")])),
    ]
    return two_columns("State", one_line(_text(result.get("creationState"))) or "unknown", sections, _VALUE_WIDTH)


def service_table(result: Any) -> list[Row]:
    """Rows for ``service list`` and ``service show``."""
    if isinstance(result, list):
        return [
            OrderedDict(
                Name=ascii_cell(one.get("name"), _NAME_LIMIT),
                State=ascii_cell(one.get("state"), 13),
                Compute=ascii_cell(one.get("computeType"), 11),
                Image=ascii_cell(_image(one), _NAME_LIMIT),
            )
            for one in result
        ]
    migration = result["migration"]
    resources = result.get("containerResourceRequirements") or {}
    sections = [
        ("Service", _prose([result.get("name")])),
        ("Error", _error(result.get("error"))),
        ("Compute", _prose([result.get("computeType"), result.get("computeName")])),
        ("Image", _prose([_image(result)])),
        ("Models", _prose([_text(one.get("id")) for one in result.get("models") or [] if isinstance(one, dict)])),
        ("Resources", _prose(_pairs({key: resources.get(key) for key in ("cpu", "memoryInGB", "gpu")}))),
        ("Replicas", _prose(_pairs(result.get("deploymentStatus")))),
        ("Calls", _prose([_authentication(result)])),
        ("Address", _prose([result.get("scoringUri")])),
        ("Updated", _prose([_time(result.get("updatedTime")), _creator(result)])),
        ("Tags", _prose(_pairs(result.get("kvTags")))),
        ("Next", [*_prose([migration["text"]]), migration["docUrl"]]),
    ]
    return two_columns("State", one_line(_text(result.get("state"))) or "unknown", sections, _VALUE_WIDTH)


def wait_table(result: dict[str, Any]) -> list[Row]:
    """Rows for ``service wait``."""
    sections = [("Service", _prose([result["name"]])), *_diagnosis(result["diagnosis"])]
    return two_columns("State", one_line(f"{result['state']} after {result['seconds']} s"), sections)


def score_table(result: dict[str, Any]) -> list[Row]:
    """Rows for ``service score``."""
    answer = result["answer"]
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    sections = [
        ("Service", _prose([result["name"], result["scoringUri"]])),
        ("Call", _prose([f"authentication: {result['auth']}"])),
        ("Headers", [line for pair in result["headers"].items() for line in _prose([": ".join(pair)])]),
        ("Answer", wrap(clip(one_line(text), _ANSWER_LIMIT), _VALUE_WIDTH)),
        *_diagnosis(result["diagnosis"]),
    ]
    status = one_line(f"{result['status']} {result['reason']} in {result['durationMs']} ms")
    return two_columns("Status", status, sections)


def _diagnosis(report: dict[str, Any] | None) -> list[tuple[str, list[str]]]:
    if report is None:
        return []
    root_cause = report["rootCause"]
    return [("Verdict", [headline(report)]), *(root_cause_sections(root_cause) if root_cause else [])]


def _prose(parts: list[Any]) -> list[str]:
    return wrap(clip(", ".join(one_line(part) for part in parts if part not in (None, "")), _PROSE_LIMIT), _VALUE_WIDTH)


def _pairs(mapping: Any) -> list[str]:
    values = mapping if isinstance(mapping, dict) else {}
    return [f"{key} {value}" for key, value in values.items() if value is not None]


def _error(error: Any) -> list[str]:
    if not isinstance(error, dict):
        return []
    return _prose([": ".join(_text(error.get(key)) for key in ("code", "message") if error.get(key))])


def _image(service: dict[str, Any]) -> str:
    """The service's image, or the environment that it was deployed with."""
    if service.get("imageId"):
        return _text(service["imageId"])
    request = service.get("environmentImageRequest") or {}
    environment = request.get("environment") or request.get("environmentReference") or {}
    return f"environment {environment.get('name')}:{environment.get('version')}" if environment else ""


def _authentication(service: dict[str, Any]) -> str:
    if service.get("aadAuthEnabled"):
        return "with a token"
    return "with a key" if service.get("authEnabled") else "without authentication"


def _creator(payload: dict[str, Any]) -> Any:
    creator = payload.get("createdBy")
    return creator.get("userName") if isinstance(creator, dict) else None


def _time(value: Any) -> str:
    """``2026-11-02T08:15:30.41+00:00`` to the second."""
    return ascii_cell(_text(value), 64)[:19].replace("T", " ")


def _text(value: Any) -> str:
    return "" if value is None else str(value)
