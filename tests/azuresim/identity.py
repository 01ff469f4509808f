"""The managed-identity endpoint of App Service: 2019-08-01, and 2017-09-01 as older az asks it."""
from __future__ import annotations

import time

from .replies import Refused, Reply, identity_error, ok
from .routing import Call, Route, pattern


def check(call: Call, route: Route | None, known_path: bool) -> None:
    """Refuses what is not a token request with this machine's secret; raises Refused."""
    if route is None:
        raise Refused(identity_error(404, "NotFound", "No such endpoint."))
    header = {"2019-08-01": "X-IDENTITY-HEADER", "2017-09-01": "Secret"}.get(call.query.get("api-version", ""))
    if header is None:
        raise Refused(identity_error(400, "BadRequest", "The api-version is not supported."))
    if call.headers.get(header) != call.simulator.identity_header:
        raise Refused(identity_error(401, "Unauthorized", f"The {header} header is missing or wrong."))


def _token(call: Call) -> Reply:
    resource = call.query.get("resource", "")
    try:
        token, expires = call.simulator.tokens.issue(resource)
    except LookupError:
        return identity_error(500, "InvalidResource", f"The resource principal named '{resource}' was not found in "
                                                      "the tenant.")
    old = call.query["api-version"] == "2017-09-01"
    expires_on = time.strftime("%m/%d/%Y %H:%M:%S +00:00", time.gmtime(expires)) if old else str(expires)
    return ok({"access_token": token, "expires_on": expires_on, "resource": resource, "token_type": "Bearer",
               "client_id": call.simulator.tokens.principal_id})


ROUTES = [Route("identity.token", "GET", pattern("/msi/token"), _token)]
