"""Template expressions: what can be told without Azure, and that the rest is unknown."""
from __future__ import annotations

from typing import Any

import pytest

from azext_mltrouble.diagnosis.template_expressions import Scope, Unknown
from azext_mltrouble.diagnosis.template_json import node_of

TEMPLATE = {
    "parameters": {
        "Given": {"type": "string", "defaultValue": "not this"},
        "default": {"type": "array", "defaultValue": ["[concat('a', 'b')]"]},
        "nothing": {"type": "string"},
        "object": {"type": "object", "defaultValue": {"List": [1, {"x": "y"}]}},
        "circle": {"type": "string", "defaultValue": "[parameters('circle')]"},
    },
    "variables": {
        "both": "[union(parameters('default'), createArray('c'))]",
        "a": "[variables('b')]",
        "b": "[variables('a')]",
        **{f"v{n}": f"[concat(variables('v{n - 1}'), variables('v{n - 1}'))]" for n in range(1, 60)},
        "v0": "x",
    },
}


def value(text: str, **given: Any) -> Any:
    return Scope(node_of(TEMPLATE), given).text_value(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("[[not an expression]", "[not an expression]"),
        ("[parameters('given')]", "it"),
        ("[PARAMETERS('GIVEN')]", "it"),
        ("[parameters('default')]", ["ab"]),
        ("[variables('both')]", ["ab", "c"]),
        ("[parameters('object').list[1].x]", "y"),
        ("[first(parameters('default'))]", "ab"),
        ("[if(equals(parameters('given'), 'IT'), createArray(), createArray(1))]", []),
        ("[empty(json('[]'))]", True),
        ("[not(bool('false'))]", True),
        ("[and(true(), equals(1, 2), parameters('nothing'))]", False),
        ("[or(parameters('nothing'), true())]", True),
        ("[format('{0}/{1}', parameters('given'), 'add')]", "it/add"),
        ("[concat('it''s ', 5, ' ', true())]", "it's 5 true"),
        ("[coalesce(null(), 'x')]", "x"),
        ("[contains(createArray('a', 'b'), 'B')]", True),
        ("[length(createArray(1, 2))]", 2),
        ("[createObject('a', 1).a]", 1),
    ],
)
def test_what_can_be_told(text: str, expected: Any) -> None:
    assert value(text, given="it") == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[parameters('nothing')]", "'nothing' has no value"),
        ("[concat(parameters('nothing'), '/add')]", "'nothing' has no value"),
        ("[resourceId('Microsoft.KeyVault/vaults', 'x')]", "resourceId()"),
        ("[ns.own('x')]", "ns.own()"),
        ("[variables('none')]", "'none'"),
        ("[parameters('object').nothing]", "'nothing'"),
        ("[variables('a')]", "without end"),
        ("[parameters('circle')]", "without end"),
        ("[variables('v20')]", "could not be worked out"),
        ("[concat('a']", "could not be understood"),
        ("[concat(createObject(), 'a')]", "could not be worked out"),
        ("[int('x')]", "could not be worked out"),
        ("[" + "not(" * 500 + "true()" + ")" * 500 + "]", "could not be understood"),
        ("[]", "could not be understood"),
    ],
)
def test_what_cannot_be_told_says_why(text: str, why: str) -> None:
    found = value(text)
    assert isinstance(found, Unknown)
    assert why in found.why


def test_the_missing_parameter_is_named() -> None:
    assert value("[union(parameters('default'), parameters('nothing'))]").parameter == "nothing"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("[reference(resourceId('Microsoft.KeyVault/vaults', 'kv'), '2023-07-01').accessPolicies]", True),
        ("[reference('kv', '2023-07-01', 'full').properties.accessPolicies]", True),
        ("[union(reference('kv').accessPolicies, createArray(1))]", True),
        ("[reference('kv').vaultUri]", False),
    ],
)
def test_policies_read_from_the_vault_are_known_to_be_kept(text: str, kept: bool) -> None:
    assert value(text).kept is kept
