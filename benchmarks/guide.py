"""What the troubleshooting guide does by hand: azureml-core's reads about one service, one after the other.

Runs with azureml-core on the path: ``python guide.py SUBSCRIPTION GROUP WORKSPACE SERVICE CLOUD``.
"""
from __future__ import annotations

import sys

import requests
from azureml.core import Model, Webservice, Workspace
from azureml.core.authentication import AzureCliAuthentication
from azureml.core.image import Image


def main(subscription: str, group: str, name: str, service_name: str, cloud: str) -> None:
    """Prints what the guide tells to look at: state, error, both logs, the images' build logs, the models."""
    workspace = Workspace(subscription, group, name, auth=AzureCliAuthentication(cloud=cloud))
    print(workspace.get_details().get("keyVault"))
    service = Webservice(workspace, service_name)
    print(service.state, getattr(service, "error", None))
    print(service.get_logs())
    print(service.get_logs(init=True))
    for image in Image.list(workspace):
        print(image.name, image.version, image.creation_state, image.image_build_log_uri)
        if image.image_build_log_uri:
            print(requests.get(image.image_build_log_uri, timeout=60).text)
    for model in Model.list(workspace):
        print(model.name, model.version)


if __name__ == "__main__":
    main(*sys.argv[1:6])
