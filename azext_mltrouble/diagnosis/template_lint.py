"""Which key vaults an ARM template would rob of their access policies when it is deployed again.

Pure: linked templates come through a function that the caller gives. What Resource Manager does with
``Microsoft.KeyVault/vaults``: the list of policies is replaced by the template's, where a child resource
``vaults/accessPolicies`` named ``add`` only adds. Vaults that work by roles have no policies to lose; they do so where
``enableRbacAuthorization`` is true, and new ones by default since API version 2026-02-01.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Literal

from azext_mltrouble.diagnosis.template_expressions import Scope, Unknown
from azext_mltrouble.diagnosis.template_json import Node

#: ``wipes``: the policies are gone afterwards; ``restores``: gone, then only the template's own are added again;
#: ``depends``: on a value that is not known here; ``new_only``: wipes vaults that are older than the API version's
#: default; ``replaces``: the template's own list takes their place, which may be all right; ``overrides``: a child
#: resource replaces or removes policies; ``keeps``: harmless, ``why`` says how.
Judgement = Literal["wipes", "restores", "depends", "new_only", "replaces", "overrides", "keeps"]

_VAULT = "microsoft.keyvault/vaults"
_POLICIES = "microsoft.keyvault/vaults/accesspolicies"
_DEPLOYMENT = "microsoft.resources/deployments"
_ROLES_BY_DEFAULT_SINCE = "2026-02-01"
_MOST_LINKED = 200
_DEEPEST = 12
_OPERATION = re.compile(r"'(?:[^']*/)?(add|replace|remove)'", re.IGNORECASE)

#: Gives the template at a path relative to another one; raises LookupError with the reason where there is none.
Follow = Callable[[str, str], "tuple[str, Node]"]


@dataclass(frozen=True)
class Vault:
    """One resource that writes a vault or its policies, at ``line`` of ``source``, and what that does."""

    source: str
    line: int
    name: str
    judgement: Judgement
    why: str
    parameter: str | None = None


@dataclass(frozen=True)
class Unfollowed:
    """A linked template that was not looked into, and why."""

    source: str
    line: int
    link: str
    why: str


@dataclass
class Lint:
    """What a template does to key vaults."""

    vaults: list[Vault] = field(default_factory=list)
    unfollowed: list[Unfollowed] = field(default_factory=list)


def lint(template: Node, source: str, given: Mapping[str, Any], follow: Follow) -> Lint:
    """Looks at a template, its nested templates, and the linked ones that ``follow`` gives.

    ``source`` is its name, ``given`` the values of parameters by name.
    """
    found = Lint()
    _Walk(found, follow).template(template, source, Scope(template, given), 0)
    return found


def resources_of(template: Node) -> Iterator[Node]:
    """The resources of a template or resource, listed or under symbolic names (language version 2.0)."""
    resources = template.get("resources")
    for resource in resources.children() if resources is not None else ():
        if isinstance(resource.value, dict):
            yield resource


@dataclass(frozen=True)
class _Place:
    """Where a resource stands: its file, what its expressions see, the type and the name of its parent."""

    source: str
    scope: Scope
    depth: int
    parent_type: str = ""
    parent_name: str = ""


class _Walk:
    def __init__(self, found: Lint, follow: Follow) -> None:
        self._found = found
        self._follow = follow
        self._linked = 0

    def template(self, template: Node, source: str, scope: Scope, depth: int) -> None:
        place = _Place(source, scope, depth)
        resources = list(resources_of(template))
        added = {name for one in resources for name in _vaults_added_to(one, scope)}
        for resource in resources:
            self._resource(resource, place, added)

    def _resource(self, resource: Node, place: _Place, added: set[str]) -> None:
        kind = _kind(resource, place)
        written = _is_written(resource, place.scope)
        if written is False:
            return
        if place.scope.value(resource.get("existing")) is True:
            pass  # the template only refers to it; children may be written all the same
        elif kind == _VAULT:
            self._found.vaults.append(_judge_vault(resource, place, written, added))
        elif kind == _POLICIES:
            self._found.vaults.append(_judge_policies(resource, place))
        elif kind == _DEPLOYMENT:
            self._deployment(resource, place)
        inner = _Place(place.source, place.scope, place.depth, kind, _text(resource.get("name")))
        for child in resources_of(resource):
            self._resource(child, inner, added)

    def _deployment(self, resource: Node, place: _Place) -> None:
        properties = resource.get("properties")
        if properties is None:
            return
        nested, link = properties.get("template"), properties.get("templateLink")
        given = {
            name: place.scope.value(node.get("value")) if node.get("value") else Unknown("its value is a secret")
            for name, node in _members(properties.get("parameters"))
        }
        if nested is not None:
            inner = str(_text(properties.get("expressionEvaluationOptions", "scope"))).lower() == "inner"
            scope = Scope(nested, given) if inner else place.scope
            if place.depth < _DEEPEST:
                self.template(nested, place.source, scope, place.depth + 1)
            else:
                self._not_followed(nested, place, "a nested template", "it is nested too deeply")
        elif link is not None:
            self._link(link, place, given)

    def _link(self, link: Node, place: _Place, given: dict[str, Any]) -> None:
        relative = link.get("relativePath")
        if relative is None:
            remote = link.get("uri") or link.get("id") or link
            value = place.scope.value(remote) if remote is not link else None
            shown = value if isinstance(value, str) else _text(remote) or "a linked template"
            self._not_followed(remote, place, shown, "it is not on this machine")
            return
        path = place.scope.value(relative)
        if not isinstance(path, str):
            self._not_followed(relative, place, _text(relative), "its path is known only when Azure deploys it")
            return
        self._linked += 1
        if place.depth >= _DEEPEST or self._linked > _MOST_LINKED:
            self._not_followed(relative, place, path, "too many templates link to each other")
            return
        try:
            source, template = self._follow(place.source, path)
        except LookupError as error:
            self._not_followed(relative, place, path, str(error.args[0]))
            return
        self.template(template, source, Scope(template, given), place.depth + 1)

    def _not_followed(self, node: Node, place: _Place, link: str, why: str) -> None:
        self._found.unfollowed.append(Unfollowed(place.source, node.line, link, why))


def _judge_vault(resource: Node, place: _Place, written: bool | Unknown, added: set[str]) -> Vault:
    properties = resource.get("properties")
    policies = properties.get("accessPolicies") if properties is not None else None
    judgement, why, parameter = _effect(resource, place.scope)
    name = _shown_name(_text(resource.get("name")), place.scope)
    if judgement in ("wipes", "new_only") and isinstance(written, Unknown):
        judgement, why, parameter = "depends", f"whether it is written at all: {written.why}", written.parameter
    elif judgement == "wipes" and _text(resource.get("name")).lower() in added:
        judgement, why = "restores", "the list is emptied, and only the policies of this template are added again"
    at = policies if policies is not None else resource
    return Vault(place.source, at.line, name, judgement, why, parameter)


def _effect(resource: Node, scope: Scope) -> tuple[Judgement, str, str | None]:
    """What writing the vault does to its policies, in words, and the parameter that it depends on."""
    by_roles = scope.value(resource.get("properties", "enableRbacAuthorization"))
    if by_roles is True:
        return "keeps", "the vault works by roles", None
    if str(scope.value(resource.get("properties", "createMode"))).lower() == "recover":
        return "keeps", "createMode 'recover' leaves the policies alone", None
    policies = _policies(resource, scope)
    if policies not in (None, []):
        return _effect_of_list(policies, resource)
    if isinstance(by_roles, Unknown):
        return "depends", f"whether the vault works by roles: {by_roles.why}", by_roles.parameter
    given = "accessPolicies is empty" if policies is not None else "accessPolicies is missing"
    if by_roles is None and _text(resource.get("apiVersion"))[:10] >= _ROLES_BY_DEFAULT_SINCE:
        return "new_only", f"{given}; only vaults made with this API version work by roles by default", None
    return "wipes", given, None


def _effect_of_list(policies: Any, resource: Node) -> tuple[Judgement, str, str | None]:
    """The same for policies that are given, or that cannot be told."""
    if isinstance(policies, Unknown):
        if policies.kept:
            return "keeps", "the policies are read from the vault and written back", None
        return "depends", policies.why, policies.parameter
    if not isinstance(policies, list):
        return "depends", "accessPolicies is no list", None
    if _names_workspace(resource):
        return "keeps", "the list has a policy for the identity of a workspace", None
    count = f"{len(policies)} {'policy' if len(policies) == 1 else 'policies'}"
    why = f"the list becomes the {count} of the template; whether the workspace's is among them is not known here"
    return "replaces", why, None


def _policies(resource: Node, scope: Scope) -> Any:
    """The list of policies as far as it can be told: given as it is, or made by a copy loop."""
    given = resource.get("properties", "accessPolicies")
    if given is not None:
        return scope.value(given)
    loops = resource.get("properties", "copy")
    for loop in loops.children() if loops is not None else ():
        if str(_text(loop.get("name"))).lower() == "accesspolicies":
            count = scope.value(loop.get("count"))
            if isinstance(count, Unknown):
                return count
            return [{}] * min(count, 1) if isinstance(count, int) else Unknown("the loop's count is no number")
    return None


def _names_workspace(resource: Node) -> bool:
    """Whether the object id of a policy is read from a workspace of the same deployment."""
    policies = resource.get("properties", "accessPolicies")
    ids = [_text(one.get("objectId")).lower() for one in policies.children()] if policies is not None else []
    return any("machinelearningservices/workspaces" in one and "principalid" in one for one in ids)


def _judge_policies(resource: Node, place: _Place) -> Vault:
    name = place.scope.value(resource.get("name"))
    if isinstance(name, str):
        vault, _, operation = name.rpartition("/")
    else:  # its last part is what counts, and that is nearly always written out
        raw = _text(resource.get("name"))
        parts = _OPERATION.findall(raw)
        vault, operation = raw, parts[-1] if parts else ""
    vault = vault or _shown_name(place.parent_name, place.scope)
    at = resource.get("name") or resource
    operation = operation.lower()
    if operation == "add":
        return Vault(place.source, at.line, vault, "keeps", "policies are only added")
    if operation in ("replace", "remove"):
        done = "replaces the policies of the identities it names" if operation == "replace" else "removes policies"
        return Vault(place.source, at.line, vault, "overrides", f"the child resource '{operation}' {done}")
    unknown = name if isinstance(name, Unknown) else Unknown("its name ends in none of add, replace and remove")
    return Vault(place.source, at.line, vault, "depends", unknown.why, unknown.parameter)


def _vaults_added_to(resource: Node, scope: Scope) -> Iterator[str]:
    """The raw names of vaults to which a resource, or a child of it, adds policies."""
    kind = _text(resource.get("type")).lower()
    raw = _text(resource.get("name")).lower()
    if kind == _VAULT:
        children = [one for one in resources_of(resource) if _text(one.get("type")).lower().endswith("accesspolicies")]
        if any(_text(child.get("name")).lower().endswith("add") for child in children):
            yield raw
    elif kind == _POLICIES and _is_written(resource, scope) is not False:
        operations = _OPERATION.findall(raw) or [raw.rpartition("/")[2]]
        if operations[-1] == "add":
            yield from _names_within(raw)


def _names_within(raw: str) -> Iterator[str]:
    """How the vault itself may be named: ``x`` for ``x/add``, ``[f('x')]`` for ``[concat(f('x'), '/add')]``."""
    yield raw.rpartition("/")[0]
    yield from (f"[{call}]" for call in re.findall(r"(?:parameters|variables)\('[^']*'\)", raw))
    yield from re.findall(r"'([^'{}/]+)'", raw)


def _is_written(resource: Node, scope: Scope) -> bool | Unknown:
    """Whether a resource is deployed at all: by its condition, and by the count of its copy loop."""
    condition = resource.get("condition")
    value = scope.value(condition) if condition is not None else True
    if isinstance(value, str):
        value = value.lower() != "false"
    count = scope.value(resource.get("copy", "count")) if resource.get("copy") is not None else 1
    if value is False or count == 0:
        return False
    return value if isinstance(value, Unknown) else count if isinstance(count, Unknown) else True


def _kind(resource: Node, place: _Place) -> str:
    kind = _text(resource.get("type")).lower()
    return kind if not place.parent_type or kind.startswith("microsoft.") else f"{place.parent_type}/{kind}"


def _shown_name(raw: str, scope: Scope) -> str:
    value = scope.text_value(raw)
    return value if isinstance(value, str) else raw


def _text(node: Node | None) -> str:
    return node.value if node is not None and isinstance(node.value, str) else ""


def _members(node: Node | None) -> list[tuple[str, Node]]:
    return node.items() if node is not None else []
