"""What the reading commands ask for is what azureml-core asks for: models, images, keys, tokens, logs, and answers."""
from __future__ import annotations

import json
import urllib.parse
from typing import Any

import pytest

from azext_mltrouble.cloud import scoring, v1
from azext_mltrouble.cloud.session import Session
from tests.azuresim.client import SimulatedAzure, Workspace
from tests.evidence.conftest import Identity, scope_of
from tests.honesty.conftest import read_with_sdk

BODY = '{"data": [[1, 2, 3]]}'
MODELS = ["mymodel:1", "mymodel:2", "mymodel:10", "other:1"]
#: A service with keys and one with tokens; both answer with what they were asked.
SERVICES = {
    "mykeys": {"computeType": "AKS", "imageId": "myimage:2", "scoring": {"echo": True}},
    "mytokens": {"computeType": "AKS", "imageId": "myimage:2", "authEnabled": False, "aadAuthEnabled": True,
                 "scoring": {"echo": True}, "logs": {"main": "one\ntwo\nthree\n", "init": "zero\n"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def workspace(azure: SimulatedAzure) -> Workspace:
    return azure.scenario("empty", models={one: {} for one in MODELS}, services=SERVICES,
                          images={"myimage:1": {}, "myimage:2": {"createdTime": "2026-11-09T08:00:00+00:00"}})


@pytest.fixture(scope="module")
def sdk(azure: SimulatedAzure, workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What azureml-core sees, and the requests that it sends for that (``asked``)."""
    wanted = {"names": workspace.names, "services": list(SERVICES), "images": ["myimage:1", "myimage:2"], "absent": [],
              "environments": [], "models": ["mymodel"], "called": list(SERVICES), "score": BODY}
    seen = read_with_sdk(azure, {"it": wanted}, tmp_path_factory.mktemp("sdk"))["it"]
    return {**seen, "asked": workspace.requests()}


@pytest.fixture
def session(azure: SimulatedAzure, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", azure.started["ca"])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    audience = "https://management.core.windows.net/"
    return Session(Identity(azure), workspace.names["subscription"], "", azure.started["arm"], audience)


def sent(requests: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Method, path as sent, and query."""
    return {(one["method"], one["rawPath"], urllib.parse.urlencode(sorted(one["query"].items()))) for one in requests}


def test_models_images_and_logs(workspace: Workspace, sdk: dict[str, Any], session: Session) -> None:
    before = len(workspace.requests())
    mms = v1.open_workspace(session, scope_of(workspace))
    assert sorted(one["id"] for one in mms.models()) == sdk["listedModels"] == sorted(MODELS)
    assert sorted(one["id"] for one in mms.models("mymodel")) == sdk["modelVersions"]
    assert [one["id"] for one in mms.models("mymodel", newest=True)] == sdk["newestModel"] == ["mymodel:10"]
    assert sorted(one["id"] for one in mms.images()) == sdk["listedImages"]
    assert [one["id"] for one in mms.images("myimage")] == sdk["images"]["myimage:1"]["versions"]
    newest = mms.newest_image("myimage")
    assert newest is not None
    assert newest["id"] == sdk["images"]["myimage:1"]["newest"] == "myimage:2"
    assert mms.newest_image("nothing") is None
    seen = sdk["services"]["mytokens"]
    assert mms.service_log("mytokens", False, 5000) == seen["logs"]
    assert mms.service_log("mytokens", True, 5000) == seen["initLogs"]
    assert mms.service_log("mytokens", False, 2) == seen["lastLines"]
    ours = workspace.requests()[before:]
    unlike = {one for one in sent(ours) - sent(sdk["asked"]) if "name=nothing" not in one[2]}
    assert unlike == set()


@pytest.mark.parametrize("name", SERVICES)
def test_keys_tokens_and_answers(workspace: Workspace, sdk: dict[str, Any], session: Session, name: str) -> None:
    before = len(workspace.requests())
    mms = v1.open_workspace(session, scope_of(workspace))
    service = mms.service(name)
    credential = mms.service_token(name) if service["aadAuthEnabled"] else mms.service_key(name)
    theirs = sdk["answers"][name]
    assert credential == theirs["credential"]
    answer = scoring.score(session, service["scoringUri"], name, BODY.encode(), credential, 30)
    assert answer.status == 200
    ours = json.loads(answer.body)
    assert ours["body"] == theirs["answer"]["body"] == json.loads(BODY)
    for header in ("Authorization", "Content-Type", "Accept"):
        assert ours["headers"][header] == theirs["answer"]["headers"][header]
    assert sent(workspace.requests()[before:]) - sent(sdk["asked"]) == set()
