"""The commands that a report tells people to run exist: ours pass az's own parser, others at least name their tool."""
from __future__ import annotations

import re
import shlex
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from azure.cli.core import MainCommandsLoader
from azure.cli.core.mock import DummyCli
from azure.cli.core.parser import AzCliCommandParser

from azext_mltrouble import COMMAND_LOADER_CLS
from azext_mltrouble.diagnosis.engine import diagnose
from azext_mltrouble.diagnosis.knowledge import load
from azext_mltrouble.diagnosis.template import fill_command
from azext_mltrouble.evidence.model import Evidence, Observation, Target

TOOLS = {"az", "conda", "docker", "kubectl", "pip"}
OURS = "az ml trouble "
IN_A_SENTENCE = re.compile(r"`(az ml trouble [^`]+)`")

ENTRIES = {entry.code: entry for entry in load().entries}
COMMANDS = [
    pytest.param(fill_command(command, {}), id=f"{code}-{number}")
    for code, entry in ENTRIES.items()
    for number, command in enumerate(entry.remedy_commands)
]
TARGETS = [
    Target("mysvc", "service", generation="v1", state="Failed"),
    Target("-my svc;", "endpoint", generation="v2", state="Failed"),
    Target("a.log", "log"),
    Target("evidence.zip", "bundle"),
    Target("vault", "vault"),
]


class Refused(Exception):
    """What the parser says instead of ending the process."""


def refuse(message: str) -> NoReturn:
    raise Refused(message)


@lru_cache(maxsize=1)
def parser() -> Any:
    """az's parser with this extension's commands and their options."""
    cli = DummyCli()
    loader = COMMAND_LOADER_CLS(cli_ctx=cli)
    cli.invocation = SimpleNamespace(data={}, commands_loader=loader)
    everything = MainCommandsLoader(cli)
    everything.command_table = loader.load_command_table(None)
    everything.cmd_to_loader_map = {name: [loader] for name in everything.command_table}
    for name in everything.command_table:
        cli.invocation.data["command_string"] = name
        everything.load_arguments(name)
    made = AzCliCommandParser(cli, parents=[AzCliCommandParser.create_global_parser(cli)])
    made.load_command_table(loader)
    for group in made.subparsers.values():
        for one in group.choices.values():
            one.error = one.validation_error = refuse
    made.error = refuse
    return made


def check(command: str) -> None:
    words = shlex.split(command)
    assert words[0] in TOOLS, f"{words[0]} is no tool that people are known to have"
    if command.startswith(OURS):
        parser().parse_args(words[1:])


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_remedies_exist(command: str) -> None:
    check(command)


@pytest.mark.parametrize("code", ENTRIES)
def test_our_commands_in_the_text_of_remedies_exist(code: str) -> None:
    for command in IN_A_SENTENCE.findall(fill_command(ENTRIES[code].remedy_text, {})):
        check(command)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_next_steps_exist(target: Target) -> None:
    unread = Observation("container log", "launch", "container log", "unavailable", "403", "Ask for the role Reader.")
    report = diagnose(Evidence(target, facts={"service": {}}, observations=[unread]))
    assert report.next_steps or target.kind == "vault"
    for command in report.next_steps:
        check(command)


@pytest.mark.parametrize("command", ["az ml trouble diagnos -n x", "az ml trouble explain --kode 4103", "sudo reboot"])
def test_a_command_that_does_not_exist_is_noticed(command: str) -> None:
    with pytest.raises((Refused, AssertionError, SystemExit)):
        check(command)
