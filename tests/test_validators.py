"""Which options go together, and what az says when they do not."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import (
    ArgumentUsageError,
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)

from azext_mltrouble._validators import validate_collect, validate_diagnose

LIVE = {"workspace_name": "ws", "resource_group_name": "rg"}


def options(**given: Any) -> SimpleNamespace:
    nothing = dict.fromkeys(
        ("name", "log", "bundle", "workspace_name", "resource_group_name", "generation", "report", "output_file")
    )
    return SimpleNamespace(**{**nothing, "all_targets": False, "yes": False, **given})


@pytest.mark.parametrize(
    "given",
    [
        {"name": "svc", **LIVE},
        {"name": "svc", "generation": "v1", **LIVE},
        {"all_targets": True, "generation": "v2", **LIVE},
        {"log": ["build.log", "-"]},
        {"log": ["build.log"], **LIVE},  # az configure --defaults fills these in
        {"bundle": "svc.zip", "report": ["a.html", "b.SARIF", "c.xml", "d.md"]},
    ],
    ids=str,
)
def test_good_combinations_pass(given: dict[str, Any]) -> None:
    validate_diagnose(options(**given))


@pytest.mark.parametrize(
    ("given", "error", "mentions"),
    [
        ({}, RequiredArgumentMissingError, "--name"),
        ({"name": "svc", "log": ["x"], **LIVE}, MutuallyExclusiveArgumentError, "--name and --log"),
        ({"bundle": "b.zip", "all_targets": True, **LIVE}, MutuallyExclusiveArgumentError, "--bundle and --all"),
        ({"name": "svc"}, RequiredArgumentMissingError, "--workspace-name and --resource-group"),
        ({"name": "svc", "workspace_name": "ws"}, RequiredArgumentMissingError, "--resource-group"),
        ({"all_targets": True, "resource_group_name": "rg"}, RequiredArgumentMissingError, "--workspace-name"),
        ({"log": ["x"], "generation": "v1"}, ArgumentUsageError, "--generation"),
        ({"log": ["x"], "report": ["report.txt"]}, InvalidArgumentValueError, "report.txt"),
        ({"log": ["x"], "report": ["report"]}, InvalidArgumentValueError, "does not end"),
    ],
    ids=str,
)
def test_bad_combinations_say_what_and_how(given: dict[str, Any], error: type[Exception], mentions: str) -> None:
    with pytest.raises(error, match=mentions) as raised:
        validate_diagnose(options(**given))
    assert raised.value.recommendations  # type: ignore[attr-defined]


def test_collect_needs_a_workspace_and_writes_a_zip() -> None:
    validate_collect(options(name="svc", output_file="svc.zip", **LIVE))
    validate_collect(options(name="svc", **LIVE))
    with pytest.raises(RequiredArgumentMissingError, match="--workspace-name and --resource-group"):
        validate_collect(options(name="svc"))
    with pytest.raises(InvalidArgumentValueError, match=r"svc\.tar") as raised:
        validate_collect(options(name="svc", output_file="svc.tar", **LIVE))
    assert "svc.zip" in raised.value.recommendations[0]
