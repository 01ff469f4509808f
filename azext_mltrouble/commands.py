"""The command table: which function stands behind which command."""
from __future__ import annotations

from typing import Any

from azure.cli.core.commands import CliCommandType

from azext_mltrouble._validators import (
    validate_autoscale_apply,
    validate_autoscale_backtest,
    validate_autoscale_recommend,
    validate_collect,
    validate_diagnose,
    validate_image_log,
    validate_keyvault_check,
    validate_reports,
    validate_score,
    validate_service_log,
    validate_wait,
    validate_workspace,
)


def load_command_table(loader: Any) -> None:
    """Registers every command with az's ``loader``."""
    with loader.command_group("ml trouble", custom_command_type=_operations("diagnose")) as group:
        group.custom_command("diagnose", "diagnose", validator=validate_diagnose, table_transformer=_diagnose_table)
    with loader.command_group("ml trouble", custom_command_type=_operations("collect")) as group:
        group.custom_command("collect", "collect", validator=validate_collect, table_transformer=_collect_table)
    with loader.command_group("ml trouble", custom_command_type=_operations("explain")) as group:
        group.custom_command("explain", "explain", table_transformer=_explain_table)
    _load_reads_of_v1(loader)
    with loader.command_group("ml trouble keyvault", custom_command_type=_operations("keyvault")) as group:
        group.custom_command("check", "check", validator=validate_keyvault_check, table_transformer=_vault_table)
        group.custom_command("restore", "restore", validator=validate_workspace, table_transformer=_restore_table)
        group.custom_command(
            "check-template", "check_template", validator=validate_reports, table_transformer=_diagnose_table
        )
    with loader.command_group("ml trouble autoscale", custom_command_type=_operations("autoscale")) as group:
        group.custom_command(
            "recommend",
            "recommend",
            validator=validate_autoscale_recommend,
            table_transformer=_autoscale_recommend_table,
        )
        group.custom_command(
            "backtest", "backtest", validator=validate_autoscale_backtest, table_transformer=_autoscale_backtest_table
        )
    with loader.command_group("ml trouble autoscale", custom_command_type=_operations("autoscale_apply")) as group:
        group.custom_command(
            "apply", "apply", validator=validate_autoscale_apply, table_transformer=_autoscale_apply_table
        )


def _load_reads_of_v1(loader: Any) -> None:
    checked: dict[str, Any] = {"validator": validate_workspace}
    with loader.command_group("ml trouble model", custom_command_type=_operations("model")) as group:
        group.custom_command("list", "list_models", table_transformer=_model_table, **checked)
        group.custom_show_command("show", "show_model", table_transformer=_model_table, **checked)
    with loader.command_group("ml trouble image", custom_command_type=_operations("image")) as group:
        group.custom_command("list", "list_images", table_transformer=_image_table, **checked)
        group.custom_show_command("show", "show_image", table_transformer=_image_table, **checked)
        group.custom_command("log", "image_log", table_transformer=_log_table, validator=validate_image_log)
    with loader.command_group("ml trouble service", custom_command_type=_operations("service")) as group:
        group.custom_command("list", "list_services", table_transformer=_service_table, **checked)
        group.custom_show_command("show", "show_service", table_transformer=_service_table, **checked)
        group.custom_command("log", "service_log", table_transformer=_log_table, validator=validate_service_log)
        group.custom_command("wait", "wait_for_service", table_transformer=_wait_table, validator=validate_wait)
    with loader.command_group("ml trouble service", custom_command_type=_operations("score")) as group:
        group.custom_command("score", "score", table_transformer=_score_table, validator=validate_score)


def _operations(module: str) -> CliCommandType:
    return CliCommandType(operations_tmpl=f"azext_mltrouble.operations.{module}#{{}}")


def _diagnose_table(result: Any) -> Any:
    from azext_mltrouble.render.table import diagnose_table

    return diagnose_table(result)


def _vault_table(result: Any) -> Any:
    from azext_mltrouble.render.keyvault_table import check_table

    return check_table(result)


def _restore_table(result: Any) -> Any:
    from azext_mltrouble.render.keyvault_table import restore_table

    return restore_table(result)


def _collect_table(result: Any) -> Any:
    from azext_mltrouble.render.table import collect_table

    return collect_table(result)


def _explain_table(result: Any) -> Any:
    from azext_mltrouble.render.explain_table import explain_table

    return explain_table(result)


def _model_table(result: Any) -> Any:
    from azext_mltrouble.render.v1_table import model_table

    return model_table(result)


def _image_table(result: Any) -> Any:
    from azext_mltrouble.render.v1_table import image_table

    return image_table(result)


def _service_table(result: Any) -> Any:
    from azext_mltrouble.render.v1_table import service_table

    return service_table(result)


def _wait_table(result: Any) -> Any:
    from azext_mltrouble.render.v1_table import wait_table

    return wait_table(result)


def _score_table(result: Any) -> Any:
    from azext_mltrouble.render.v1_table import score_table

    return score_table(result)


def _log_table(result: Any) -> Any:
    from azext_mltrouble.render.log_table import log_table

    return log_table(result)


def _autoscale_recommend_table(result: Any) -> Any:
    from azext_mltrouble.render.autoscale_table import recommend_table

    return recommend_table(result)


def _autoscale_backtest_table(result: Any) -> Any:
    from azext_mltrouble.render.autoscale_table import backtest_table

    return backtest_table(result)


def _autoscale_apply_table(result: Any) -> Any:
    from azext_mltrouble.render.autoscale_table import apply_table

    return apply_table(result)
