"""``model`` and ``image``: lists, single versions, and build logs that are there, expired, growing or missing."""
from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from tests.azuresim.client import SimulatedAzure, Workspace
from tests.e2e.following import Following
from tests.e2e.trouble import SECRETS, Trouble, said

BUILD_ERROR = "ERROR: No matching distribution found for scikit-learn==0.99.1"
BUILD_LOG = Path("tests/azuresim/scenarios/logs/build-succeeded.log").read_text().splitlines()
EXPIRED = {"route": "blob.read", "fault": "expired-sas"}


@pytest.fixture(scope="module")
def versions(azure: SimulatedAzure) -> Workspace:
    """Three versions of the image ``mysvc``; the newest has failed. Three versions of two models."""
    return azure.scenario(
        "image-versions",
        models={"mymodel:1": {}, "mymodel:2": {"framework": "Custom"}, "mymodel:10": {}, "other:1": {}},
        page_sizes={"images": 2, "models": 2},
    )


@pytest.fixture(scope="module")
def environment(azure: SimulatedAzure) -> Workspace:
    """A service that was deployed with an environment: no image, and the operation has the build log."""
    return azure.scenario("environment-healthy")


# -- models ------------------------------------------------------------------------------------------------------------


def test_models_are_listed_in_all_versions(versions: Workspace, trouble: Trouble) -> None:
    models = trouble.run("model", "list", *versions.arguments).json
    assert [model["id"] for model in models] == ["mymodel:10", "mymodel:2", "mymodel:1", "other:1"]
    one = trouble.run("model", "list", "--name", "mymodel", *versions.arguments, "--query", "[].version", "-o", "tsv")
    assert one.stdout == "10\n2\n1\n"
    assert trouble.run("model", "list", "--name", "nothing", *versions.arguments).json == []
    assert "mymodel  10" in trouble.table("model", "list", *versions.arguments)


@pytest.mark.parametrize(
    ("options", "version"), [((), 10), (("--version", "2"), 2)], ids=["newest", "a version"]
)
def test_a_model_is_shown(versions: Workspace, trouble: Trouble, options: tuple[str, ...], version: int) -> None:
    model = trouble.run("model", "show", "-n", "mymodel", *options, *versions.arguments).json
    assert (model["name"], model["version"]) == ("mymodel", version)


def test_a_version_may_stand_in_the_name(versions: Workspace, trouble: Trouble) -> None:
    assert "Version 2" in said(trouble.table("model", "show", "-n", "mymodel:2", *versions.arguments))


@pytest.mark.parametrize("kind", ["model", "image"])
@pytest.mark.parametrize(
    ("options", "mentions"),
    [
        (("-n", "mymodl"), "'mymodl'"),
        (("-n", "mymodel", "--version", "99"), "'mymodel:99'"),
        (("-n", "mymodel:98"), "'mymodel:98'"),
    ],
    ids=str,
)
def test_what_is_not_there_is_not_found(
    versions: Workspace, trouble: Trouble, kind: str, options: tuple[str, ...], mentions: str
) -> None:
    message = trouble.refused(kind, "show", *options, *versions.arguments, code=3)
    assert mentions in message
    assert f"az ml trouble {kind} list" in message


def test_near_names_are_shown(versions: Workspace, trouble: Trouble) -> None:
    assert "Did you mean 'mymodel'?" in trouble.refused("model", "show", "-n", "mymodl", *versions.arguments, code=3)
    assert "Did you mean 'mysvc'?" in trouble.refused("image", "log", "-n", "mysvcc", *versions.arguments, code=3)


@pytest.mark.parametrize("name", ["", ":1", "mysvc:"])
def test_a_name_that_is_none_is_refused(versions: Workspace, trouble: Trouble, name: str) -> None:
    trouble.refused("image", "show", f"--name={name}", *versions.arguments)


def test_two_versions_contradict_each_other(versions: Workspace, trouble: Trouble) -> None:
    trouble.refused("image", "show", "-n", "mysvc:1", "--version", "2", *versions.arguments)


def test_an_unknown_workspace_is_not_found(versions: Workspace, trouble: Trouble) -> None:
    arguments = ("-g", versions.resource_group, "-w", "elsewhere")
    for command in (("model", "list"), ("image", "list"), ("service", "list")):
        assert "elsewhere" in trouble.refused(*command, *arguments, code=3)


