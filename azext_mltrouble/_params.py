"""The options of each command."""
from __future__ import annotations

from typing import Any

from azure.cli.core.commands.parameters import file_type, get_enum_type
from knack.arguments import CLIArgumentType

from azext_mltrouble._completers import (
    complete_image_names,
    complete_model_names,
    complete_service_names,
    complete_target_names,
)

_NAME = CLIArgumentType(
    options_list=["--name", "-n"],
    completer=complete_target_names,
    help="Name of the web service (v1), or of an image (NAME or NAME:VERSION) of which no service came to be.",
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
_FAIL_ON = CLIArgumentType(
    arg_type=get_enum_type(["error", "warning", "never"]),
    help="Exit with code 10, after the full output, when there is a finding that is at least this severe.",
)
_REPORT = CLIArgumentType(
    nargs="+",
    type=file_type,
    help="Files to write the report to as well. The ending chooses the format: .html, .sarif, .xml (JUnit) or .md.",
)
_SERVICE_NAME = CLIArgumentType(
    options_list=["--name", "-n"], completer=complete_service_names, help="Name of the web service (v1)."
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
            help="Diagnose every web service (v1) of the workspace; its online endpoints (v2) are listed as unknown.",
            **target,
        )
        context.argument("fail_on", _FAIL_ON)
        context.argument("report", _REPORT)

    with loader.argument_context("ml trouble collect") as context:
        context.argument(
            "output_file",
            options_list=["--output-file", "-f"],
            type=file_type,
            help="The zip to write. By default, the name of the deployment and the time, in the current folder.",
        )

    with loader.argument_context("ml trouble explain") as context:
        context.argument("code", help="Code of the finding, such as MLT4103. By default, all codes are listed.")

    _load_reads_of_v1(loader)
    _load_autoscale(loader)
    _load_keyvault(loader)


def _load_keyvault(loader: Any) -> None:
    with loader.argument_context("ml trouble keyvault") as context:
        context.argument("fail_on", _FAIL_ON)
        context.argument("report", _REPORT)
        context.argument(
            "template",
            options_list=["--template", "-t"],
            type=file_type,
            help="The ARM template: JSON, with comments where there are any. Compile Bicep with `az bicep build`.",
        )
        context.argument(
            "parameters",
            options_list=["--parameters", "-p"],
            type=file_type,
            help="The JSON file with the parameters that the template is deployed with. By default, the template's "
            "own defaults.",
        )
    with loader.argument_context("ml trouble keyvault restore") as context:
        context.argument("yes", _YES, help="Do not prompt for confirmation.")


def _load_reads_of_v1(loader: Any) -> None:
    with loader.argument_context("ml trouble model") as context:
        context.argument(
            "name", options_list=["--name", "-n"], completer=complete_model_names, help="Name of the registered model."
        )
        context.argument("version", help="Version of the model. By default, the newest.")
    with loader.argument_context("ml trouble model list") as context:
        context.argument("name", help="Only the versions of this model.")

    with loader.argument_context("ml trouble image") as context:
        context.argument(
            "name",
            options_list=["--name", "-n"],
            completer=complete_image_names,
            help="Name of the image, or NAME:VERSION for one version.",
        )
        context.argument("version", help="Version of the image. By default, the newest.")
    with loader.argument_context("ml trouble image list") as context:
        context.argument("name", help="Only the versions of this image.")
    with loader.argument_context("ml trouble image log") as context:
        context.argument(
            "service",
            completer=complete_service_names,
            help="Name of a web service, in place of an image: the log of the build that its deployment made. Services "
            "that were deployed with an environment have no image of their own.",
        )
        context.argument(
            "uri_only",
            action="store_true",
            help="Return only the address of the log. It is signed: whoever has it can read the log until it expires, "
            "so treat it as a secret. This is the one place where a signature is shown.",
        )
        context.argument(
            "output_file",
            options_list=["--output-file", "-f"],
            type=file_type,
            help="Write the log to this file, with secrets masked.",
        )
        context.argument(
            "follow",
            action="store_true",
            help="Write the lines to standard output as they come, until the build has ended or Ctrl-C is pressed. "
            "--output and --query have no effect on them.",
        )

    with loader.argument_context("ml trouble service") as context:
        context.argument("name", _SERVICE_NAME)
    with loader.argument_context("ml trouble service log") as context:
        context.argument(
            "init",
            action="store_true",
            help="The log of the init container, which fetches the model, in place of the container's.",
        )
        context.argument("lines", type=int, help="How many of the last lines.")
        context.argument(
            "follow",
            action="store_true",
            help="Write the lines to standard output as they come, until Ctrl-C is pressed. --output and --query have "
            "no effect on them.",
        )
    with loader.argument_context("ml trouble service wait") as context:
        context.argument("interval", type=int, help="Polling interval in seconds.")
        context.argument("timeout", type=int, help="Maximum wait in seconds.")
        context.argument("fail_on", _FAIL_ON, help="Exit with code 10, after the full output, when the service fails.")
    with loader.argument_context("ml trouble service score") as context:
        context.argument(
            "data",
            options_list=["--data", "-d"],
            help="The request's body: JSON, @FILE for the JSON in a file, or `-` for standard input.",
        )
        context.argument("timeout", type=int, help="Maximum wait for the answer in seconds.")
        context.argument("fail_on", _FAIL_ON, help="Exit with code 10, after the full output, when the request fails.")


def _load_autoscale(loader: Any) -> None:
    for command in ("recommend", "backtest"):
        with loader.argument_context(f"ml trouble autoscale {command}") as context:
            _load_traffic(context)
            _load_goal(context)
    with loader.argument_context("ml trouble autoscale recommend") as context:
        traffic = {"arg_group": "Traffic"}
        context.argument("rps", type=float, help="Requests a second, on average.", **traffic)
        context.argument("peak_rps", type=float, help="Requests a second in the busiest minute.", **traffic)
        context.argument(
            "report",
            type=file_type,
            help="Write a page with load, capacity and refused requests over time to this .html file.",
        )
        context.argument("yes", _YES)
    with loader.argument_context("ml trouble autoscale backtest") as context:
        context.argument(
            "train_share",
            type=float,
            help="Share of the time that the policies are made from; they are judged on the rest.",
        )
        context.argument("min_replicas", type=int, help="Judge these settings in place of all policies: the minimum.")
        context.argument("max_replicas", type=int, help="Judge these settings in place of all policies: the maximum.")
        context.argument(
            "scale_down_after",
            type=float,
            arg_group="Router",
            help="Seconds for which fewer replicas must be wanted before the pool shrinks.",
        )
    with loader.argument_context("ml trouble autoscale apply") as context:
        context.argument("name", _SERVICE_NAME)
        context.argument("min_replicas", type=int, help="Fewest replicas.")
        context.argument("max_replicas", type=int, help="Most replicas.")
        context.argument(
            "target_utilization", type=int, help="Utilization that is aimed at, in percent. By default, unchanged."
        )
        context.argument("timeout", type=int, help="Maximum wait in seconds.")
        context.argument(
            "yes", options_list=["--yes", "-y"], action="store_true", help="Change the service without asking."
        )


def _load_traffic(context: Any) -> None:
    traffic = {"arg_group": "Traffic"}
    context.argument(
        "name",
        options_list=["--name", "-n"],
        completer=complete_service_names,
        help="Name of a web service on AKS: its settings and limits are taken into account, and its traffic is read "
        "from Application Insights unless another source is given.",
    )
    context.argument(
        "request_log",
        type=file_type,
        help="CSV file with the columns `timestamp` (ISO-8601 or epoch seconds) and `duration` (seconds), a line per "
        "request.",
        **traffic,
    )
    context.argument(
        "request_counts",
        type=file_type,
        help="CSV file with the columns `timestamp` and `count`, a line per period, at best a minute.",
        **traffic,
    )
    context.argument("request_time", type=float, help="Seconds that a request takes on average.", **traffic)
    context.argument(
        "last_days", type=int, help="Days to read from Application Insights, up to now.", **traffic
    )


def _load_goal(context: Any) -> None:
    goal, router = {"arg_group": "Goal"}, {"arg_group": "Router"}
    context.argument(
        "max_errors", type=float, help="Share of requests that may be refused, such as 0.001.", **goal
    )
    context.argument(
        "growth", type=float, help="Factor on the traffic that is expected, such as 1.2 for 20 percent more.", **goal
    )
    context.argument(
        "target_utilization", type=float, help="Target utilization of the guide's formula, in percent.", **goal
    )
    context.argument(
        "concurrency",
        type=int,
        help="Requests that a replica works on at a time. By default, the service's with --name, else 1.",
        **router,
    )
    context.argument(
        "queue_wait",
        type=float,
        help="Milliseconds that a request waits at most before it is refused; 0 for no queue. By default, the "
        "service's with --name, else 500.",
        **router,
    )
    context.argument("start_delay", type=float, help="Seconds until a new replica serves.", **router)
    context.argument(
        "smoothing",
        type=float,
        help="Seconds over which the router averages its demand; 0 for none. A recommendation always allows for 15.",
        **router,
    )
