from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_mltrouble.render.command_line import fit_command

LONG = "az ml trouble image build --name mysvc --model 'my model:3' --workspace-name ml-prod --resource-group rg-ml"


def test_a_short_command_stays_on_its_line() -> None:
    assert fit_command("az account show", 40) == ["az account show"]


def test_a_long_command_is_continued_between_arguments() -> None:
    assert fit_command(LONG, 60, "\\") == [
        "az ml trouble image build --name mysvc \\",
        "    --model 'my model:3' --workspace-name ml-prod \\",
        "    --resource-group rg-ml",
    ]


def test_powershell_continues_with_a_backtick() -> None:
    lines = fit_command(LONG, 60, "`")
    assert lines is not None
    assert [line[-2:] for line in lines[:-1]] == [" `", " `"]


@pytest.mark.parametrize(
    "command",
    [
        "az rest --url https://management.azure.com/" + "x" * 80,
        "echo '" + "one argument " * 10 + "'",
        "az ml trouble diagnose --name mysvc --workspace-name ml-prod # what went wrong with it",
        "cat > env.yml <<EOF\nname: env\nEOF",
        "az tag list --tag 'a\tb'",
        "python -c 'import sys\nprint(sys.path)'",
    ],
)
def test_a_command_that_would_change_is_not_given(command: str) -> None:
    assert fit_command(command, 60) is None


def test_several_commands_keep_their_lines() -> None:
    assert fit_command("az login\naz account show\n", 40) == ["az login", "az account show"]


def test_control_characters_do_not_reach_the_command() -> None:
    assert fit_command("az login\x1b[2K\u202e", 40) == ["az login"]


argument = st.text("ab-é \"'\\$`#", min_size=1, max_size=12).map(shlex.quote)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@given(st.lists(argument, max_size=12), st.integers(min_value=14, max_value=60))
def test_bash_reads_the_same_arguments(arguments: list[str], width: int) -> None:
    command = " ".join(["printf", "'%s\\n'", *arguments])
    lines = fit_command(command, width, "\\")
    if lines is not None:
        assert all(len(line) <= width for line in lines)
        assert run("\n".join(f"           {line}" for line in lines)) == run(command)


def run(script: str) -> bytes:
    return subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