def test_without_the_right_the_role_is_named(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("image-versions", faults=[{"route": "mms.*", "fault": "forbidden"}])
    for command in (("model", "list"), ("image", "list"), ("service", "list")):
        assert "Ask for the role 'Reader'" in trouble.refused(*command, *workspace.arguments)


# -- images ------------------------------------------------------------------------------------------------------------


def test_images_are_listed_in_all_versions(versions: Workspace, trouble: Trouble) -> None:
    images = trouble.run("image", "list", *versions.arguments).json
    assert [(one["id"], one["creationState"], one["buildLog"]) for one in images] == [
        ("mysvc:3", "Failed", "available"),
        ("mysvc:2", "Succeeded", "available"),
        ("mysvc:1", "Succeeded", "available"),
    ]
    assert trouble.run("image", "list", "--name", "nothing", *versions.arguments).json == []
    assert "mysvc 3 Failed available" in said(trouble.table("image", "list", *versions.arguments))


def test_a_list_tells_which_log_is_not_at_hand(azure: SimulatedAzure, trouble: Trouble) -> None:
    images = {"mysvc:1": {"build_log_expired": True}, "mysvc:2": {"build_log": None}}
    workspace = azure.scenario("image-versions", images=images)
    result = trouble.run("image", "list", *workspace.arguments, "--query", "[].buildLog", "-o", "tsv")
    assert result.stdout.split() == ["available", "none", "expired"]


def test_an_image_is_shown_without_its_signature(versions: Workspace, trouble: Trouble) -> None:
    image = trouble.run("image", "show", "-n", "mysvc", *versions.arguments).json
    assert image["version"] == 3
    assert "sig=***" in image["imageBuildLogUri"]
    assert "State Failed" in said(trouble.table("image", "show", "-n", "mysvc", *versions.arguments))


# -- build logs --------------------------------------------------------------------------------------------------------


def test_the_log_of_the_newest_version(versions: Workspace, trouble: Trouble) -> None:
    log = trouble.run("image", "log", "-n", "mysvc", *versions.arguments).json
    assert (log["name"], log["version"], log["state"], log["complete"]) == ("mysvc", "3", "Failed", True)
    assert any(BUILD_ERROR in line for line in log["lines"])


def test_the_log_of_a_version_line_by_line(versions: Workspace, trouble: Trouble) -> None:
    options = ("-n", "mysvc", "--version", "2", *versions.arguments)
    lines = trouble.run("image", "log", *options, "--query", "lines", "-o", "tsv").stdout.splitlines()
    assert lines == BUILD_LOG
    assert trouble.table("image", "log", *options).splitlines()[0] == "Build log of the image mysvc:2"


def test_the_log_as_a_file(versions: Workspace, trouble: Trouble, tmp_path: Path) -> None:
    path = tmp_path / "build.log"
    options = ("image", "log", "-n", "mysvc:3", *versions.arguments, "--output-file", str(path))
    written = trouble.run(*options).json
    assert Path(written["path"]) == path
    text = path.read_text()
    assert BUILD_ERROR in text
    assert text.count("\n") == written["lineCount"]
    assert "--yes" in trouble.refused(*options)
    assert trouble.run(*options, "--yes").code == 0
    diagnosis = trouble.report("--log", str(path))
    assert diagnosis["rootCause"]["cause"] == "pip_no_matching_distribution"


def test_a_file_that_cannot_be_written(versions: Workspace, trouble: Trouble, tmp_path: Path) -> None:
    options = ("image", "log", "-n", "mysvc", *versions.arguments, "--output-file")
    trouble.refused(*options, str(tmp_path / "nowhere" / "build.log"))
    trouble.refused(*options, str(tmp_path))


def test_only_uri_only_shows_the_signature(
    azure: SimulatedAzure, versions: Workspace, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("image", "log", "-n", "mysvc", *versions.arguments)
    assert not SECRETS.search(trouble.run(*options).stdout)
    shown = trouble.az.run("ml", "trouble", *options, "--uri-only", "-o", "tsv")
    assert SECRETS.search(shown.stdout)
    monkeypatch.setenv("SSL_CERT_FILE", azure.started["ca"])
    with urllib.request.urlopen(shown.stdout.strip()) as answer:
        assert BUILD_ERROR in answer.read().decode()


def test_secrets_and_escapes_in_the_log_are_not_shown(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("secrets-in-logs")
    log = trouble.run("image", "log", "-n", "mysvc", *workspace.arguments, "--query", "lines", "-o", "tsv")
    assert "***" in log.stdout
    table = trouble.table("image", "log", "-n", "mysvc", *workspace.arguments)
    assert "***" in table


def test_an_expired_address_is_asked_for_again(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("image-versions", faults=[{**EXPIRED, "times": 1}])
    log = trouble.run("image", "log", "-n", "mysvc", *workspace.arguments).json
    assert any(BUILD_ERROR in line for line in log["lines"])
    asked = [one["route"] for one in workspace.requests()]
    assert asked[-4:] == ["mms.images", "blob.read", "mms.image", "blob.read"]


def test_an_address_that_stays_refused_is_explained(azure: SimulatedAzure, trouble: Trouble, tmp_path: Path) -> None:
    workspace = azure.scenario("build-log-expired")
    path = tmp_path / "build.log"
    for more in ((), ("--output-file", str(path)), ("--follow",)):
        message = trouble.refused("image", "log", "-n", "mysvc", *workspace.arguments, *more)
        assert "az ml workspace sync-keys" in message
    assert not path.exists()


@pytest.mark.parametrize("state", ["Succeeded", "NotStarted"])
def test_a_build_without_a_log_says_so(azure: SimulatedAzure, trouble: Trouble, state: str) -> None:
    images = {"mysvc:4": {"build_log": None, "creationState": state, "createdTime": "2026-11-04T08:00:00+00:00"}}
    workspace = azure.scenario("image-versions", images=images)
    for more in ((), ("--uri-only",)):
        message = trouble.refused("image", "log", "-n", "mysvc", *workspace.arguments, *more, code=3)
        assert "mysvc:4" in message
        assert state in message


def test_the_log_of_a_deployment_with_an_environment(environment: Workspace, trouble: Trouble) -> None:
    log = trouble.run("image", "log", "--service", "mysvc", *environment.arguments).json
    assert log["lines"] == BUILD_LOG
    assert (log["name"], log["version"], log["state"]) == ("mysvc", None, "Succeeded")


def test_the_log_of_a_service_with_an_image_is_the_images(versions: Workspace, trouble: Trouble) -> None:
    log = trouble.run("image", "log", "--service", "mysvc", *versions.arguments).json
    assert (log["name"], log["version"]) == ("mysvc", "2")


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-n", "mysvc", "--service", "mysvc"),
        ("--service", "mysvc", "--version", "2"),
        ("-n", "mysvc", "--uri-only", "--follow"),
        ("-n", "mysvc", "--uri-only", "--output-file", "x.log"),
    ],
    ids=str,
)
def test_options_that_do_not_fit_are_refused(versions: Workspace, trouble: Trouble, options: tuple[str, ...]) -> None:
    trouble.refused("image", "log", *options, *versions.arguments)


# -- following ---------------------------------------------------------------------------------------------------------


def test_a_build_is_followed_to_its_end(azure: SimulatedAzure, trouble: Trouble) -> None:
    running = {"creationState": "Running", "createdTime": "2026-11-04T08:00:00+00:00"}
    workspace = azure.scenario("image-versions", images={"mysvc:4": {**running, "build_log": "Step 1/3\nStep 2"}})
    workspace.faults({**EXPIRED, "times": 1}, {"route": "mms.image", "fault": "error-503", "times": 3})
    with Following(trouble.az, "image", "log", "-n", "mysvc", "--follow", *workspace.arguments) as following:
        following.wait_for("Step 1/3")
        workspace.change(build_logs={"mysvc:4": "/3\n\x1b[31mStep 3/3\x1b[0m\n"})
        following.wait_for("Step 3/3")
        workspace.change(
            build_logs={"mysvc:4": "failed"}, images={"mysvc:4": {"creationState": "Failed"}}
        )
        code, stderr = following.end()
    assert "".join(following.lines) == "Step 1/3Step 2/3Step 3/3failed"  # 'Step 2' is shown early if nothing follows
    assert code == 0
    assert "az ml trouble diagnose -n mysvc" in stderr
    assert "Traceback" not in stderr


def test_a_build_that_has_ended_is_followed_at_once(versions: Workspace, trouble: Trouble) -> None:
    result = trouble.run("image", "log", "-n", "mysvc:2", "--follow", *versions.arguments)
    assert result.stdout.splitlines() == BUILD_LOG


def test_ctrl_c_ends_following_a_build(azure: SimulatedAzure, trouble: Trouble) -> None:
    running = {"creationState": "Running", "createdTime": "2026-11-04T08:00:00+00:00", "build_log": "Step 1/3\n"}
    workspace = azure.scenario("image-versions", images={"mysvc:4": running})
    with Following(trouble.az, "image", "log", "-n", "mysvc:4", "--follow", *workspace.arguments) as following:
        following.wait_for("Step 1/3")
        following.interrupt()
        code, stderr = following.end()
    assert "Traceback" not in stderr
    assert code == 0
