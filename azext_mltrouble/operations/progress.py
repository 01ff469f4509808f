"""What is going on, on standard error, as az's own long-running commands show it."""
from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable


@contextmanager
def progress_of(cli_ctx: Any) -> Iterator[Callable[[str], None]]:
    """Gives a function that shows one line of progress.

    Shows nothing with ``--only-show-errors`` or ``core.disable_progress_bar``, or when stderr is no terminal.
    """
    quiet = cli_ctx.only_show_errors or cli_ctx.config.getboolean("core", "disable_progress_bar", False)
    if quiet or not sys.stderr.isatty():
        yield lambda message: None
        return

    from azure.cli.core.commands.progress import IndeterminateProgressBar

    indicator = IndeterminateProgressBar(cli_ctx)
    indicator.begin()
    try:
        yield indicator.update_progress_with_msg
    finally:
        indicator.end()
