"""The options of each command."""
from __future__ import annotations

from typing import Any

from azure.cli.core.commands.parameters import file_type, get_enum_type
from knack.arguments import CLIArgumentType

from azext_mltrouble._completers import complete_target_names

_NAME = CLIArgumentType(
    options_list=["--name", "-n"],
    completer=complete_target_names,
    help="Name of the web service (v1) or online endpoint (v2).",
)
_WORKSPACE_NAME = CLIArgumentType(
    options_list=["--workspace-name", "-w"],
    configured_default="workspace",
    help="Name of the Azure Machine Learning workspace. You can configure the default workspace using "
    "`az configure --defaults workspace=<name>`.",
)
_GENERATION = CLIArgumentType(
    arg_type=get_enum_type(["v1", "v2"]),
    help="Look only among web services (v1) or only among online endpoints (v2). By default, in both.",
)
_YES = CLIArgumentType(
    options_list=["--yes", "-y"], action="store_true", help="Overwrite existing files without asking."
)


def load_arguments(loader: Any) -> None:
    """Describes the options to az's ``loader``."""
    with loader.argument_context("ml trouble") as context:
        context.argument("name", _NAME)
        context.argument("workspace_name", _WORKSPACE_NAME)
        context.argument("generation", _GENERATION)
        context.argument("yes", _YES)

    with loader.argument_context("ml trouble diagnose") as context:
        target = {"arg_group": "Target"}
        context.argument("name", _NAME, **target)
        context.argument("workspace_name", _WORKSPACE_NAME, **target)
        context.argument("generation", _GENERATION, **target)
        context.argument(
            "log",
            nargs="+",
            type=file_type,
            help="Log files to diagnose without any login: a build log, a container log, the text of an error. "
            "`-` is standard input.",
            **target,
        )
        context.argument(
            "bundle",
            type=file_type,
            help="Evidence that `az ml trouble collect` has written. Needs no login.",
            **target,
        )
        context.argument(
            "all_targets",
            options_list=["--all"],
            action="store_true",
            help="Diagnose every web service and online endpoint of the workspace.",
            **target,
        )
        context.argument(
            "fail_on",
            arg_type=get_enum_type(["error", "warning", "never"]),
            help="Exit with code 10, after the full output, when there is a finding that is at least this severe.",
        )
        context.argument(
            "report",
            nargs="+",
            type=file_type,
            help="Files to write the report to as well. The ending chooses the format: .html, .sarif, .xml (JUnit) "
            "or .md.",
        )

    with loader.argument_context("ml trouble collect") as context:
        context.argument(
            "output_file",
            options_list=["--output-file", "-f"],
            type=file_type,
            help="The zip to write. By default, the name of the deployment and the time, in the current folder.",
        )

    with loader.argument_context("ml trouble explain") as context:
        context.argument("code", help="Code of the finding, such as MLT4103. By default, all codes are listed.")
