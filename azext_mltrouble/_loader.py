"""The commands as az loads them: the table first, then the options of the command that was typed."""
from __future__ import annotations

from typing import Any

from azure.cli.core import AzCommandsLoader

from azext_mltrouble import _help  # noqa: F401  (registers the help texts)  # pylint: disable=unused-import


class TroubleCommandsLoader(AzCommandsLoader):  # type: ignore[misc]
    """Puts ``az ml trouble`` into az's command table."""

    # az writes the loader's module into its command index, and on the next call looks the extension up by that name.
    __module__ = "azext_mltrouble"

    def load_command_table(self, args: list[str] | None) -> Any:  # pylint: disable=unused-argument
        """The command table; ``args`` is what the user typed."""
        from azext_mltrouble.commands import load_command_table

        load_command_table(self)
        return self.command_table

    def load_arguments(self, command: str) -> None:  # pylint: disable=unused-argument
        """Describes the options of ``command``, for instance ``ml trouble diagnose``."""
        from azext_mltrouble._params import load_arguments

        load_arguments(self)
