"""How a template stops wiping a vault's access policies: the documentation's three ways, with this vault's values."""
from __future__ import annotations

from shlex import quote
from typing import Any

from azext_mltrouble.diagnosis.vault_access import wanted_policies, works_by_roles

_PARAMETER = "createKeyVault"


def ways_out(vault: Any, identity: str | None, proof: dict[str, Any], resource_group: str) -> list[dict[str, Any]]:
    """The ways out, each ``{title, text, commands, template}``; none where the vault has no policies to lose.

    ``template`` is a piece of ARM template to paste, or null. ``proof`` is what ``vault_history.proof_of`` gives.
    """
    if not isinstance(vault, dict) or works_by_roles(vault):
        return []
    name = str(vault.get("name"))
    once = _create_once(vault, name, resource_group)
    return [_do_not_repeat(proof), _state_the_policies(vault, name, identity), once]


def _do_not_repeat(proof: dict[str, Any]) -> dict[str, Any]:
    names = list(dict.fromkeys(one["deployment"] for one in proof["writes"] if one["deployment"]))
    which = "the template"
    if names:
        which = "the template of " + ", ".join(f"'{one}'" for one in names[:3])
    return {
        "title": "Deploy the template once",
        "text": f"Do not deploy {which} again with the same parameters, or delete its resources first.",
        "commands": [],
        "template": None,
    }


def _state_the_policies(vault: dict[str, Any], name: str, identity: str | None) -> dict[str, Any]:
    return {
        "title": "Let the template state the policies",
        "text": f"Write the policies that the vault {name} needs into the template's vault, as they are here; each "
        "deployment then writes them again. A policy that is added later has to be added there, too.",
        "commands": [f"az keyvault show -n {quote(name)} --query properties.accessPolicies -o json"],
        "template": {"accessPolicies": wanted_policies(vault, identity)},
    }


def _create_once(vault: dict[str, Any], name: str, resource_group: str) -> dict[str, Any]:
    return {
        "title": "Create the vault only where it does not exist",
        "text": f"Give the template's vault a condition, and deploy with {_PARAMETER} false now that {name} exists.",
        "commands": [
            f"az deployment group create -g {quote(resource_group)} --template-file TEMPLATE "
            f"--parameters {_PARAMETER}=false"
        ],
        "template": {
            "parameters": {_PARAMETER: {"type": "bool", "defaultValue": True}},
            "resources": [
                {
                    "condition": f"[parameters('{_PARAMETER}')]",
                    "type": "Microsoft.KeyVault/vaults",
                    "name": name,
                    "location": vault.get("location"),
                }
            ],
        },
    }
