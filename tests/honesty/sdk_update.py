"""Run in a process of its own: the real ``AksWebservice.update`` of azureml-core, and what it sends, as JSON.

Standard input is as for sdk_reads.py, with ``workspaces`` of ``names`` only, and ``settings``: the arguments of
``update``. Printed is a list of [method, path behind the workspace, content type, body] for each write.
"""
from __future__ import annotations

import json
import sys
from typing import Any

# isort: off
from sdk_reads import GIVEN, SimulatedLogin  # first: it makes azureml-core importable

import requests
from azureml.core import Workspace
from azureml.core.webservice import AksWebservice

# isort: on


def main() -> None:
    """Update ``mysvc`` of the workspace and wait for it."""
    names = GIVEN["workspaces"]["updated"]["names"]
    workspace = Workspace(names["subscription"], names["resource_group"], names["workspace"], auth=SimulatedLogin())
    service = AksWebservice(workspace, "mysvc")
    sent: list[list[Any]] = []
    send = requests.Session.send

    def recording(self: Any, request: Any, **options: Any) -> Any:
        if request.method != "GET":
            path = request.path_url.partition(f"/workspaces/{names['workspace']}")[2]
            sent.append([request.method, path, request.headers["Content-Type"], json.loads(request.body)])
        return send(self, request, **options)

    requests.Session.send = recording
    service.update(**GIVEN["settings"])
    service.wait_for_deployment()
    scaler = service.autoscaler
    json.dump({"sent": sent, "autoscaler": [scaler.min_replicas, scaler.max_replicas, scaler.target_utilization],
               "state": service.state}, sys.stdout)


if __name__ == "__main__":
    main()
