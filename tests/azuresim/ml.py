"""The workspace's own services: discovery, the Model Management Service, and the environment service."""
from __future__ import annotations

import re
from typing import Any

from . import scoring, updates
from .replies import Refused, Reply, mms_error, ok, provider_error
from .routing import Call, Route, page, pattern
from .scenario import Scenario
from .tokens import ML_AUDIENCES, TokenRefused

_SCOPE = ("/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/"
          "workspaces/{workspace}")
_MMS = "/modelmanagement/v1.0" + _SCOPE
_ENVIRONMENT = "/environment/v1.0" + _SCOPE + "/environments"
_MMS_VERSIONS = ("2018-03-01-preview", "2018-11-19")
_ORDERS = ("CreatedAtDesc", "CreatedAtAsc", "UpdatedAtDesc", "UpdatedAtAsc")
_RIGHTS = "Microsoft.MachineLearningServices/workspaces"


def check(call: Call, route: Route | None, known_path: bool) -> None:
    """What these services check before they answer; raises Refused. Discovery takes no token."""
    if route is not None and route.name == "ml.discovery":
        return
    try:
        call.simulator.tokens.check(call.headers.get("Authorization"), ML_AUDIENCES)
    except TokenRefused as refused:
        raise Refused(mms_error(401, "Unauthorized", refused.message,
                                **{"WWW-Authenticate": 'Bearer error="invalid_token"'})) from None
    if route is None and known_path:
        raise Refused(Reply(405, b"", headers={"Allow": "GET"}))
    if route is None:
        raise Refused(provider_error(404, "UserError", f"No service answers to the path '{call.path}'."))
    version = call.query.get("api-version")
    if version is not None and version not in _MMS_VERSIONS:
        raise Refused(mms_error(400, "UnsupportedApiVersion", "The HTTP resource that matches the request URI does "
                                                              f"not support the API version '{version}'."))
    if call.scenario is None:
        raise Refused(mms_error(404, "WorkspaceNotFound", f"Workspace '{call.parts.get('workspace')}' was not found."))


def scenario_of(call: Call) -> Scenario | None:
    """The scenario that a request is about."""
    found = re.match(r"/discovery/workspaces/([^/]+)", call.path)
    if found:
        return call.simulator.world.workspace(found[1])
    scope = re.search(r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/[^/]+/workspaces/([^/]+)", call.path,
                      re.IGNORECASE)
    if scope is None:
        return None
    scenario = call.simulator.world.group(scope[1], scope[2])
    same = scenario is not None and scenario.names.workspace.lower() == scope[3].lower()
    return scenario if same else None


def _discovery(call: Call) -> Reply:
    if call.scenario is None:
        return provider_error(404, "UserError", "The workspace was not found.")
    keys = ("api", "catalog", "experimentation", "gallery", "history", "hyperdrive", "labeling", "modelmanagement",
            "pipelines", "studio")
    return ok(dict.fromkeys(keys, call.simulator.addresses["ml"]))


# ---- Model Management Service ---------------------------------------------------------------------------------

