"""Our change of a service is azureml-core's: the same requests with the same bodies, and the same outcome."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azext_mltrouble.cloud.session import Session, WorkspaceScope
from azext_mltrouble.cloud.v1 import open_workspace
from azext_mltrouble.operations.autoscale_apply import patch_for
from azext_mltrouble.operations.autoscale_target import scaling_of
from tests.azuresim import scenario
from tests.azuresim.client import SimulatedAzure, Workspace
from tests.honesty.conftest import sdk_folder
from tests.honesty.test_requests import _AUDIENCE, _Identity

_SCRIPT = Path(__file__).with_name("sdk_update.py")
SETTINGS = {"autoscale_enabled": True, "autoscale_min_replicas": 12, "autoscale_max_replicas": 40,
            "autoscale_target_utilization": 90}


def _updated_by_sdk(azure: SimulatedAzure, workspace: Workspace, home: Path) -> dict[str, Any]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "REQUESTS_CA_BUNDLE": azure.started["ca"],
                   "AZUREML_LOG_DEPRECATION_WARNING_ENABLED": "False", "NO_PROXY": "127.0.0.1"}
    given = {**azure.started, "path": str(sdk_folder()), "settings": SETTINGS,
             "workspaces": {"updated": {"names": workspace.names}}}
    done = subprocess.run([sys.executable, str(_SCRIPT)], input=json.dumps(given), env=environment, text=True,
                          capture_output=True, timeout=300, check=False,
                          cwd=home)  # azureml-core adds what git says about the current folder
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout[done.stdout.index("{"):]))


def test_the_change_is_azureml_cores(azure: SimulatedAzure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = _updated_by_sdk(azure, azure.scenario("healthy-aks"), tmp_path)
    assert (theirs["autoscaler"], theirs["state"]) == ([12, 40, 90], "Healthy")

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", azure.started["ca"])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    names = azure.scenario("healthy-aks").names
    session = Session(_Identity(azure), names["subscription"], scenario.TENANT, azure.started["arm"], _AUDIENCE)
    mms = open_workspace(session, WorkspaceScope(names["subscription"], names["resource_group"], names["workspace"]))
    sent: list[list[Any]] = []
    send = session.send

    def recording(method: str, url: str, what: str, payload: Any, content_type: str = "application/json") -> Any:
        sent.append([method, url.partition(f"/workspaces/{names['workspace']}")[2], content_type, payload])
        return send(method, url, what, payload, content_type)

    monkeypatch.setattr(session, "send", recording)
    patch = patch_for(replace(scaling_of(mms.service("mysvc")), min_replicas=12, max_replicas=40, target_percent=90))
    assert mms.objection("mysvc", patch) == ""
    operation_id = mms.update("mysvc", patch)
    while mms.operation(operation_id)["state"] != "Succeeded":
        pass
    assert sent == theirs["sent"]
    scaler = mms.service("mysvc")["autoScaler"]
    assert [scaler["minReplicas"], scaler["maxReplicas"], scaler["targetUtilization"]] == theirs["autoscaler"]
