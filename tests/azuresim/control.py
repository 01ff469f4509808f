"""The control API, at ``{control}/…`` (the secret is in the address): scenarios, faults and recorded requests."""
from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Callable

from aiohttp import web

from . import scenario

if TYPE_CHECKING:
    from .server import Server


async def serve(server: Server, request: web.BaseRequest) -> web.Response:
    """Answer one control request: 200 with JSON, 400 with ``{"error"}`` for one that makes no sense."""
    path = request.path.partition(f"/control/{server.secret}")[2]
    try:
        for pattern, methods in _ROUTES.items():
            match = re.fullmatch(pattern, path)
            if match and request.method in methods:
                body = await request.json() if request.can_read_body else None
                return web.json_response(await methods[request.method](server, body, request, *match.groups()))
    except (ValueError, KeyError, TypeError, OSError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
    return web.json_response({"error": f"no such control request: {request.method} {path}"}, status=404)


async def _scenarios(server: Server, _body: Any, _request: web.BaseRequest) -> Any:
    return [{"name": each.names.scenario, "resourceGroup": each.names.resource_group,
             "subscription": each.names.subscription, "services": sorted(each.services)}
            for each in server.simulator.world]


async def _put_scenario(server: Server, body: Any, _request: web.BaseRequest, name: str) -> Any:
    built = scenario.build(name, body)
    await asyncio.get_running_loop().run_in_executor(None, server.add, built)
    return vars(built.names)


async def _delete_scenario(server: Server, _body: Any, _request: web.BaseRequest, name: str) -> Any:
    server.simulator.world.remove(name)
    server.simulator.faults.set(name, [])
    return {}


async def _change(server: Server, body: Any, _request: web.BaseRequest, name: str) -> Any:
    await asyncio.get_running_loop().run_in_executor(None, server.change, name, body)
    return {}


async def _get_faults(server: Server, _body: Any, _request: web.BaseRequest) -> Any:
    return server.simulator.faults.get()


async def _put_faults(server: Server, body: Any, _request: web.BaseRequest, workspace: str) -> Any:
    server.simulator.faults.set(workspace, body)
    return server.simulator.faults.get()


async def _requests(server: Server, _body: Any, request: web.BaseRequest) -> Any:
    workspace = request.query.get("workspace")
    return [record for record in server.requests if workspace in (None, record["workspace"])]


async def _forget(server: Server, _body: Any, _request: web.BaseRequest) -> Any:
    server.requests.clear()
    return []


_ROUTES: dict[str, dict[str, Callable[..., Awaitable[Any]]]] = {
    "/scenarios": {"GET": _scenarios},
    "/scenarios/([^/]+)": {"PUT": _put_scenario, "DELETE": _delete_scenario},
    "/scenarios/([^/]+)/changes": {"POST": _change},
    "/faults": {"GET": _get_faults},
    "/faults/([^/]+)": {"PUT": _put_faults},
    "/requests": {"GET": _requests, "DELETE": _forget},
}
