"""The tables of the key vault commands fit 100 columns and obey nothing that they show."""
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from tabulate import tabulate

from azext_mltrouble.render.keyvault_table import check_table, restore_table
from tests.render.hostile import hostile_text, terminal_controls
from tests.render.report_factory import filled_with


def drawn(rows: Any) -> list[str]:
    return tabulate(rows, headers="keys", tablefmt="simple").splitlines()


def checked(text: str = "x", status: str = "likely") -> dict[str, Any]:
    write = {"time": text, "deployment": text, "caller": text, "correlationId": text, "policies": "wiped",
             "confirmed": True, "beforeWorkspace": True}  # fmt: skip
    way = {"title": text, "text": text, "commands": [f"az keyvault show -n {text}"], "template": {"a": text}}
    return {
        **filled_with(text),
        "history": {"status": status, "summary": text, "writes": [write] * 7, "limits": [text]},
        "waysOut": [way],
    }


def restored(text: str = "x", changed: bool = True) -> dict[str, Any]:
    policy = {"objectId": text, "permissions": {"secrets": [text], "keys": None}}
    shown = {"keyVault": text, "principalId": text, "message": f"It is done for {text}."}
    return {**shown, "changed": changed, "before": [], "after": [policy, {}]}


@settings(max_examples=60, deadline=None)
@given(hostile_text)
def test_whatever_azure_says(text: str) -> None:
    for rows in (check_table(checked(text)), restore_table(restored(text))):
        lines = drawn(rows)
        assert max(map(len, lines)) <= 100
        assert terminal_controls("".join(lines)) == set()


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("proven", "Proven."),
        ("likely", "Likely, not proven."),
        ("cannotBeProven", "Cannot be proven."),
        ("notNeeded", ""),
    ],
)
def test_how_sure_it_is(status: str, word: str) -> None:
    page = "\n".join(drawn(check_table(checked(status=status))))
    assert word in page
    assert ("Ways out" in page) == bool(word)


def test_restored_and_unchanged() -> None:
    assert drawn(restore_table(restored()))[0].split()[:2] == ["Policy", "Restored:"]
    page = drawn(restore_table(restored(changed=False)))
    assert page[0].split()[:2] == ["Policy", "Unchanged:"]
    assert "no policies" in "\n".join(page)
