"""The activity log: who changed a resource, and when."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from azext_mltrouble.cloud.session import Session

_VERSION = "2015-04-01"


def activity(session: Session, subscription_id: str, resource_id: str, since: datetime) -> list[dict[str, Any]]:
    """The events about a resource since a time (UTC, at most 90 days ago)."""
    address = f"{session.arm}/subscriptions/{subscription_id}/providers/Microsoft.Insights/eventtypes/management/values"
    wanted = f"eventTimestamp ge '{since:%Y-%m-%dT%H:%M:%SZ}' and resourceUri eq '{resource_id}'"
    what = f"the activity log of '{resource_id.rpartition('/')[2]}'"
    return session.get_all(address, what, {"api-version": _VERSION, "$filter": wanted})
