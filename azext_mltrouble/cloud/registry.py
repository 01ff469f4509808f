"""The container registry that images are pushed to and pulled from."""
from __future__ import annotations

from typing import Any

from azext_mltrouble.cloud import arm
from azext_mltrouble.cloud.session import Session

_VERSION = "2023-07-01"


def registry(session: Session, registry_id: str) -> dict[str, Any]:
    """The registry's settings; asked once per session."""
    what = f"the container registry '{registry_id.rpartition('/')[2]}'"
    address = arm.address_of(session, registry_id)
    return dict(session.once(("registry", registry_id), lambda: session.get(address, what, {"api-version": _VERSION})))
