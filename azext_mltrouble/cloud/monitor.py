"""Azure Monitor: who changed a resource and when (the activity log), and requests in Application Insights."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from azext_mltrouble.cloud.arm import address_of
from azext_mltrouble.cloud.session import Session

_VERSION = "2015-04-01"
_QUERY_VERSION = "2018-04-20"


def activity(session: Session, subscription_id: str, resource_id: str, since: datetime) -> list[dict[str, Any]]:
    """The events about a resource since a time (UTC, at most 90 days ago)."""
    address = f"{session.arm}/subscriptions/{subscription_id}/providers/Microsoft.Insights/eventtypes/management/values"
    wanted = f"eventTimestamp ge '{since:%Y-%m-%dT%H:%M:%SZ}' and resourceUri eq '{resource_id}'"
    what = f"the activity log of '{resource_id.rpartition('/')[2]}'"
    return session.get_all(address, what, {"api-version": _VERSION, "$filter": wanted})


def query_insights(session: Session, component_id: str, query: str, days: int) -> list[list[Any]]:
    """The rows of the first table that a Kusto query over the last ``days`` of an Application Insights answers."""
    address = f"{address_of(session, component_id)}/query?api-version={_QUERY_VERSION}"
    what = f"the requests in Application Insights '{component_id.rpartition('/')[2]}'"
    _, answer = session.send("POST", address, what, {"query": query, "timespan": f"P{days}D"})
    tables = answer.get("tables")
    rows = tables[0].get("rows") if isinstance(tables, list) and tables and isinstance(tables[0], dict) else None
    return [row for row in rows or [] if isinstance(row, list)]
