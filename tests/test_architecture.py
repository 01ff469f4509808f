"""Imports go one way, and the pure parts stay pure."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "azext_mltrouble"

#: What each part may import of the others, anywhere in its code; a longer name allows one module of a part.
ALLOWED = {
    "operations": {"operations", "cloud", "evidence", "diagnosis", "local", "autoscale", "render"},
    "evidence": {"evidence", "cloud"},
    "diagnosis": {"diagnosis", "evidence.model", "evidence.redaction"},
    "cloud": {"cloud"},
    "local": {"local"},
    "autoscale": {"autoscale"},
    "render": {"render", "autoscale.timeline"},
}
#: The parts that run anywhere: nothing of Azure, of az or of Docker.
PURE = ("diagnosis", "autoscale")
FOREIGN = ("azure", "azureml", "knack", "msal", "msrest", "docker")

MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def imports_of(module: Path) -> Iterator[str]:
    """The full names that ``module`` imports, at its top and inside its functions."""
    package = ["azext_mltrouble", *module.parent.parts]
    for node in ast.walk(ast.parse((PACKAGE / module).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*base, *([node.module] if node.module else [])])


def is_within(name: str, packages: set[str] | tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_part_imports_only_what_lies_below_it(module: Path) -> None:
    if len(module.parts) == 1:
        return
    allowed = {f"azext_mltrouble.{name}" for name in ALLOWED[module.parts[0]]}
    ours = [name for name in imports_of(module) if is_within(name, ("azext_mltrouble",))]
    assert [name for name in ours if not is_within(name, allowed)] == []


@pytest.mark.parametrize("module", [one for one in MODULES if one.parts[0] in PURE], ids=str)
def test_a_pure_part_knows_neither_azure_nor_docker(module: Path) -> None:
    assert [name for name in imports_of(module) if is_within(name, FOREIGN)] == []


@pytest.mark.parametrize("module", [one for one in MODULES if len(one.parts) == 1], ids=str)
def test_what_az_loads_reaches_the_rest_only_through_operations_and_render(module: Path) -> None:
    allowed = {"azext_mltrouble.operations", "azext_mltrouble.render"}
    allowed |= {f"azext_mltrouble.{path.stem}" for path in MODULES if len(path.parts) == 1}
    ours = [name for name in imports_of(module) if is_within(name, ("azext_mltrouble",))]
    assert [name for name in ours if name != "azext_mltrouble" and not is_within(name, allowed)] == []


def test_azureml_and_docker_have_one_door_each() -> None:
    users = {
        foreign: {str(module) for module in MODULES for name in imports_of(module) if is_within(name, (foreign,))}
        for foreign in ("azureml", "docker")
    }
    assert users["azureml"] <= {"cloud/v1_sdk.py"}
    assert all(user.startswith("local/") for user in users["docker"])
