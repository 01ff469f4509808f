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

from azext_mltrouble._validators import (
    validate_collect,
    validate_diagnose,
    validate_image_log,
    validate_score,
    validate_service_log,
    validate_wait,
    validate_workspace,
)

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


@pytest.mark.parametrize("validate", [validate_workspace, validate_image_log, validate_service_log, validate_wait])
def test_reading_needs_a_workspace(validate: Any) -> None:
    with pytest.raises(RequiredArgumentMissingError, match="--workspace-name and --resource-group"):
        validate(options(name="svc"))


@pytest.mark.parametrize(
    ("given", "error", "mentions"),
    [
        ({}, RequiredArgumentMissingError, "--name nor --service"),
        ({"name": "image", "service": "svc"}, MutuallyExclusiveArgumentError, "--name and --service"),
        ({"service": "svc", "version": "1"}, ArgumentUsageError, "--version"),
        ({"name": "image", "uri_only": True, "follow": True}, MutuallyExclusiveArgumentError, "--uri-only and"),
        ({"name": "image", "output_file": "f", "follow": True}, MutuallyExclusiveArgumentError, "--output-file"),
    ],
    ids=str,
)
def test_a_build_log_is_asked_for_in_one_way(given: dict[str, Any], error: type[Exception], mentions: str) -> None:
    log = {"service": None, "version": None, "uri_only": False, "follow": False, **LIVE}
    validate_image_log(options(**log, name="image"))
    with pytest.raises(error, match=mentions) as raised:
        validate_image_log(options(**{**log, **given}))
    assert raised.value.recommendations  # type: ignore[attr-defined]


def test_numbers_begin_with_one() -> None:
    for validate, names in ((validate_service_log, ("lines",)), (validate_wait, ("interval", "timeout")),
                            (validate_score, ("timeout",))):  # fmt: skip
        validate(options(**LIVE, **dict.fromkeys(names, 1)))
        for name in names:
            with pytest.raises(InvalidArgumentValueError, match=f"--{name} 0"):
                validate(options(**LIVE, **{**dict.fromkeys(names, 1), name: 0}))
