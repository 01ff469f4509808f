"""Bundles: what is written comes back, nothing half-written stays, and no hostile zip does harm."""
from __future__ import annotations

import io
import json
import os
import stat
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError, FileOperationError, InvalidArgumentValueError

from azext_mltrouble.cloud.printable import printable
from azext_mltrouble.evidence.bundle import read_bundle, write_bundle
from azext_mltrouble.evidence.model import Evidence, Log, Observation, Target

TARGET = Target("mysvc", "service", "v1", "ACI", "ws", "rg", "Failed")
LOG = "Step 1\r\nno end \udcff \x1b[31mred\x1b[0m\nPASSWORD=hunter22"


def evidence() -> Evidence:
    return Evidence(
        target=TARGET,
        facts={"service": {"name": "mysvc", "sslKey": "k"}, "models": [{"id": "m:1"}], "vault": {"ünï": "\u202e"}},
        logs=[Log.of_text("image build log", "build_log", LOG), Log.of_text("image build log", None, "second")],
        observations=[
            Observation("service", "deploy", "Web service", "collected", duration_ms=12),
            Observation("key-vault", "access", "Key Vault", "unavailable", "403", "Ask for it."),
        ],
        redactions={"sasSignature": 2},
        collected_at="2026-11-23T10:00:00+00:00",
    )


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "b.zip"
    write_bundle(evidence(), path)
    return path


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_written_comes_back(bundle: Path) -> None:
    read = read_bundle(bundle)
    assert read.target == TARGET
    assert read.observations == evidence().observations
    # what could control a terminal, here a change of direction, does not come back
    assert read.facts == printable({**evidence().facts, "service": {"name": "mysvc", "sslKey": "***"}})
    assert read.redactions == {"sasSignature": 2}
    assert read.collected_at == evidence().collected_at
    assert [(log.source, log.where) for log in read.logs] == [(log.source, log.where) for log in evidence().logs]
    bundle.unlink()  # what was read does not need the file any more
    with read.logs[0].open() as first, read.logs[0].open() as again:
        raw = LOG.replace("hunter22", "***").encode("utf-8", "surrogateescape")
        assert first.read() == again.read() == raw


def test_a_bundle_is_for_its_owner_and_holds_no_secret(bundle: Path) -> None:
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    assert sorted(members_of(bundle)) == [
        "facts/models.json", "facts/service.json", "facts/vault.json", "logs/1-image-build-log.log",
        "logs/2-image-build-log.log", "manifest.json",
    ]  # fmt: skip
    assert json.loads(members_of(bundle)["manifest.json"])["formatVersion"] == "1.0"
    assert b"hunter22" not in b"".join(members_of(bundle).values())


def test_a_bundle_takes_the_place_of_another(bundle: Path) -> None:
    again = evidence()
    again.facts = {}
    write_bundle(again, bundle)
    assert read_bundle(bundle).facts == {}
    assert [one.name for one in bundle.parent.iterdir()] == ["b.zip"]


def test_nothing_half_written_stays(bundle: Path) -> None:
    before = bundle.read_bytes()

    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(28, "No space left on device")

    broken = evidence()
    broken.logs.append(Log("container log", None, Breaks))
    with pytest.raises(FileOperationError, match="No space left") as error:
        write_bundle(broken, bundle)
    assert error.value.recommendations
    assert bundle.read_bytes() == before
    assert [one.name for one in bundle.parent.iterdir()] == ["b.zip"]


def test_a_folder_that_does_not_exist_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError) as error:
        write_bundle(evidence(), tmp_path / "missing" / "b.zip")
    assert error.value.recommendations


def test_a_large_log_goes_through(tmp_path: Path) -> None:
    line = b"2026-11-20T09:14:03 | root | INFO | 200 | request %d\n"
    data = b"".join(line % number for number in range(200_000))
    large = Evidence(TARGET, logs=[Log("container log", "container_log", lambda: io.BytesIO(data))])
    write_bundle(large, tmp_path / "b.zip")
    with read_bundle(tmp_path / "b.zip").logs[0].open() as stream:
        assert stream.read() == data


# -- bundles that are none ---------------------------------------------------------------------------------------------


