"""The exit code after the output."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

from azext_mltrouble.operations.fail_on import EXIT_CODE, exit_after_output


class Cli:
    """knack's events, as far as they matter here."""

    def __init__(self) -> None:
        self.invocation = object()
        self.handlers: list[Any] = []

    def register_event(self, name: str, handler: Any) -> None:
        assert name == EVENT_CLI_SUCCESSFUL_EXECUTE
        self.handlers.append(handler)

    def unregister_event(self, name: str, handler: Any) -> None:
        assert name == EVENT_CLI_SUCCESSFUL_EXECUTE
        self.handlers.remove(handler)

    def succeed(self) -> None:
        for handler in list(self.handlers):
            handler(self, result=SimpleNamespace())


def report(*severities: str) -> dict[str, Any]:
    return {"findings": [{"severity": severity} for severity in severities]}


@pytest.mark.parametrize(
    ("reports", "fail_on", "exits"),
    [
        ([report("error")], "error", True),
        ([report("warning")], "error", False),
        ([report("info", "warning")], "warning", True),
        ([report("error")], "warning", True),
        ([report("info")], "warning", False),
        ([report("error")], "never", False),
        ([report()], "warning", False),
        ([report(), report("error")], "error", True),
    ],
    ids=str,
)
def test_the_exit_code_follows_the_severest_finding(reports: list[Any], fail_on: str, exits: bool) -> None:
    cli = Cli()
    exit_after_output(cli, reports, fail_on)
    if not exits:
        assert cli.handlers == []
        return
    with pytest.raises(SystemExit) as left:
        cli.succeed()
    assert left.value.code == EXIT_CODE == 10


def test_it_strikes_once_and_only_for_its_own_invocation() -> None:
    cli = Cli()
    exit_after_output(cli, [report("error")], "error")
    cli.invocation = object()  # the first one failed while printing; this is another command in the same process
    cli.succeed()
    assert cli.handlers == []
