"""What the options may be together. Each validator reads az's parsed namespace and raises az's usage errors."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from azure.cli.core.azclierror import (
    ArgumentUsageError,
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)

#: How a diagnosis is pointed at something: option, attribute in the namespace.
_TARGET_OPTIONS = (("--name", "name"), ("--log", "log"), ("--bundle", "bundle"), ("--all", "all_targets"))


def validate_diagnose(namespace: Any) -> None:
    """Exactly one target; a workspace for a live one; `--generation` only with a live one."""
    given = [option for option, attribute in _TARGET_OPTIONS if getattr(namespace, attribute)]
    if not given:
        raise RequiredArgumentMissingError(
            "There is nothing to diagnose: none of --name, --log, --bundle and --all is given.",
            recommendation=[
                "Name a deployment: az ml trouble diagnose --name mysvc --workspace-name myws --resource-group myrg",
                "Or name a log, which needs no login: az ml trouble diagnose --log build.log",
            ],
        )
    if len(given) > 1:
        raise MutuallyExclusiveArgumentError(
            f"{_and(given)} cannot be used together: a diagnosis has one target.",
            recommendation="Use one of --name, --log, --bundle and --all; --log takes several files.",
        )
    if namespace.name or namespace.all_targets:
        _require_workspace(namespace)
    else:
        _refuse_generation(namespace, given[0])
    validate_reports(namespace)


def validate_keyvault_check(namespace: Any) -> None:
    """A workspace, and report files of known formats."""
    _require_workspace(namespace)
    validate_reports(namespace)


def validate_reports(namespace: Any) -> None:
    """Report files of known formats, if any."""
    if namespace.report:
        from azext_mltrouble.render.report_file import check_report_path

        for report in namespace.report:
            check_report_path(report)


def validate_collect(namespace: Any) -> None:
    """A workspace to collect from and a zip to write to."""
    _require_workspace(namespace)
    if namespace.output_file and Path(namespace.output_file).suffix.lower() != ".zip":
        raise InvalidArgumentValueError(
            f"--output-file '{namespace.output_file}' does not end in .zip, but the evidence is written as a zip.",
            recommendation=f"Use --output-file {Path(namespace.output_file).with_suffix('.zip')}",
        )


def validate_workspace(namespace: Any) -> None:
    """A workspace to read."""
    _require_workspace(namespace)


def validate_image_log(namespace: Any) -> None:
    """An image or a service; one way to get the log."""
    _require_workspace(namespace)
    if bool(namespace.name) == bool(namespace.service):
        raise (MutuallyExclusiveArgumentError if namespace.name else RequiredArgumentMissingError)(
            "--name and --service cannot be used together: each names a build."
            if namespace.name
            else "It is not clear whose build log to fetch: neither --name nor --service is given.",
            recommendation="Name the image with --name NAME[:VERSION], or with --service the service that was deployed "
            "with an environment.",
        )
    if namespace.service and namespace.version:
        raise ArgumentUsageError(
            "--version cannot be used with --service: a service has one build.",
            recommendation="Leave out --version, or name the image with --name.",
        )
    ways = (("--uri-only", "uri_only"), ("--output-file", "output_file"), ("--follow", "follow"))
    given = [option for option, attribute in ways if getattr(namespace, attribute)]
    if len(given) > 1:
        raise MutuallyExclusiveArgumentError(
            f"{_and(given)} cannot be used together.",
            recommendation="Use one of them; what --follow shows can be redirected: --follow > build.log",
        )


def validate_service_log(namespace: Any) -> None:
    """A workspace, and at least one line."""
    _require_workspace(namespace)
    _require_positive("--lines", namespace.lines)


def validate_wait(namespace: Any) -> None:
    """A workspace, and times that can pass."""
    _require_workspace(namespace)
    _require_positive("--interval", namespace.interval)
    _require_positive("--timeout", namespace.timeout)


def validate_score(namespace: Any) -> None:
    """A workspace, and a time that can pass."""
    _require_workspace(namespace)
    _require_positive("--timeout", namespace.timeout)


#: Where traffic comes from: option, attribute in the namespace.
_TRAFFIC_OPTIONS = (("--request-log", "request_log"), ("--request-counts", "request_counts"), ("--rps", "rps"))


def validate_autoscale_recommend(namespace: Any) -> None:
    """One source of traffic, what belongs to it, and a page to write."""
    given = _one_source_of_traffic(namespace, ("--rps", "--request-time"))
    if namespace.peak_rps is not None and given != "--rps":
        raise ArgumentUsageError(
            "--peak-rps can only be used with --rps: a log and counts have their own peaks.",
            recommendation="Leave out --peak-rps, or give figures: --rps 20 --peak-rps 60 --request-time 0.5",
        )
    if namespace.report and Path(namespace.report).suffix.lower() != ".html":
        raise InvalidArgumentValueError(
            f"--report '{namespace.report}' does not end in .html, but the report is a page.",
            recommendation=f"Use --report {Path(namespace.report).with_suffix('.html')}",
        )


def validate_autoscale_backtest(namespace: Any) -> None:
    """One source of traffic, and both bounds of the replicas or none."""
    _one_source_of_traffic(namespace, None)
    if (namespace.min_replicas is None) != (namespace.max_replicas is None):
        raise ArgumentUsageError(
            "--min-replicas and --max-replicas can only be used together.",
            recommendation="Give both to judge these settings, or neither to judge all policies.",
        )


def validate_autoscale_apply(namespace: Any) -> None:
    """A workspace, and settings that can be."""
    _require_workspace(namespace)
    _require_positive("--min-replicas", namespace.min_replicas)
    _require_positive("--timeout", namespace.timeout)
    if namespace.max_replicas < namespace.min_replicas:
        raise InvalidArgumentValueError(
            f"--max-replicas {namespace.max_replicas} is below --min-replicas {namespace.min_replicas}.",
            recommendation=f"Use --max-replicas {namespace.min_replicas} or more.",
        )
    if namespace.target_utilization is not None and not 1 <= namespace.target_utilization <= 100:
        raise InvalidArgumentValueError(
            f"--target-utilization {namespace.target_utilization} is no percentage.",
            recommendation="Use a whole number from 1 to 100: --target-utilization 70",
        )


def _one_source_of_traffic(namespace: Any, figures: tuple[str, str] | None) -> str:
    """The option that names the traffic. ``figures``: the options for bare figures, where they are enough."""
    given = [option for option, attribute in _TRAFFIC_OPTIONS if getattr(namespace, attribute, None) is not None]
    if len(given) > 1:
        raise MutuallyExclusiveArgumentError(
            f"{_and(given)} cannot be used together: they describe the same traffic.",
            recommendation="Use the best that you have: a log, then counts, then figures.",
        )
    if namespace.name:
        _require_workspace(namespace)
    elif not given:
        ways = ["a log, --request-log FILE with the columns timestamp,duration"]
        ways.append("counts, --request-counts FILE with the columns timestamp,count, and --request-time SECONDS")
        if figures:
            ways.append("figures, --rps NUMBER and --request-time SECONDS")
        raise RequiredArgumentMissingError(
            "There is no traffic to compute with.",
            recommendation=[f"Give {way}." for way in ways]
            + ["Or name a service that reports to Application Insights: --name NAME"],
        )
    source = given[0] if given else "--name"
    if source in ("--request-counts", "--rps") and namespace.request_time is None:
        raise RequiredArgumentMissingError(
            f"{source} does not say how long a request takes, and --request-time is not given.",
            recommendation="Add the mean in seconds: --request-time 0.5",
        )
    if source not in ("--request-counts", "--rps") and namespace.request_time is not None:
        raise ArgumentUsageError(
            f"--request-time cannot be used with {source}: the durations are in it.",
            recommendation="Leave out --request-time.",
        )
    if source == "--name":
        _require_positive("--last-days", namespace.last_days)
    return source


def _require_positive(option: str, number: int) -> None:
    if number < 1:
        raise InvalidArgumentValueError(
            f"{option} {number} is too small.", recommendation=f"Use a whole number from 1 on: {option} 10"
        )


def _require_workspace(namespace: Any) -> None:
    missing = [
        option
        for option, value in (
            ("--workspace-name", namespace.workspace_name),
            ("--resource-group", namespace.resource_group_name),
        )
        if not value
    ]
    if missing:
        raise RequiredArgumentMissingError(
            f"It is not clear which workspace to look in: {_and(missing)} not given, and no default is set.",
            recommendation=[
                "Add --workspace-name NAME --resource-group GROUP.",
                "Or set them once: az configure --defaults workspace=NAME group=GROUP",
            ],
        )


def _refuse_generation(namespace: Any, target: str) -> None:
    if namespace.generation:
        raise ArgumentUsageError(
            f"--generation cannot be used with {target}: it narrows the search for a live deployment.",
            recommendation="Leave out --generation, or name the deployment with --name.",
        )


def _and(words: list[str]) -> str:
    """``["a", "b", "c"]`` as ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
