"""What the troubleshooting guide does by hand: azureml-core's reads about one service, one after the other.

Uses the active `az login`. Standard input is one JSON object: ``arm`` (Azure Resource Manager), ``subscription``,
``path`` (where azureml-core is), ``group``, ``workspace`` and ``service``.
"""
from __future__ import annotations

import json
import sys

GIVEN = json.load(sys.stdin)
sys.path.append(GIVEN["path"])  # after az's own packages, as az itself does with an extension

import requests  # noqa: E402
from azureml.core import Workspace  # noqa: E402
from azureml.core.authentication import AzureCliAuthentication  # noqa: E402


def main() -> None:
    """Prints what the guide tells to look at: state, error, both logs, the images' build logs, the models."""
    login = AzureCliAuthentication(cloud="AzureCloud")
    login._cloud_type.endpoints.resource_manager = GIVEN["arm"] + "/"
    workspace = Workspace(GIVEN["subscription"], GIVEN["group"], GIVEN["workspace"], auth=login)
    print(workspace.get_details()["keyVault"])
    for name, image in workspace.images.items():
        print(name, image.version, image.creation_state, image.image_location)
        print(requests.get(image.image_build_log_uri, timeout=60).text)
    service = workspace.webservices[GIVEN["service"]]
    print(service.state, service.error)
    print(service.get_logs())
    print(service.get_logs(init=True))
    for name, model in workspace.models.items():
        print(name, model.version)


if __name__ == "__main__":
    main()
