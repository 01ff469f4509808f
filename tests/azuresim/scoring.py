"""The scoring addresses of the simulated services: a front end that wants the key, and a container behind it.

How a service answers is said in its scenario (``scoring``, see README.md). Answers are worded as those of
azureml-inference-server-http 1.5 (400, 500) and of the front ends before it.
"""
from __future__ import annotations

import json
import time
import uuid
from typing import Any

from .replies import Refused, Reply, ok, scoring_error
from .routing import Call, Route, pattern
from .scenario import Scenario

_TRACEBACK = """\
2026-11-23 09:20:11,101 E [97] azmlinfsrv - Encountered Exception: Traceback (most recent call last):
  File "/azureml-envs/azureml_env/lib/python3.8/site-packages/azureml_inference_server_http/server/user_script.py", \
line 132, in invoke_run
    run_output = self._wrapped_user_run(**run_parameters, request_headers=dict(request.headers))
  File "/var/azureml-app/score.py", line 22, in run
    rows = request["{key}"]
KeyError: '{key}'
2026-11-23 09:20:11,102 I [97] azmlinfsrv - 127.0.0.1 POST /score 500
"""


def keys_of(scenario: Scenario, service: str) -> dict[str, str]:
    """The keys of a service as ``listkeys`` answers them; planted, so that a leak is seen."""
    return {f"{kind}Key": f"PLANTED{kind}{_hex(scenario, service, kind)}" for kind in ("primary", "secondary")}


def token_of(scenario: Scenario, service: str) -> dict[str, Any]:
    """The token of a service as ``token`` answers it."""
    now = int(time.time())
    return {"accessToken": f"PLANTEDtoken{_hex(scenario, service, 'token')}", "tokenType": "Bearer",
            "refreshAfter": now + 3600, "expiryOn": now + 12 * 3600}


def _hex(scenario: Scenario, *parts: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_X500, "/".join((scenario.names.scenario, *parts))).hex


def scenario_of(call: Call) -> Scenario | None:
    """The scenario whose service a request is for."""
    return call.simulator.world.named(call.path.split("/")[1])


def check(call: Call, route: Route | None, known_path: bool) -> None:
    """Before a service answers there must be one; raises Refused."""
    if route is None and known_path:
        raise Refused(scoring_error(405, "MethodNotAllowed", "The method is not allowed for the requested URL."))
    if route is None or call.scenario is None or call.parts["service"] not in call.scenario.scoring:
        raise Refused(scoring_error(404, "NotFound", "no such service"))


def _score(call: Call) -> Reply:
    name = call.parts["service"]
    settings = call.found.scoring[name]
    refused = _refusal(call, name, settings)
    if refused is not None:
        return refused
    headers = {"x-request-id": str(uuid.uuid4()), "x-ms-server-version": "azmlinfsrv/1.5.1",
               **settings.get("headers", {})}
    if settings.get("status", 200) != 200 or "body" in settings:
        return Reply(settings.get("status", 200), settings.get("body", "").encode("utf-8", "surrogateescape"),
                     settings.get("content_type", "text/plain; charset=utf-8"), headers)
    try:
        body = json.loads(call.body)
    except ValueError as error:
        return ok({"message": f"POST body could not be decoded as JSON: {error}"}, 400, **headers)
    key = settings.get("expects", "data")
    if not isinstance(body, dict) or key not in body:
        call.found.logs[name]["main"] += _TRACEBACK.format(key=key)
        text = "An unexpected error occurred in scoring script. Check the logs for more info."
        return Reply(500, text.encode(), "text/plain; charset=utf-8", {**headers, "x-ms-run-function-failed": "True"})
    headers.update({"x-ms-run-function-failed": "False", "x-ms-run-fn-exec-ms": "3.14"})
    if settings.get("echo"):
        return ok({"headers": dict(call.headers), "body": body}, **headers)
    return ok(settings.get("answer", [0.5]), **headers)


def _refusal(call: Call, name: str, settings: dict[str, Any]) -> Reply | None:
    """The front end's answer to a request without the service's key or token."""
    service = call.found.services[name]
    wanted = []
    if service.get("authEnabled") or settings.get("wants_key"):
        wanted += keys_of(call.found, name).values()
    if service.get("aadAuthEnabled"):
        wanted.append(token_of(call.found, name)["accessToken"])
    if not wanted or call.headers.get("Authorization") in [f"Bearer {one}" for one in wanted]:
        return None
    return Reply(401, b"Unauthorized", "text/plain", {"WWW-Authenticate": 'Bearer realm="azureml"'})


ROUTES = [Route("score", "POST", pattern("/{scenario}/{service}/score"), _score)]
