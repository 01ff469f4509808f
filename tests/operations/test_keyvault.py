"""Restoring asks a person first, and a write that left no trace is an error."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import AzureResponseError, ManualInterrupt
from knack import prompting

from azext_mltrouble.cloud import arm, keyvault
from azext_mltrouble.cloud.session import WorkspaceScope
from azext_mltrouble.operations import keyvault as operations

POLICY = {"objectId": "me", "permissions": {"keys": ["all"], "secrets": ["all"], "certificates": ["all"]}}
WORKSPACE = {"identity": {"principalId": "me"}, "properties": {"keyVault": "/subscriptions/s/vaults/kv"}}



@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The policies of a vault of which a write is kept."""
    policies: list[dict[str, Any]] = []
    scope = WorkspaceScope("s", "rg", "ws")
    monkeypatch.setattr(operations, "open_session", lambda *names: (SimpleNamespace(), scope))
    monkeypatch.setattr(operations, "_SECONDS_BETWEEN_LOOKS", 0)
    monkeypatch.setattr(arm, "workspace", lambda *names: WORKSPACE)
    monkeypatch.setattr(
        keyvault, "vault_now", lambda *names: {"name": "kv", "properties": {"accessPolicies": list(policies)}}
    )
    monkeypatch.setattr(keyvault, "add_access_policy", lambda session, vault, policy: policies.append(POLICY))
    return policies


def test_yes_restores(held: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(prompting, "prompt_y_n", lambda question, default: asked.append(question) or True)
    answer = operations.restore(None, workspace_name="ws", resource_group_name="rg")
    assert (answer["changed"], answer["before"], answer["after"]) == (True, [], [POLICY])
    (question,) = asked
    assert all(words in question for words in ("me", "'ws'", "'kv'"))
    assert operations.restore(None)["changed"] is False
    assert len(asked) == 1, "nothing to do needs no question"


def test_no_changes_nothing(held: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompting, "prompt_y_n", lambda question, default: False)
    with pytest.raises(ManualInterrupt):
        operations.restore(None)
    assert held == []


def test_a_write_that_is_not_kept_is_an_error(held: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyvault, "add_access_policy", lambda *given: None)
    with pytest.raises(AzureResponseError, match="does not show it"):
        operations.restore(None, yes=True)
