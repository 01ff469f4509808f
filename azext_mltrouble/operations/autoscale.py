"""``az ml trouble autoscale recommend`` and ``backtest``: how many replicas, and what they would have done."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azext_mltrouble.operations.autoscale_target import AksService, open_service
from azext_mltrouble.operations.autoscale_traffic import input_errors, traffic_of_counts, traffic_of_log

if TYPE_CHECKING:
    from azext_mltrouble.autoscale.settings import Router, Settings
    from azext_mltrouble.autoscale.traffic import Traffic

#: Slices of time in a picture: as wide as the text sketch, or as the page.
_SKETCH_SLICES, _PAGE_SLICES = 80, 240


def recommend(  # pylint: disable=too-many-locals  # an option of the command is an argument
    cmd: Any,
    *,
    name: str | None = None,
    workspace_name: str | None = None,
    resource_group_name: str | None = None,
    request_log: str | None = None,
    request_counts: str | None = None,
    rps: float | None = None,
    peak_rps: float | None = None,
    request_time: float | None = None,
    last_days: int = 7,
    target_utilization: float = 70,
    concurrency: int | None = None,
    queue_wait: float | None = None,
    start_delay: float = 60,
    smoothing: float = 0,
    growth: float = 1.2,
    max_errors: float = 0.001,
    report: str | None = None,
    yes: bool = False,
) -> dict[str, Any]:
    """The recommendation, from a log, counts, figures or Application Insights; with ``name`` also why 503 now."""
    from azext_mltrouble.autoscale.recommendation import Goal, Service
    from azext_mltrouble.autoscale.recommendation import recommend as recommended
    from azext_mltrouble.autoscale.traffic import Figures

    if report:
        from azext_mltrouble.operations.files import make_sure_writable

        make_sure_writable(Path(report), yes)
    service = open_service(cmd, resource_group_name, workspace_name, name) if name else None
    with input_errors():
        goal = Goal(max_errors, growth, target_utilization / 100)
        router = _router(service, queue_wait, start_delay, smoothing)
        slots = _concurrency(service, concurrency)
        traffic: Traffic | Figures
        if rps is not None:
            traffic = Figures(rps, request_time or 0.0, peak_rps)
        else:
            traffic = _traffic(service, request_log, request_counts, request_time, last_days)
        known = service.described() if service else Service()
        result: dict[str, Any] = {"service": None, **recommended(traffic, goal, router, slots, known), "timelines": []}
        if service:
            result["service"] = service.shown
            result["reasons"] = service.seen_now + result["reasons"]
            result["warnings"] = service.warnings + result["warnings"]
        wants_sketch = cmd.cli_ctx.invocation.data.get("output") == "table"
        if not isinstance(traffic, Figures) and (report or wants_sketch):
            settings = _pictured(result, slots, known.current)
            result["timelines"] = _timelines(traffic, settings, router, _PAGE_SLICES if report else _SKETCH_SLICES)
    if report:
        _write_page(result, report, name)
    return result


def backtest(  # pylint: disable=too-many-locals  # as above
    cmd: Any,
    *,
    name: str | None = None,
    workspace_name: str | None = None,
    resource_group_name: str | None = None,
    request_log: str | None = None,
    request_counts: str | None = None,
    request_time: float | None = None,
    last_days: int = 7,
    train_share: float = 0.5,
    min_replicas: int | None = None,
    max_replicas: int | None = None,
    target_utilization: float = 70,
    concurrency: int | None = None,
    queue_wait: float | None = None,
    start_delay: float = 60,
    smoothing: float = 0,
    scale_down_after: float = 60,
    growth: float = 1.2,
    max_errors: float = 0.001,
) -> dict[str, Any]:
    """What settings, or all policies, would have done on the part of the traffic that they were not made from."""
    from azext_mltrouble.autoscale.backtest import backtest as backtested
    from azext_mltrouble.autoscale.recommendation import Goal
    from azext_mltrouble.autoscale.settings import Settings

    service = open_service(cmd, resource_group_name, workspace_name, name) if name else None
    with input_errors():
        goal = Goal(max_errors, growth, target_utilization / 100)
        router = replace(
            _router(service, queue_wait, start_delay, smoothing), scale_down_after=scale_down_after
        )
        slots = _concurrency(service, concurrency)
        given = None
        if min_replicas is not None and max_replicas is not None:
            given = Settings(min_replicas, max_replicas, target_utilization / 100, slots)
        traffic = _traffic(service, request_log, request_counts, request_time, last_days)
        current = service.scaling.settings if service else None
        return backtested(traffic, goal, router, slots, train_share, given=given, current=current)


def _router(service: AksService | None, queue_wait: float | None, start_delay: float, smoothing: float) -> Router:
    """``queue_wait`` in milliseconds, the other times in seconds."""
    from azext_mltrouble.autoscale.settings import Router

    router = Router(start_delay=start_delay, smoothing=smoothing)
    if service:
        router = replace(router, queue_wait=service.scaling.queue_wait, refresh=service.scaling.refresh)
    return router if queue_wait is None else replace(router, queue_wait=queue_wait / 1000)


def _concurrency(service: AksService | None, concurrency: int | None) -> int:
    if concurrency is not None:
        return concurrency
    return service.scaling.concurrency if service else 1


def _traffic(
    service: AksService | None,
    request_log: str | None,
    request_counts: str | None,
    request_time: float | None,
    last_days: int,
) -> Traffic:
    if request_log:
        return traffic_of_log(request_log)
    if request_counts:
        return traffic_of_counts(request_counts, request_time or 0.0)
    from azext_mltrouble.operations.autoscale_insights import traffic_of_service

    assert service is not None  # the validator asks for a file, for figures or for a service
    return traffic_of_service(service, last_days)


def _pictured(result: dict[str, Any], concurrency: int, current: Settings | None) -> dict[str, Settings]:
    """The settings to draw, under the names in the picture."""
    from azext_mltrouble.autoscale.settings import Settings

    named = {"current": current} if current else {}
    for title, part in (("guide", result["guide"]), ("recommended", result["recommendation"])):
        named[title] = Settings(
            part["minReplicas"], part["maxReplicas"], part["targetUtilization"] / 100, concurrency
        )
    return named


def _timelines(traffic: Traffic, named: dict[str, Settings], router: Router, slices: int) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from azext_mltrouble.autoscale.timeline import timelines

    return [
        {
            **asdict(line),
            "load": [round(value, 3) for value in line.load],
            "capacity": [round(value, 3) for value in line.capacity],
            "refused": list(line.refused),
        }
        for line in timelines(traffic, named, router, slices)
    ]


def _write_page(result: dict[str, Any], path: str, name: str | None) -> None:
    from azext_mltrouble.render.autoscale_html import render_autoscale_html
    from azext_mltrouble.render.report_file import write_text

    title = f"Replicas for {name}" if name else "Replicas for this traffic"
    write_text(render_autoscale_html(title, result, result["timelines"]), path)
