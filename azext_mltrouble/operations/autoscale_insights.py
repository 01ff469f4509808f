"""The requests that a service of v1 has reported to Application Insights.

Only requests that reached a replica are there: those that the router refused (503) are not, so the load is at least
this. (azureml-inference-server-http writes one entry of ``requests`` for each call of run().)
"""
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from azext_mltrouble.operations.autoscale_traffic import input_errors

if TYPE_CHECKING:
    from azext_mltrouble.autoscale.traffic import Traffic
    from azext_mltrouble.operations.autoscale_target import AksService
    from azext_mltrouble.operations.v1_workspace import OpenWorkspace

#: What one query answers at most; a longer time is read as counts per minute.
_MOST_ROWS = 300_000
_FILES = (
    "Give a log or counts: --request-log FILE (timestamp,duration), or --request-counts FILE (timestamp,count) with "
    "--request-time.",
    "Or give figures: --rps with --request-time.",
)


def traffic_of_service(service: AksService, days: int) -> Traffic:
    """The requests of the last ``days``. Raises ResourceNotFoundError where there are none to be found."""
    from azure.cli.core.azclierror import ResourceNotFoundError

    from azext_mltrouble.cloud import arm

    name, opened = service.scaling.name, service.opened
    workspace = arm.workspace(opened.session, opened.scope)
    component = (workspace.get("properties") or {}).get("applicationInsights")
    if not service.payload.get("appInsightsEnabled") or not component:
        raise ResourceNotFoundError(
            f"The service '{name}' does not report its requests to Application Insights.",
            recommendation=[*_FILES, "To have them reported from now on: service.update(enable_app_insights=True)"],
        )
    return _traffic(opened, str(component), name, days)


def _traffic(opened: OpenWorkspace, component: str, name: str, days: int) -> Traffic:
    from azure.cli.core.azclierror import ResourceNotFoundError

    rows = _query(opened, component, name, days, f"project timestamp, duration | take {_MOST_ROWS}")
    if not rows:
        raise ResourceNotFoundError(
            f"Application Insights has no request of '{name}' in the last {days} days.",
            recommendation=["Look further back: --last-days 30", *_FILES],
        )
    if len(rows) < _MOST_ROWS:
        return _logged(rows)
    return _counted(
        _query(opened, component, name, days, "summarize count(), sum(duration) by bin(timestamp, 1m)")
    )


def _query(opened: OpenWorkspace, component: str, name: str, days: int, ending: str) -> list[list[Any]]:
    from azext_mltrouble.cloud.monitor import query_insights
    from azext_mltrouble.evidence.sources import Source
    from azext_mltrouble.operations.v1_workspace import advice

    source = Source(
        "insights", "scale", "Requests", "Microsoft.Insights/components/query/read", "Monitoring Reader",
        "the workspace's Application Insights",
    )  # fmt: skip
    service = name.replace("\\", "\\\\").replace('"', '\\"')
    query = f'requests | where tostring(customDimensions["Service Name"]) == "{service}" | {ending}'
    with advice(source):
        return query_insights(opened.session, component, query, days)


def _logged(rows: list[list[Any]]) -> Traffic:
    """From rows of (timestamp, duration in milliseconds)."""
    import io

    from azext_mltrouble.autoscale.traffic import read_request_log

    lines = sorted(f"{row[0]},{float(row[1]) / 1000}\n" for row in rows)
    with input_errors():
        traffic = read_request_log(io.StringIO("timestamp,duration\n" + "".join(lines)))
    return replace(traffic, assumptions=(*traffic.assumptions, _AT_LEAST))


def _counted(rows: list[list[Any]]) -> Traffic:
    """From rows of (minute, number of requests, sum of their durations in milliseconds)."""
    import io

    from azext_mltrouble.autoscale.traffic import read_request_counts

    mean = sum(float(row[2]) for row in rows) / sum(float(row[1]) for row in rows) / 1000
    lines = sorted(f"{row[0]},{row[1]}\n" for row in rows)
    with input_errors():
        traffic = read_request_counts(io.StringIO("timestamp,count\n" + "".join(lines)), mean)
    return replace(traffic, assumptions=(*traffic.assumptions, _AT_LEAST))


_AT_LEAST = (
    "Application Insights has only the requests that reached a replica; those that were refused come on top of it."
)
