"""Exit code 10 for a diagnosis that found something, together with the full output.

az prints what a command returns and then exits with 0; a command that raises prints nothing. The one place after the
output where the exit code can still be chosen is az's event for a successful command.
"""
from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

#: 1, 2 and 3 are taken: az's errors, argparse's errors, not found.
EXIT_CODE = 10

_SEVERE_ENOUGH = {"error": ("error",), "warning": ("error", "warning"), "never": ()}


def exit_after_output(cli_ctx: Any, reports: Iterable[dict[str, Any]], fail_on: str) -> None:
    """Makes the running command exit with 10 after its output if ``reports`` hold a finding as severe as ``fail_on``.

    ``fail_on`` is ``error``, ``warning`` or ``never``. Without such a finding nothing is registered, so that callers
    in the same process (``az interactive``, other extensions) go on as after any command.
    """
    severe = _SEVERE_ENOUGH[fail_on]
    if any(finding["severity"] in severe for report in reports for finding in report["findings"]):
        leave_after_output(cli_ctx)


def leave_after_output(cli_ctx: Any) -> None:
    """Makes the running command exit with 10 after its output."""
    from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

    invocation = cli_ctx.invocation

    def leave(cli: Any, **_: Any) -> None:
        cli.unregister_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)
        if cli.invocation is invocation:
            if sys.stdout:  # None where the caller has closed it
                sys.stdout.flush()
            sys.exit(EXIT_CODE)

    cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)
