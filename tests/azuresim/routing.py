"""Requests, routes, and the order of checks that each plane of Azure makes before it answers."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable
from urllib.parse import quote, urlencode

from .faults import Switchboard
from .replies import Reply
from .scenario import Scenario, World
from .tokens import TokenAuthority


@dataclass
class Simulator:
    """What all handlers share. ``addresses`` maps a plane (arm, ml, blob, identity) to its base address."""

    world: World
    tokens: TokenAuthority
    faults: Switchboard
    identity_header: str
    addresses: dict[str, str] = field(default_factory=dict)
    sign_blob: Callable[[Scenario, str, bool], str] = lambda scenario, blob, expired: ""


@dataclass
class Call:
    """One request: ``path`` is percent-decoded, ``parts`` are the named pieces of the route's pattern."""

    simulator: Simulator
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    parts: dict[str, str] = field(default_factory=dict)
    scenario: Scenario | None = None

    @property
    def found(self) -> Scenario:
        """The scenario, in handlers that run only when there is one."""
        assert self.scenario is not None
        return self.scenario


Handler = Callable[[Call], Reply]


@dataclass(frozen=True)
class Route:
    """One kind of request. ``kind`` is the resource type that gives the api-versions (ARM); ``action`` is the right
    that Azure checks for it, named in a 403."""

    name: str
    method: str
    pattern: re.Pattern[str]
    handler: Handler
    kind: str = ""
    action: str = ""


def pattern(template: str) -> re.Pattern[str]:
    """A path with ``{names}`` for single segments, matched in any case as Azure does."""
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + "/?", re.IGNORECASE)


def find(routes: list[Route], method: str, path: str) -> tuple[Route | None, dict[str, str], bool]:
    """The route of a request, the pieces of its path, and whether the path is known with another method."""
    elsewhere = False
    for route in routes:
        match = route.pattern.fullmatch(path)
        if match is None:
            continue
        if route.method == method:
            return route, match.groupdict(), False
        elsewhere = True
    return None, {}, elsewhere


def page(call: Call, items: list[Any], size: int | None, address: str) -> dict[str, Any]:
    """One page of a list, with an absolute ``nextLink`` while there is more; ``size`` None means all at once."""
    start = int(call.query.get("$skipToken", "0") or 0)
    if not size or start + size >= len(items):
        return {"value": items[start:]}
    query = urlencode({**call.query, "$skipToken": start + size}, safe="$")
    return {"value": items[start:start + size], "nextLink": f"{address}{quote(call.path)}?{query}"}
