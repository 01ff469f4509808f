"""Blobs behind SAS addresses: logs that Azure ML wrote to the workspace's storage account."""
from __future__ import annotations

from collections.abc import Iterator

from azext_mltrouble.cloud.session import Session


def download(session: Session, address: str, what: str, start: int = 0) -> Iterator[bytes]:
    """The bytes of a blob from ``start`` on, as they come. The address is its own permission: no token goes along."""
    return session.stream(address, what, start)
