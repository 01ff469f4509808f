"""The command table: which function stands behind which command."""
from __future__ import annotations

from typing import Any

from azure.cli.core.commands import CliCommandType

from azext_mltrouble._validators import validate_collect, validate_diagnose


def load_command_table(loader: Any) -> None:
    """Registers every command with az's ``loader``."""
    with loader.command_group("ml trouble", custom_command_type=_operations("diagnose")) as group:
        group.custom_command("diagnose", "diagnose", validator=validate_diagnose, table_transformer=_diagnose_table)
    with loader.command_group("ml trouble", custom_command_type=_operations("collect")) as group:
        group.custom_command("collect", "collect", validator=validate_collect, table_transformer=_collect_table)
    with loader.command_group("ml trouble", custom_command_type=_operations("explain")) as group:
        group.custom_command("explain", "explain", table_transformer=_explain_table)


def _operations(module: str) -> CliCommandType:
    return CliCommandType(operations_tmpl=f"azext_mltrouble.operations.{module}#{{}}")


def _diagnose_table(result: Any) -> Any:
    from azext_mltrouble.render.table import diagnose_table

    return diagnose_table(result)


def _collect_table(result: Any) -> Any:
    from azext_mltrouble.render.table import collect_table

    return collect_table(result)


def _explain_table(result: Any) -> Any:
    from azext_mltrouble.render.explain_table import explain_table

    return explain_table(result)
