"""Scenarios: the compact YAML of one workspace made into what Azure's services hold about it.

A document needs little: what it leaves out is filled from ``payloads``. ``extends`` names another scenario whose
document it is merged over (mappings merge, everything else replaces; ``!absent`` removes a key). ``!ago 3d2h`` is a
time before now; ``!text FILE`` is the text of a file of ``scenarios/logs``. ``${...}`` in any text stands for a
name of this workspace (``Names``).
"""
from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone
from pathlib import Path
from string import Template
from typing import Any

import yaml

from . import payloads

FOLDER = Path(__file__).parent / "scenarios"
SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
SECOND_SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
TENANT = "00000000-0000-4000-8000-00000000000a"
_SUBSCRIPTIONS = {"first": SUBSCRIPTION, "second": SECOND_SUBSCRIPTION}
_ABSENT = object()


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """SafeLoader with the tags of scenario files."""


def _ago(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    units = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    parts = re.findall(r"(\d+)([dhms])", loader.construct_scalar(node))
    then = datetime.now(timezone.utc) - timedelta(**{units[unit]: int(number) for number, unit in parts})
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_Loader.add_constructor("!ago", _ago)
_Loader.add_constructor("!absent", lambda loader, node: _ABSENT)
_Loader.add_constructor("!text", lambda loader, node: (FOLDER / "logs" / loader.construct_scalar(node)).read_text())
_Loader.yaml_implicit_resolvers = {  # times stay text
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Names:
    """The names of one simulated workspace and of what belongs to it; ``*_id`` are ARM resource ids."""

    scenario: str
    subscription: str
    resource_group: str
    workspace: str
    workspace_id: str
    principal_id: str
    vault: str
    registry: str
    registry_server: str
    storage: str
    group_id: str
    workspace_arm_id: str
    vault_id: str
    registry_id: str
    location: str
    container: str
    suffix: str

    @classmethod
    def of(cls, scenario: str, document: dict[str, Any]) -> Names:
        """The names that follow from a scenario's name."""
        digest = hashlib.sha256(scenario.encode()).hexdigest()
        short = re.sub(r"[^a-z0-9]", "", scenario.lower())[:12] + digest[:6]
        subscription = _SUBSCRIPTIONS[document.get("subscription", "first")]
        resource_group = document.get("resource_group", f"rg-{scenario}")
        group_id = f"/subscriptions/{subscription}/resourceGroups/{resource_group}"
        return cls(
            scenario=scenario, subscription=subscription, resource_group=resource_group, workspace=scenario,
            workspace_id=str(uuid.uuid5(uuid.NAMESPACE_DNS, scenario)),
            principal_id=str(uuid.uuid5(uuid.NAMESPACE_URL, scenario)),
            vault=f"kv{short}", registry=f"cr{short}", registry_server=f"cr{short}.azurecr.io", storage=f"st{short}",
            group_id=group_id,
            workspace_arm_id=f"{group_id}/providers/Microsoft.MachineLearningServices/workspaces/{scenario}",
            vault_id=f"{group_id}/providers/Microsoft.KeyVault/vaults/kv{short}",
            registry_id=f"{group_id}/providers/Microsoft.ContainerRegistry/registries/cr{short}",
            location=document.get("location", "westeurope"), container=f"azureml-{digest[:16]}", suffix=digest[:10],
        )


@dataclass
class Scenario:
    """Everything the simulated services hold about one workspace. Payloads are as Azure sends them.

    ``logs`` maps a service to its container logs (``main``, ``init``), ``scoring`` to how it answers requests;
    ``blobs`` maps a blob's name to its text;
    ``container_logs`` maps (group, container) to text; ``templates`` and ``operations_of`` belong to entries of
    ``deployments``; ``insights`` maps a service to the requests that it has reported (``perHour``, ``milliseconds``,
    ``hours``); ``page_sizes`` makes a list of the Model Management Service come in pages.
    """

    names: Names
    workspace: dict[str, Any]
    vault: dict[str, Any] | None
    deleted_vault: dict[str, Any] | None
    registry: dict[str, Any] | None
    services: dict[str, dict[str, Any]]
    logs: dict[str, dict[str, str]]
    scoring: dict[str, dict[str, Any]]
    images: list[dict[str, Any]]
    operations: dict[str, dict[str, Any]]
    models: list[dict[str, Any]]
    environments: dict[str, dict[str, Any]]
    container_groups: dict[str, dict[str, Any]]
    container_logs: dict[tuple[str, str], str]
    deployments: list[dict[str, Any]]
    templates: dict[str, dict[str, Any]]
    operations_of: dict[str, list[dict[str, Any]]]
    activity: list[dict[str, Any]]
    role_assignments: list[dict[str, Any]]
    online_endpoints: dict[str, dict[str, Any]]
    blobs: dict[str, str]
    insights: dict[str, dict[str, float]]
    page_sizes: dict[str, int]
    sas_seconds: float
    faults: list[dict[str, Any]]


def names_of_files() -> list[str]:
    """The scenarios that come with the simulator."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> Scenario:
    """The scenario of that name that comes with the simulator; FileNotFoundError if there is none."""
    return build(name, {"extends": name})


def build(name: str, document: dict[str, Any]) -> Scenario:
    """A scenario from a document (see above), under any name: a clone is ``{"extends": OTHER}``.

    Raises ValueError for a key that scenarios do not have.
    """
    merged = _resolve(document)
    unknown = set(merged) - _KEYS
    if unknown:
        raise ValueError(f"scenario {name}: unknown keys {sorted(unknown)}")
    names = Names.of(name, merged)
    filled = _substitute(merged, {field.name: getattr(names, field.name) for field in fields(names)})
    return payloads.scenario(Scenario, names, filled)


_KEYS = {"summary", "extends", "subscription", "resource_group", "location", "workspace", "vault", "deleted_vault",
         "registry", "services", "images", "operations", "models", "environments", "container_groups", "deployments",
         "activity", "role_assignments", "online_endpoints", "insights", "page_sizes", "sas_seconds", "faults"}


def _resolve(document: dict[str, Any]) -> Any:
    parent = document.get("extends")
    own = {key: value for key, value in document.items() if key != "extends"}
    if parent is None:
        return _merge({}, own)
    path = FOLDER / f"{parent}.yaml"
    with path.open(encoding="utf-8") as file:
        return _merge(_resolve(yaml.load(file, _Loader)), own)


def _merge(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return _merge({}, over) if isinstance(over, dict) else over
    merged = dict(base)
    for key, value in over.items():
        if value is _ABSENT:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged


def _substitute(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        return Template(value).safe_substitute(names)
    if isinstance(value, dict):
        return {_substitute(key, names): _substitute(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_substitute(item, names) for item in value]
    return value


class World:
    """All scenarios of one simulator, found by their names as Azure finds resources: whatever the case."""

    def __init__(self) -> None:
        self._scenarios: dict[str, Scenario] = {}

    def __iter__(self) -> Iterator[Scenario]:
        return iter(list(self._scenarios.values()))

    def add(self, scenario: Scenario) -> None:
        """Add a scenario, or replace the one of the same name."""
        self._scenarios[scenario.names.scenario] = scenario

    def remove(self, name: str) -> None:
        """Remove a scenario; KeyError if there is none."""
        del self._scenarios[name]

    def group(self, subscription: str, resource_group: str) -> Scenario | None:
        """The scenario of a resource group."""
        wanted = (subscription.lower(), resource_group.lower())
        return next((each for each in self
                     if (each.names.subscription, each.names.resource_group.lower()) == wanted), None)

    def workspace(self, workspace_id: str) -> Scenario | None:
        """The scenario of a workspace id (a GUID)."""
        return next((each for each in self if each.names.workspace_id == workspace_id.lower()), None)

    def named(self, name: str) -> Scenario | None:
        """The scenario of that name."""
        return self._scenarios.get(name)

    def container(self, container: str) -> Scenario | None:
        """The scenario of a blob container."""
        return next((each for each in self if each.names.container == container), None)