def repacked(bundle: Path, members: dict[str, bytes], extra: Callable[[zipfile.ZipFile], None] | None = None) -> Path:
    path = bundle.with_name("spoilt.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        if extra:
            extra(archive)
    return path


def refused(path: Path, kind: type[AzCLIError] = InvalidArgumentValueError) -> str:
    with pytest.raises(kind) as error:
        read_bundle(path)
    assert error.value.recommendations
    assert path.name in str(error.value)
    return str(error.value) + "\n".join(error.value.recommendations)


def _link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("logs/9-link.log")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def _twice(archive: zipfile.ZipFile) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("manifest.json", "{}")


def _bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr("logs/9-bomb.log", b"\0" * (64 << 20))


@pytest.mark.parametrize("add", [_link, _twice, _bomb], ids=["link", "twice", "bomb"])
def test_what_could_do_harm_is_refused(bundle: Path, add: Callable[[zipfile.ZipFile], None]) -> None:
    refused(repacked(bundle, members_of(bundle), add))


@pytest.mark.parametrize(
    "name",
    ["../outside.txt", "/etc/outside", "logs/../../x.log", "facts/../manifest.json", "C:\\x", "logs/1.exe", "x", "a/"],
)
def test_a_path_that_is_no_part_of_a_bundle_is_refused(bundle: Path, name: str) -> None:
    refused(repacked(bundle, {**members_of(bundle), name: b"x"}))
    assert sorted(one.name for one in bundle.parent.iterdir()) == ["b.zip", "spoilt.zip"]


def test_more_files_than_any_bundle_has_are_refused(bundle: Path) -> None:
    refused(repacked(bundle, {**members_of(bundle), **{f"logs/{n}-x.log": b"" for n in range(1000)}}))


@pytest.mark.parametrize("missing", ["manifest.json", "facts/service.json", "logs/1-image-build-log.log"])
def test_a_bundle_that_lacks_a_file_is_refused(bundle: Path, missing: str) -> None:
    members = members_of(bundle)
    del members[missing]
    assert missing in refused(repacked(bundle, members))


@pytest.mark.parametrize("name", ["logs/9-extra.log", "facts/extra.json"])
def test_a_file_that_the_manifest_does_not_name_is_refused(bundle: Path, name: str) -> None:
    assert name in refused(repacked(bundle, {**members_of(bundle), name: b"{}"}))


@pytest.mark.parametrize("version", ["2.0", "99.1"])
def test_a_newer_format_asks_for_an_update(bundle: Path, version: str) -> None:
    members = members_of(bundle)
    members["manifest.json"] = members["manifest.json"].replace(b'"1.0"', f'"{version}"'.encode())
    assert "az extension update" in refused(repacked(bundle, members))


def test_a_later_minor_format_is_read(bundle: Path) -> None:
    members = members_of(bundle)
    members["manifest.json"] = members["manifest.json"].replace(b'"1.0"', b'"1.7", "later": 1')
    assert read_bundle(repacked(bundle, members)).target == TARGET


SPOILT: list[dict[str, Any]] = [
    {"formatVersion": None}, {"formatVersion": "x"}, {"facts": None}, {"facts": {"service": 1}}, {"logs": {}},
    {"logs": [1]}, {"logs": [{"source": "x", "where": "nowhere", "file": "logs/1-image-build-log.log"}]},
    {"target": None}, {"target": {"kind": "service"}}, {"target": {**vars(TARGET), "kind": "car"}},
    {"target": {**vars(TARGET), "generation": "v9"}}, {"observations": [{"source": "x"}]}, {"observations": 1},
    {"redactions": {"x": "many"}}, {"redactions": []},
]  # fmt: skip


@pytest.mark.parametrize("change", SPOILT, ids=str)
def test_a_manifest_that_is_not_as_it_should_be_is_refused(bundle: Path, change: dict[str, Any]) -> None:
    members = members_of(bundle)
    members["manifest.json"] = json.dumps({**json.loads(members["manifest.json"]), **change}).encode()
    refused(repacked(bundle, members))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\xfd", b"[" * 200_000, b"[]", b"null", b"1"])
def test_json_that_is_none_is_refused(bundle: Path, content: bytes) -> None:
    refused(repacked(bundle, {**members_of(bundle), "manifest.json": content}))


@pytest.mark.parametrize("content", [b"", b"this is no zip", b"PK\x03\x04" + b"\0" * 100])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    refused(tmp_path / "x.zip")


def test_a_damaged_byte_is_noticed(bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    for at in range(40, len(data) - 200, 97):
        damaged = bytes(data[:at]) + bytes([data[at] ^ 0xFF]) + bytes(data[at + 1 :])
        path = bundle.with_name("damaged.zip")
        path.write_bytes(damaged)
        with suppress(AzCLIError):
            assert read_bundle(path).target == TARGET, "a byte that says nothing that matters"


def test_an_encrypted_bundle_is_refused(bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    data[6] |= 1
    bundle.write_bytes(data)
    refused(bundle)


def test_what_cannot_be_opened_is_a_clear_error(tmp_path: Path) -> None:
    refused(tmp_path / "missing.zip", FileOperationError)
    (tmp_path / "folder.zip").mkdir()
    refused(tmp_path / "folder.zip", FileOperationError)
    with pytest.raises(AzCLIError):
        read_bundle("a\0b")
    if os.name != "nt" and os.geteuid() != 0:
        (tmp_path / "private.zip").write_bytes(b"x")
        (tmp_path / "private.zip").chmod(0)
        refused(tmp_path / "private.zip", FileOperationError)
