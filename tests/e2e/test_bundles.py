"""``collect`` and ``diagnose --bundle``: the same report elsewhere and later, and bundles that are none."""
from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.azuresim.client import SimulatedAzure, Workspace
from tests.e2e.trouble import SECRETS, Trouble


@pytest.fixture
def bundle(crashing: Workspace, trouble: Trouble, tmp_path: Path) -> Path:
    """A bundle about the crashing service."""
    path = tmp_path / "mysvc.zip"
    assert trouble.run("collect", "-n", "mysvc", *crashing.arguments, "-f", str(path)).code == 0
    return path


def told(report: dict[str, Any]) -> dict[str, Any]:
    """The report without what measures the run itself."""
    stages = [
        {**stage, "checks": [{**check, "durationMs": 0} for check in stage["checks"]]} for stage in report["stages"]
    ]
    return {**report, "stages": stages}


def test_collect_says_what_it_has(crashing: Workspace, trouble: Trouble, tmp_path: Path) -> None:
    path = tmp_path / "mysvc.zip"
    result = trouble.run("collect", "-n", "mysvc", *crashing.arguments, "-f", str(path))
    assert result.code == 0
    summary = result.json
    assert sorted(summary) == ["absent", "collected", "path", "redactions", "sizeBytes", "unavailable"]
    assert Path(summary["path"]) == path
    assert summary["sizeBytes"] == path.stat().st_size
    assert summary["collected"]
    assert summary["unavailable"] == []
    assert path.stat().st_mode & 0o077 == 0, "what logs say is for its owner's eyes"
    assert [one.name for one in tmp_path.iterdir()] == ["mysvc.zip"]


def test_a_bundle_gives_the_report_of_the_live_run(
    crashing: Workspace, trouble: Trouble, stranger: Trouble, bundle: Path
) -> None:
    live = trouble.report("-n", "mysvc", *crashing.arguments)
    assert told(stranger.report("--bundle", str(bundle))) == told(live)


def test_a_bundle_holds_no_secret(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        for name in archive.namelist():
            assert not SECRETS.search(archive.read(name).decode("utf-8")), name


def test_what_could_not_be_read_is_named(azure: SimulatedAzure, trouble: Trouble, tmp_path: Path) -> None:
    workspace = azure.scenario("crash-in-init")
    workspace.faults({"route": "arm.vault", "fault": "forbidden"})
    result = trouble.run("collect", "-n", "mysvc", *workspace.arguments, "-f", str(tmp_path / "b.zip"))
    assert result.code == 0
    unavailable = {one["source"]: one for one in result.json["unavailable"]}
    assert "Microsoft.KeyVault/vaults/read" in unavailable["key-vault"]["remedy"]
    assert all(one["detail"] for one in unavailable.values())


def test_an_existing_file_is_kept_without_yes(crashing: Workspace, trouble: Trouble, tmp_path: Path) -> None:
    path = tmp_path / "mine.zip"
    path.write_text("mine")
    assert "--yes" in trouble.refused("collect", "-n", "mysvc", *crashing.arguments, "-f", str(path))
    assert path.read_text() == "mine"
    assert trouble.run("collect", "-n", "mysvc", *crashing.arguments, "-f", str(path), "--yes").code == 0
    assert zipfile.is_zipfile(path)


def test_a_failed_collect_leaves_nothing(crashing: Workspace, trouble: Trouble, tmp_path: Path) -> None:
    trouble.refused("collect", "-n", "nosuch", *crashing.arguments, "-f", str(tmp_path / "b.zip"), code=3)
    trouble.refused("collect", "-n", "mysvc", *crashing.arguments, "-f", str(tmp_path / "missing" / "b.zip"))
    assert list(tmp_path.iterdir()) == []


def test_the_table_of_collect(crashing: Workspace, trouble: Trouble, tmp_path: Path) -> None:
    assert "b.zip" in trouble.table("collect", "-n", "mysvc", *crashing.arguments, "-f", str(tmp_path / "b.zip"))


def rewritten(source: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A copy of a bundle whose members ``change`` has changed."""
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target


def _manifest(members: dict[str, bytes]) -> str:
    (name,) = [name for name in members if "formatVersion" in members[name].decode("utf-8", "replace")]
    return name


def _newer(members: dict[str, bytes]) -> None:
    name = _manifest(members)
    members[name] = json.dumps({**json.loads(members[name]), "formatVersion": "99.0"}).encode()


def _without_manifest(members: dict[str, bytes]) -> None:
    del members[_manifest(members)]


def _manifest_of_garbage(members: dict[str, bytes]) -> None:
    members[_manifest(members)] = b"{not json"


def _without_a_log(members: dict[str, bytes]) -> None:
    logs = set(members) - {_manifest(members)}
    del members[next(name for name in sorted(logs) if b"ModuleNotFoundError" in members[name])]


def _path_outside(members: dict[str, bytes]) -> None:
    members["../outside.txt"] = b"escaped"


def _absolute_path(members: dict[str, bytes]) -> None:
    members["/tmp/outside.txt"] = b"escaped"


@pytest.mark.parametrize(
    "change",
    [_newer, _without_manifest, _manifest_of_garbage, _without_a_log, _path_outside, _absolute_path],
    ids=lambda change: change.__name__.strip("_"),
)
def test_a_spoilt_bundle_is_a_clear_error(
    stranger: Trouble, bundle: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    spoilt = rewritten(bundle, tmp_path / "spoilt.zip", change)
    assert "spoilt.zip" in stranger.refused("diagnose", "--bundle", str(spoilt))
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == ["mysvc.zip", "spoilt.zip"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("text.zip", b"this is no zip"), ("empty.zip", b""), ("cut.zip", None), ("missing.zip", b"")],
    ids=["text", "empty", "cut", "missing"],
)
def test_what_is_no_bundle_is_a_clear_error(
    stranger: Trouble, bundle: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    path = tmp_path / name
    if name != "missing.zip":
        path.write_bytes(bundle.read_bytes()[:-200] if content is None else content)
    assert name in stranger.refused("diagnose", "--bundle", str(path))


def test_a_bomb_is_refused(stranger: Trouble, bundle: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bundle) as archive, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        for name in archive.namelist():
            target.writestr(name, archive.read(name))
        with target.open("logs/bomb.log", "w", force_zip64=True) as member:
            for _ in range(2048):
                member.write(b"\0" * (1 << 20))
    stranger.refused("diagnose", "--bundle", str(bomb), timeout=60)
