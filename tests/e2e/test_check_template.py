"""``keyvault check-template`` on files as people have them, without any login."""
from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.trouble import SECRETS, Trouble, check_shape, said

WIPING = """// made by hand
{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {"policies": {"type": "array", "defaultValue": []}, "name": {"type": "string"}},
  "resources": [
    {
      "type": "Microsoft.KeyVault/vaults",
      "apiVersion": "2018-02-14",
      "name": "[parameters('name')]", /* of the workspace */
      "properties": {
        "tenantId": "[subscription().tenantId]",
        "accessPolicies": "[parameters('policies')]"
      }
    }
  ]
}
"""
PARAMETERS = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"value": "contoso-kv"}, "policies": {"value": [{"objectId": "9f8e"}]}},
}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "main.json"
    path.write_text(WIPING)
    return path


def checked(trouble: Trouble, *arguments: str | Path) -> dict[str, Any]:
    result = trouble.run("keyvault", "check-template", *map(str, arguments))
    assert result.code == 0, result.stderr
    check_shape(result.json)
    return dict(result.json)


def test_a_wiping_template_is_found_at_its_line(stranger: Trouble, template: Path) -> None:
    report = checked(stranger, "--template", template)
    assert (report["verdict"], report["failedStage"]) == ("failed", "access")
    (finding,) = report["findings"]
    assert finding["code"] == "MLT7340"
    assert finding["evidence"] == [
        {"source": str(template), "line": 13, "text": "\"accessPolicies\": \"[parameters('policies')]\""}
    ]
    table = said(stranger.table("keyvault", "check-template", "-t", str(template)))
    assert "MLT7340" in table
    assert "line 13" in table


def test_parameters_decide(stranger: Trouble, template: Path, tmp_path: Path) -> None:
    parameters = tmp_path / "main.parameters.json"
    parameters.write_text(json.dumps(PARAMETERS))
    report = checked(stranger, "-t", template, "-p", parameters)
    assert (report["verdict"], report["findings"]) == ("unknown", [])
    (check,) = next(one for one in report["stages"] if one["stage"] == "access")["checks"]
    assert check["title"] == "Key vault contoso-kv"
    parameters.write_text(json.dumps({"parameters": {"policies": {"reference": {"secretName": "s"}}}}))
    assert checked(stranger, "-t", template, "-p", parameters)["rootCause"]["code"] == "MLT7341"


def test_the_exit_code_and_the_reports(stranger: Trouble, template: Path, tmp_path: Path) -> None:
    reports = [tmp_path / f"report{suffix}" for suffix in (".sarif", ".html", ".xml", ".md")]
    result = stranger.run(
        "keyvault", "check-template", "-t", str(template), "--fail-on", "error", "--report", *map(str, reports)
    )
    assert result.code == 10
    assert result.json["verdict"] == "failed"
    (run,) = json.loads(reports[0].read_text())["runs"]
    (one,) = run["results"]
    assert (one["ruleId"], one["level"]) == ("MLT7340", "error")
    place = one["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (str(template), 13)
    assert all("MLT7340" in path.read_text() for path in reports[1:])
    warned = stranger.run("keyvault", "check-template", "-t", str(template), "--report", str(reports[0]))
    assert "--yes" in warned.stderr


def test_linked_templates_beside_it(stranger: Trouble, tmp_path: Path) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "vault.json").write_text(WIPING, encoding="utf-16")
    links = [{"relativePath": "modules/vault.json"}, {"relativePath": "modules/no.json"},
             {"uri": "https://example.com/kv.json?sv=2022-11-02&sig=AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdef%3D"},
             {"relativePath": "/etc/passwd"}, {"relativePath": "modules"}]  # fmt: skip
    main = tmp_path / "main.json"
    main.write_text(json.dumps({"resources": [
        {"type": "Microsoft.Resources/deployments", "name": "n", "properties": {"templateLink": link}} for link in links
    ]}))  # fmt: skip
    report = checked(stranger, "-t", main)
    assert report["findings"][0]["evidence"][0]["source"] == str(tmp_path / "modules" / "vault.json")
    unknown = [c["detail"] for s in report["stages"] for c in s["checks"] if c["status"] == "unknown"]
    assert len(unknown) == 4
    assert not SECRETS.search(json.dumps(report))


BAD = {
    "missing.json": (None, "could not be read"),
    "empty.json": (b"", "empty"),
    "binary.json": (bytes(range(256)), "no text"),
    "zeros.json": (b"\0" * 100, "no text"),
    "broken.json": (b'{"resources": [\n\n{', "line 3"),
    "main.bicep": (b"resource kv 'Microsoft.KeyVault/vaults@2023-07-01' = {\n}", "az bicep build --file"),
    "list.json": (b"[]", "resources"),
    "text.json": (b'"resources"', "resources"),
    "parameters.json": (json.dumps(PARAMETERS).encode(), "--parameters"),
    "deep.json": (b"[" * 100_000, "levels deep"),
    "huge.json": (b'{"resources": [' + b" " * (9 * 1024 * 1024), "MiB"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_template_is_azs_error(stranger: Trouble, tmp_path: Path, name: str) -> None:
    content, says = BAD[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert says in stranger.refused("keyvault", "check-template", "-t", str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("p.json", '{"parameters": []}', "parameters"),
        ("p.json", WIPING, "parameters file"),
        ("p.json", "{", "line 1"),
        ("main.bicepparam", "using 'main.bicep'", "az bicep build-params"),
    ],
    ids=["list", "template", "broken", "bicep"],
)
def test_what_are_no_parameters_is_azs_error(
    stranger: Trouble, template: Path, tmp_path: Path, name: str, content: str, says: str
) -> None:
    (tmp_path / name).write_text(content)
    arguments = ("-t", str(template), "-p", str(tmp_path / name))
    assert says in stranger.refused("keyvault", "check-template", *arguments)


def test_options(stranger: Trouble, template: Path, tmp_path: Path) -> None:
    assert stranger.run("keyvault", "check-template").code == 2
    assert ".sarif" in stranger.refused("keyvault", "check-template", "-t", str(template), "--report", "report.pdf")
    assert "folder" in stranger.refused("keyvault", "check-template", "-t", str(template), "--report", "no/x.sarif")
    for verb in ("check", "restore", "check-template"):
        shown = stranger.run("keyvault", verb, "--help")
        assert shown.code == 0
        assert "PowerShell" in shown.stdout


def test_names_cannot_control_the_terminal(stranger: Trouble, tmp_path: Path) -> None:
    path = tmp_path / "main.json"
    path.write_text(json.dumps({"resources": [
        {"type": "Microsoft.KeyVault/vaults", "name": "kv\x1b[2J\x07\n{why}", "properties": {}}
    ]}))  # fmt: skip
    stranger.table("keyvault", "check-template", "-t", str(path))


@pytest.mark.skipif(shutil.which("bicep") is None, reason="there is no bicep on the PATH")
def test_real_bicep(stranger: Trouble, tmp_path: Path) -> None:
    source = tmp_path / "main.bicep"
    source.write_text("""
param name string
resource kv 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: 'westeurope'
  properties: { tenantId: subscription().tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies: [] }
}
""")
    subprocess.run(["bicep", "build", str(source)], check=True, capture_output=True)
    assert checked(stranger, "-t", tmp_path / "main.json")["rootCause"]["code"] == "MLT7340"
