"""azureml-core reads every scenario without complaint, and sees in it what the scenario says."""
from __future__ import annotations

import ssl
import urllib.error
import urllib.request

import pytest

from tests.azuresim import scenario
from tests.azuresim.client import SimulatedAzure
from tests.honesty.conftest import Reading

_TYPES = {"ACI": "AciWebservice", "AKS": "AksWebservice"}


@pytest.fixture(params=scenario.names_of_files())
def reading(request: pytest.FixtureRequest, readings: dict[str, Reading]) -> Reading:
    return readings[request.param]


def test_workspace(reading: Reading) -> None:
    names, seen = reading.held.names, reading.seen["workspace"]
    assert seen["workspaceid"] == names.workspace_id
    assert seen["keyVault"] == names.vault_id
    assert seen["containerRegistry"] == (names.registry_id if reading.held.registry else None)


def test_services(reading: Reading) -> None:
    assert sorted(reading.seen["services"]) == sorted(reading.held.services)
    for name, service in reading.held.services.items():
        seen = reading.seen["services"][name]
        assert seen["type"] == _TYPES[service["computeType"]]
        assert (seen["state"], seen["error"]) == (service["state"], service["error"])
        assert seen["image"] == service.get("imageId")
        operation = reading.held.operations[service["operationId"]]
        assert seen["operation"] == operation["state"]
        assert seen["subOperation"] == operation["operationDetails"]["subOperationType"]
        assert seen["logs"] == reading.held.logs[name]["main"]
        assert seen["initLogs"] == reading.held.logs[name]["init"]
        assert seen["lastLines"].splitlines() == reading.held.logs[name]["main"].splitlines()[-2:]
        assert seen["models"] == [model["id"] for model in service["models"]]


def test_images(reading: Reading) -> None:
    newest = {image["name"]: image["id"] for image in sorted(reading.held.images, key=lambda each: each["version"])}
    for image in reading.held.images:
        seen = reading.seen["images"][image["id"]]
        assert (seen["state"], seen["newest"]) == (image["creationState"], newest[image["name"]])
        assert sorted(seen["versions"]) == sorted(
            each["id"] for each in reading.held.images if each["name"] == image["name"])
        assert bool(seen["buildLog"]) == ("imageBuildLogUri" in image)


def test_an_absent_service(readings: dict[str, Reading]) -> None:
    said = readings["build-pip-no-match"].seen["absent"]
    assert "WebserviceNotFound" in said[0]
    assert ["ServiceNotFound" in each and "Response Code: 404" in each for each in said[1:]] == [True, True]


def test_lists(reading: Reading) -> None:
    held = reading.held
    assert reading.seen["listedServices"] == sorted(held.services)
    assert reading.seen["listedImages"] == sorted(image["id"] for image in held.images)
    assert reading.seen["listedModels"] == sorted(model["id"] for model in held.models)
    assert reading.seen["environments"] == {key: environment["image"]["imageExistsInRegistry"]
                                            for key, environment in held.environments.items()}


def test_the_simulator_answered_all_it_was_asked(reading: Reading) -> None:
    assert reading.asked
    # three requests about a service that is not there, where the scenario has only its image
    refused = [request["route"] for request in reading.asked if request["status"] != 200]
    absent = bool(reading.held.images) and not reading.held.services
    assert refused == (["mms.service", "mms.service_logs", "mms.service_logs"] if absent else [])
    assert not [request for request in reading.asked if request["route"].endswith(".unknown")]


def test_the_build_log_is_behind_a_real_signature(readings: dict[str, Reading], azure: SimulatedAzure) -> None:
    address = readings["healthy-aci"].seen["images"]["mysvc:1"]["buildLog"]
    trusting = ssl.create_default_context(cafile=azure.started["ca"])
    with urllib.request.urlopen(address, context=trusting) as answer:
        assert b"Successfully built" in answer.read()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(address.replace("sp=r", "sp=rw"), context=trusting)
    assert refused.value.code == 403
