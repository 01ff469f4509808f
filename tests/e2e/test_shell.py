"""How the extension lives in az: its help, its options, its neighbours."""
from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from tests.azuresim.az import AzHarness
from tests.azuresim.client import SimulatedAzure
from tests.e2e.trouble import Trouble

NEIGHBOUR = {
    "azext_neighbour/__init__.py": """
from azure.cli.core import AzCommandsLoader
from azure.cli.core.commands import CliCommandType
from knack.help_files import helps

helps["ml"] = "type: group\\nshort-summary: The group of the neighbour."


class Loader(AzCommandsLoader):
    def __init__(self, cli_ctx=None):
        custom = CliCommandType(operations_tmpl="azext_neighbour.custom#{}")
        super().__init__(cli_ctx=cli_ctx, custom_command_type=custom)

    def load_command_table(self, args):
        with self.command_group("ml model") as group:
            group.custom_command("list", "models")
        return self.command_table

    def load_arguments(self, command):
        pass


COMMAND_LOADER_CLS = Loader
""",
    "azext_neighbour/custom.py": """
import sys


def models(cmd):
    heavy = ("azureml", "docker", "azext_mltrouble.evidence", "azext_mltrouble.diagnosis", "azext_mltrouble.cloud")
    return {"models": ["ridge"], "heavy": [name for name in heavy if name in sys.modules],
            "loaded": "azext_mltrouble" in sys.modules}
""",
    "azext_neighbour/azext_metadata.json": json.dumps({"azext.minCliCoreVersion": "2.0.0"}),
    "neighbour-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: neighbour\nVersion: 1.0\n",
    "neighbour-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "neighbour-1.0.dist-info/RECORD": "",
}


@pytest.mark.parametrize("command", [(), ("diagnose",), ("collect",)], ids=str)
def test_help_needs_no_login(stranger: Trouble, command: tuple[str, ...]) -> None:
    result = stranger.run(*command, "--help")
    assert result.code == 0
    assert ("--workspace-name" in result.stdout) == bool(command)


def test_calls_after_the_first_find_the_command_in_azs_index(stranger: Trouble) -> None:
    for _ in range(3):
        assert stranger.run("diagnose", "--log", "-", stdin="Server initialized\n").code == 0


@pytest.mark.parametrize(
    ("arguments", "mentions"),
    [
        (("diagnose",), "--name"),
        (("diagnose", "-n", "mysvc", "--log", "x.log"), "--name and --log"),
        (("diagnose", "--log", "x.log", "--bundle", "x.zip"), "--log and --bundle"),
        (("diagnose", "-n", "mysvc"), "--workspace-name and --resource-group"),
        (("diagnose", "-n", "mysvc", "-w", "ws"), "--resource-group"),
        (("diagnose", "--all", "-g", "rg"), "--workspace-name"),
        (("diagnose", "--log", "x.log", "--generation", "v1"), "--generation"),
        (("collect", "-n", "mysvc"), "--workspace-name and --resource-group"),
        (("collect", "-n", "mysvc", "-w", "ws", "-g", "rg", "-f", "x.tar"), ".zip"),
    ],
    ids=str,
)
def test_options_that_do_not_go_together(stranger: Trouble, arguments: tuple[str, ...], mentions: str) -> None:
    assert mentions in stranger.refused(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [("collect",), ("diagnose", "--generation", "v3"), ("diagnose", "--log"), ("diagnose", "--nope")],
    ids=str,
)
def test_what_az_itself_refuses(stranger: Trouble, arguments: tuple[str, ...]) -> None:
    result = stranger.run(*arguments)
    assert result.code == 2
    assert result.stdout == ""


def test_beside_another_extension_that_owns_ml(azure: SimulatedAzure, extended_az: AzHarness, tmp_path: Path) -> None:
    wheel = tmp_path / "neighbour-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in NEIGHBOUR.items():
            archive.writestr(name, text)
    extensions = tmp_path / "extensions"
    extensions.mkdir()
    os.symlink((extended_az.extensions / "mltrouble").resolve(), extensions / "mltrouble")
    az = AzHarness(azure, tmp_path / "az", extended_az.az, extensions)
    az.must("extension", "add", "--source", str(wheel), "--yes")

    for _ in range(2):  # without az's command index, and with it
        answer = az.must("ml", "model", "list").json
        assert answer == {"models": ["ridge"], "heavy": [], "loaded": True}
        assert Trouble(az).run("diagnose", "--log", "-", stdin="Server initialized\n").code == 0
    group = az.must("ml", "--help").stdout
    assert "The group of the neighbour." in group
    assert "trouble" in group
    assert "model" in group

    az.must("extension", "remove", "--name", "neighbour")
    assert Trouble(az).run("diagnose", "--log", "-", stdin="Server initialized\n").code == 0
    assert "trouble" in az.must("ml", "--help").stdout