def _signed(call: Call, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload with a signed address in place of each blob's name, in nested payloads as well."""
    signed = dict(payload)
    for key, value in payload.items():
        if isinstance(value, dict) and set(value) == {"blob", "expired"}:
            signed[key] = call.simulator.sign_blob(call.found, value["blob"], value["expired"])
        elif isinstance(value, dict):
            signed[key] = _signed(call, value)
    return signed


def _shown(call: Call, payload: dict[str, Any], details: tuple[str, ...]) -> dict[str, Any]:
    """The payload as answered: without its details unless ``expand=true`` asks for them."""
    if call.query.get("expand", "false").lower() != "true":
        payload = {key: value for key, value in payload.items() if key not in details}
    if payload.get("name") in call.found.scoring and "scoringUri" in payload:
        address = f"{call.simulator.addresses['scoring']}/{call.found.names.scenario}/{payload['name']}/score"
        payload = {**payload, "scoringUri": address}
    return _signed(call, payload)


def _listed(call: Call, items: list[dict[str, Any]], kind: str) -> Reply:
    """A list in the order and length that the query asks for."""
    order = call.query.get("orderBy", "CreatedAtDesc")
    if order not in _ORDERS:
        raise Refused(mms_error(400, "BadRequest", f"The value '{order}' is not valid for orderBy."))
    items = sorted(items, key=lambda item: (item.get("createdTime") or "", item.get("version") or 0),
                   reverse=order.endswith("Desc"))
    count = call.query.get("count")
    size = call.found.page_sizes.get(kind)
    if kind == "models":
        size = min(size or 255, int(count or 255))
    elif count is not None:
        items = items[:int(count)]
    return ok(page(call, items, size, call.simulator.addresses["ml"]))


def _tagged(item: dict[str, Any], call: Call) -> bool:
    """True when an item has the tags and properties (``k=v,k2``) of the query."""
    for parameter, field in (("tags", "kvTags"), ("properties", "properties")):
        for wanted in filter(None, call.query.get(parameter, "").split(",")):
            key, equals, value = wanted.partition("=")
            if key not in item[field] or (equals and item[field][key] != value):
                return False
    return True


def _uses_model(model_ids: list[str], call: Call) -> bool:
    name, model_id = call.query.get("modelName"), call.query.get("modelId")
    return ((name is None or any(each.split(":")[0] == name for each in model_ids))
            and (model_id is None or model_id in model_ids))


def _images(call: Call) -> Reply:
    query = call.query
    return _listed(call, [
        _shown(call, image, ("modelDetails",)) for image in call.found.images
        if query.get("name", image["name"]) == image["name"]
        and query.get("version", str(image["version"])) == str(image["version"])
        and _tagged(image, call) and _uses_model(image["modelIds"], call)
    ], "images")


def _image(call: Call) -> Reply:
    for image in call.found.images:
        if image["id"] == call.parts["image"]:
            return ok(_shown(call, image, ("modelDetails",)))
    return mms_error(404, "ImageNotFound", f"Image with id {call.parts['image']} was not found.")


_SERVICE_DETAILS = ("imageDetails", "models", "environmentImageRequest")


def _services(call: Call) -> Reply:
    query = call.query
    return _listed(call, [
        _shown(call, service, _SERVICE_DETAILS) for service in call.found.services.values()
        if query.get("computeType", service["computeType"]).upper() == service["computeType"]
        and query.get("imageId", service.get("imageId")) == service.get("imageId")
        and query.get("imageDigest", service.get("imageDigest")) == service.get("imageDigest")
        and query.get("imageName", (service.get("imageId") or "").split(":")[0])
        == (service.get("imageId") or "").split(":")[0]
        and _tagged(service, call) and _uses_model([model["id"] for model in service["models"]], call)
    ], "services")


def _need_service(call: Call) -> dict[str, Any]:
    service = call.found.services.get(call.parts["service"])
    if service is None:
        raise Refused(mms_error(404, "ServiceNotFound", f"Service with name {call.parts['service']} was not found."))
    return service


def _service(call: Call) -> Reply:
    return ok(_shown(call, _need_service(call), _SERVICE_DETAILS))


def _update_service(call: Call) -> Reply:
    return updates.patch(call, _need_service(call))


def _service_logs(call: Call) -> Reply:
    name = _need_service(call)["name"]
    init, tail = call.query.get("init", "false").lower(), call.query.get("tail", "5000")
    if init not in ("true", "false") or not tail.isdigit():
        raise Refused(mms_error(400, "BadRequest", "The value of init or tail is not valid."))
    lines = call.found.logs[name]["init" if init == "true" else "main"].splitlines(keepends=True)
    return ok({"content": "".join(lines[-int(tail):] if int(tail) else [])})


def _service_keys(call: Call) -> Reply:
    service = _need_service(call)
    if not service.get("authEnabled"):
        return mms_error(400, "AuthNotEnabled", f"Service {service['name']} has no keys: auth is not enabled.")
    return ok(scoring.keys_of(call.found, service["name"]))


def _service_token(call: Call) -> Reply:
    service = _need_service(call)
    if not service.get("aadAuthEnabled"):
        return mms_error(400, "AadAuthNotEnabled", f"Token auth is not enabled for service {service['name']}.")
    return ok(scoring.token_of(call.found, service["name"]))


def _operation(call: Call) -> Reply:
    operation = call.found.operations.get(call.parts["operation"])
    if operation is None:
        return mms_error(404, "OperationNotFound", f"Operation with id {call.parts['operation']} was not found.")
    return ok(_signed(call, updates.progress(call.found, operation)))


def _models(call: Call) -> Reply:
    query = call.query
    found = [model for model in call.found.models
             if query.get("name", model["name"]) == model["name"] and _tagged(model, call)]
    if query.get("latestVersionOnly", "false").lower() == "true":
        newest = {model["name"]: max(each["version"] for each in found if each["name"] == model["name"])
                  for model in found}
        found = [model for model in found if model["version"] == newest[model["name"]]]
    return _listed(call, found, "models")


def _model(call: Call) -> Reply:
    for model in call.found.models:
        if model["id"] == call.parts["model"]:
            return ok(model)
    return mms_error(404, "ModelNotFound", f"Model with id {call.parts['model']} was not found.")


def _asset(call: Call) -> Reply:
    for model in call.found.models:
        if model["url"] == f"aml://asset/{call.parts['asset']}":
            return ok({"id": call.parts["asset"], "name": model["name"], "type": None, "description": "",
                       "artifacts": [{"id": None, "prefix": f"LocalUpload/{model['name']}"}], "kvTags": {},
                       "properties": {}, "runid": None, "projectid": None, "meta": None,
                       "createdTime": model["createdTime"]})
    return mms_error(404, "AssetNotFound", f"Asset with id {call.parts['asset']} was not found.")


# ---- environment service --------------------------------------------------------------------------------------

def _need_environment(call: Call) -> dict[str, Any]:
    found = call.found.environments.get(f"{call.parts['environment']}:{call.parts['version']}")
    if found is None:
        raise Refused(provider_error(404, "UserError", f"Environment {call.parts['environment']} version "
                                                       f"{call.parts['version']} was not found."))
    return found


def _environment(call: Call) -> Reply:
    return ok(_need_environment(call)["definition"])


def _environment_image(call: Call) -> Reply:
    return ok(_need_environment(call)["image"])


def _environments(call: Call) -> Reply:
    return ok({"value": [each["definition"] for each in call.found.environments.values()],
               "continuationToken": None})


ROUTES = [
    Route("ml.discovery", "GET", pattern("/discovery/workspaces/{workspace_id}"), _discovery),
    Route("mms.images", "GET", pattern(_MMS + "/images"), _images, action=f"{_RIGHTS}/images/read"),
    Route("mms.image", "GET", pattern(_MMS + "/images/{image}"), _image, action=f"{_RIGHTS}/images/read"),
    Route("mms.services", "GET", pattern(_MMS + "/services"), _services, action=f"{_RIGHTS}/services/read"),
    Route("mms.service", "GET", pattern(_MMS + "/services/{service}"), _service, action=f"{_RIGHTS}/services/read"),
    Route("mms.service_update", "PATCH", pattern(_MMS + "/services/{service}"), _update_service,
          action=f"{_RIGHTS}/services/aks/write"),
    Route("mms.validate", "POST", pattern(_MMS + "/services/validate"), updates.judge,
          action=f"{_RIGHTS}/services/aks/write"),
    Route("mms.service_logs", "GET", pattern(_MMS + "/services/{service}/logs"), _service_logs,
          action=f"{_RIGHTS}/services/read"),
    Route("mms.service_keys", "POST", pattern(_MMS + "/services/{service}/listkeys"), _service_keys,
          action=f"{_RIGHTS}/services/aks/listkeys/action"),
    Route("mms.service_token", "POST", pattern(_MMS + "/services/{service}/token"), _service_token,
          action=f"{_RIGHTS}/services/aks/listkeys/action"),
    Route("mms.operation", "GET", pattern(_MMS + "/operations/{operation}"), _operation,
          action=f"{_RIGHTS}/services/read"),
    Route("mms.models", "GET", pattern(_MMS + "/models"), _models, action=f"{_RIGHTS}/models/read"),
    Route("mms.model", "GET", pattern(_MMS + "/models/{model}"), _model, action=f"{_RIGHTS}/models/read"),
    Route("mms.asset", "GET", pattern(_MMS + "/assets/{asset}"), _asset, action=f"{_RIGHTS}/assets/read"),
    Route("env.environments", "GET", pattern(_ENVIRONMENT), _environments, action=f"{_RIGHTS}/environments/read"),
    Route("env.definition", "GET", pattern(_ENVIRONMENT + "/{environment}/versions/{version}"), _environment,
          action=f"{_RIGHTS}/environments/read"),
    Route("env.image", "GET", pattern(_ENVIRONMENT + "/{environment}/versions/{version}/image"), _environment_image,
          action=f"{_RIGHTS}/environments/read"),
]
