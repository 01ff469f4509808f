"""Run in a process of its own: reads workspaces with the real azureml-core and prints what it saw, as JSON.

Standard input is one JSON object: ``arm`` and ``identityEndpoint``/``identityHeader`` of a simulated Azure, ``path``
(the directory that azureml-core is installed in), and ``workspaces``: each with its names and what to read.
"""
from __future__ import annotations

import json
import logging
import sys
import urllib.parse
import urllib.request
import warnings
from collections import namedtuple
from typing import Any

GIVEN = json.load(sys.stdin)
sys.path.append(GIVEN["path"])  # after az's own packages, as az itself does with an extension
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

from azureml.core import Environment, Model, Workspace  # noqa: E402
from azureml.core.authentication import AbstractAuthentication  # noqa: E402
from azureml.core.image import Image  # noqa: E402
from azureml.core.webservice import AciWebservice, Webservice  # noqa: E402
from azureml.exceptions import WebserviceException  # noqa: E402

Subscription = namedtuple("Subscription", "subscription_name subscription_id")


class SimulatedLogin(AbstractAuthentication):
    """The managed identity of the simulated Azure."""

    def __init__(self) -> None:
        super().__init__(cloud="AzureCloud")
        self._cloud_type.endpoints.resource_manager = GIVEN["arm"] + "/"
        query = urllib.parse.urlencode({"api-version": "2019-08-01", "resource": "https://management.core.windows.net/"})
        request = urllib.request.Request(f"{GIVEN['identityEndpoint']}?{query}",
                                         headers={"X-IDENTITY-HEADER": GIVEN["identityHeader"]})
        with urllib.request.urlopen(request) as answer:
            self._token = json.load(answer)["access_token"]

    def _get_arm_token(self) -> str:
        return self._token

    def _get_graph_token(self) -> str:
        return self._token

    def _get_azureml_client_token(self) -> str:
        return self._token

    def _get_all_subscription_ids(self) -> tuple[list[Subscription], str]:
        return [Subscription("Simulated Azure", GIVEN["subscription"])], GIVEN["tenant"]


def read(login: SimulatedLogin, names: dict[str, str], wanted: dict[str, Any]) -> dict[str, Any]:
    """What azureml-core makes of one workspace."""
    workspace = Workspace(names["subscription"], names["resource_group"], names["workspace"], auth=login)
    details = workspace.get_details()
    seen: dict[str, Any] = {"workspace": {key: details.get(key) for key in ("keyVault", "containerRegistry",
                                                                           "workspaceid")},
                            "services": {}, "images": {}, "environments": {}}
    for name in wanted["services"]:
        service = Webservice(workspace, name)
        service._operation_endpoint = f"{service._mms_endpoint.rpartition('/services/')[0]}/operations/" \
                                      f"{Webservice._get(workspace, name)['operationId']}"
        state, error, operation = service._get_operation_state()
        seen["services"][name] = {
            "state": service.state, "error": service.error, "type": type(service).__name__,
            "image": service.image.id if service.image else None,
            "models": [Model(workspace, id=model.id).id for model in service.models or []],
            "operation": state, "operationError": error,
            "subOperation": (operation.get("operationDetails") or {}).get("subOperationType"),
            "logs": service.get_logs(), "initLogs": service.get_logs(init=True),
            "lastLines": service.get_logs(num_lines=2),
        }
    for name in wanted["absent"]:
        seen["absent"] = _absent(workspace, name)
    for image_id in wanted["images"]:
        image = Image(workspace, id=image_id)
        newest = Image(workspace, name=image.name)
        seen["images"][image_id] = {"state": image.creation_state, "buildLog": image.image_build_log_uri,
                                    "newest": newest.id,
                                    "versions": [each.id for each in Image.list(workspace, image_name=image.name)]}
    for key in wanted["environments"]:
        name, _, version = key.partition(":")
        environment = Environment.get(workspace, name, version)
        seen["environments"][key] = environment.get_image_details(workspace).get("imageExistsInRegistry")
    seen["listedServices"] = sorted(service.name for service in Webservice.list(workspace))
    seen["listedImages"] = sorted(image.id for image in Image.list(workspace))
    seen["listedModels"] = sorted(model.id for model in Model.list(workspace))
    for name in wanted.get("models", []):
        seen["newestModel"] = [model.id for model in Model.list(workspace, name=name, latest=True)]
        seen["modelVersions"] = sorted(model.id for model in Model.list(workspace, name=name))
    seen["answers"] = {name: _answer(Webservice(workspace, name), wanted["score"]) for name in wanted.get("called", [])}
    return seen


def _answer(service: Webservice, body: str) -> dict[str, Any]:
    """What a service answers, and the key or token that azureml-core has for it."""
    if service.token_auth_enabled:
        return {"answer": service.run(body), "credential": service.get_access_token().access_token}
    return {"answer": service.run(body), "credential": service.get_keys()[0]}


def _absent(workspace: Workspace, name: str) -> list[str]:
    """What azureml-core says when it looks for a service that is not there, and for its logs."""
    from azureml._model_management._util import _get_mms_url  # only now: it and azureml.core import each other

    said = []
    ghost = AciWebservice(None, None)
    ghost.workspace, ghost._mms_endpoint = workspace, f"{_get_mms_url(workspace)}/services/{name}"
    for ask in (lambda: Webservice(workspace, name), ghost.get_logs, lambda: ghost.get_logs(init=True)):
        try:
            ask()
        except WebserviceException as error:
            said.append(error.message)
    return said


def main() -> None:
    """Read every workspace that standard input names."""
    login = SimulatedLogin()
    json.dump({name: read(login, entry["names"], entry) for name, entry in GIVEN["workspaces"].items()}, sys.stdout)


if __name__ == "__main__":
    main()
