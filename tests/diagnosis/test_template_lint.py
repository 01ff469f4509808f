"""Which vaults a template would rob of their policies, in every form in which templates come."""
from __future__ import annotations

import json
from typing import Any

import pytest

from azext_mltrouble.diagnosis.template_json import parse
from azext_mltrouble.diagnosis.template_lint import Lint, Vault, lint
from azext_mltrouble.diagnosis.template_report import report_on

POLICY = {"objectId": "9f8e7d6c", "permissions": {"secrets": ["all"]}}


def vault(name: str = "kv", api: str = "2023-07-01", **properties: Any) -> dict[str, Any]:
    return {"type": "Microsoft.KeyVault/vaults", "apiVersion": api, "name": name, "properties": properties}


def child(name: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "Microsoft.KeyVault/vaults/accessPolicies",
        "name": name,
        "properties": {"accessPolicies": [POLICY]},
        **more,
    }


def template(*resources: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {"contentVersion": "1.0.0.0", **sections, "resources": list(resources)}


def nested(inner: dict[str, Any], scope: str = "inner", **parameters: Any) -> dict[str, Any]:
    return {
        "type": "Microsoft.Resources/deployments",
        "name": "nested",
        "properties": {
            "expressionEvaluationOptions": {"scope": scope},
            "parameters": {name: {"value": value} for name, value in parameters.items()},
            "template": inner,
        },
    }


def linted(document: Any, files: dict[str, Any] | None = None, **given: Any) -> Lint:
    text = document if isinstance(document, str) else json.dumps(document, indent=1)

    def follow(source: str, path: str) -> Any:
        if path not in (files or {}):
            raise LookupError("there is no such file")
        return path, parse(json.dumps((files or {})[path], indent=1))

    return lint(parse(text), "main.json", given, follow)


def only(document: Any, files: dict[str, Any] | None = None, **given: Any) -> Vault:
    (found,) = linted(document, files, **given).vaults
    return found


@pytest.mark.parametrize(
    ("properties", "judgement"),
    [
        ({}, "wipes"),
        ({"accessPolicies": []}, "wipes"),
        ({"accessPolicies": None}, "wipes"),
        ({"accessPolicies": [], "enableRbacAuthorization": False}, "wipes"),
        ({"accessPolicies": [], "enableRbacAuthorization": None}, "wipes"),
        ({"accessPolicies": "[createArray()]"}, "wipes"),
        ({"accessPolicies": [], "enableRbacAuthorization": True}, "keeps"),
        ({"ACCESSPOLICIES": [], "enablerbacauthorization": "[true()]"}, "keeps"),
        ({"accessPolicies": [], "createMode": "recover"}, "keeps"),
        ({"accessPolicies": "[reference(resourceId('Microsoft.KeyVault/vaults', 'kv')).accessPolicies]"}, "keeps"),
        ({"accessPolicies": [POLICY]}, "replaces"),
        (
            {
                "accessPolicies": [
                    {"objectId": "[reference(resourceId('Microsoft.MachineLearningServices/workspaces', 'w'), "
                                 "'2022-05-01', 'full').identity.principalId]"}
                ]
            },
            "keeps",
        ),
        ({"accessPolicies": "[ns.policies()]"}, "depends"),
        ({"accessPolicies": {}}, "depends"),
        ({"copy": [{"name": "accessPolicies", "count": 2, "input": POLICY}]}, "replaces"),
        ({"copy": [{"name": "accessPolicies", "count": 0, "input": POLICY}]}, "wipes"),
        ({"copy": [{"name": "accessPolicies", "count": "[x()]", "input": POLICY}]}, "depends"),
    ],
)  # fmt: skip
def test_the_vault_itself(properties: dict[str, Any], judgement: str) -> None:
    assert only(template(vault(**properties))).judgement == judgement


def test_new_vaults_of_the_newest_versions_work_by_roles() -> None:
    assert only(template(vault(api="2026-02-01", accessPolicies=[]))).judgement == "new_only"
    assert only(template(vault(api="2026-05-15"))).judgement == "new_only"
    assert only(template(vault(api="2026-02-01", enableRbacAuthorization=False))).judgement == "wipes"
    assert only(template(vault(api="2025-05-01"))).judgement == "wipes"


def test_the_line_is_that_of_the_list_or_of_the_vault() -> None:
    text = '{\n "resources": [\n  {\n   "type": "Microsoft.KeyVault/vaults",\n   "properties": {\n%s\n   }\n  }\n ]\n}'
    assert only(text % '"accessPolicies": []').line == 6
    assert only(text % '"sku": {}').line == 3


@pytest.mark.parametrize(
    ("default", "given", "judgement"),
    [
        (None, {}, "depends"),
        ([], {}, "wipes"),
        ([POLICY], {}, "replaces"),
        ([POLICY], {"policies": []}, "wipes"),
        (None, {"policies": [POLICY]}, "replaces"),
    ],
)
def test_policies_from_a_parameter(default: Any, given: dict[str, Any], judgement: str) -> None:
    declared = {"type": "array", **({} if default is None else {"defaultValue": default})}
    document = template(vault(accessPolicies="[parameters('policies')]"), parameters={"policies": declared})
    found = only(document, **given)
    assert found.judgement == judgement
    assert found.parameter == ("policies" if judgement == "depends" else None)


@pytest.mark.parametrize(
    ("given", "judgements"), [({}, ["depends"]), ({"new": True}, ["wipes"]), ({"new": False}, [])], ids=str
)
def test_a_condition(given: dict[str, Any], judgements: list[str]) -> None:
    document = template(
        {**vault(accessPolicies=[]), "condition": "[parameters('new')]"}, parameters={"new": {"type": "bool"}}
    )
    assert [one.judgement for one in linted(document, **given).vaults] == judgements


def test_whether_it_works_by_roles_may_depend() -> None:
    document = template(
        vault(accessPolicies=[], enableRbacAuthorization="[parameters('rbac')]"), parameters={"rbac": {"type": "bool"}}
    )
    assert [only(document, **given).judgement for given in ({}, {"rbac": True}, {"rbac": False})] == [
        "depends",
        "keeps",
        "wipes",
    ]


def test_copy_loops() -> None:
    document = template({**vault("[concat('kv', copyIndex())]"), "copy": {"name": "loop", "count": 3}})
    assert only(document).judgement == "wipes"
    document["resources"][0]["copy"]["count"] = 0
    assert linted(document).vaults == []


@pytest.mark.parametrize(
    ("name", "judgement"),
    [
        ("kv/add", "keeps"),
        ("[concat(parameters('kv'), '/add')]", "keeps"),
        ("[format('{0}/{1}', parameters('kv'), 'add')]", "keeps"),
        ("kv/replace", "overrides"),
        ("[concat(parameters('kv'), '/replace')]", "overrides"),
        ("kv/remove", "overrides"),
        ("[parameters('kv')]", "depends"),
    ],
)
def test_child_resources(name: str, judgement: str) -> None:
    assert only(template(child(name), parameters={"kv": {"type": "string"}})).judgement == judgement


@pytest.mark.parametrize(
    ("vault_name", "child_name"),
    [
        ("kv", "kv/add"),
        ("[parameters('kv')]", "[concat(parameters('kv'), '/add')]"),
        ("[parameters('kv')]", "[format('{0}/{1}', parameters('kv'), 'add')]"),
        ("[variables('kv')]", "[concat(variables('kv'), '/', 'add')]"),
    ],
)
def test_a_vault_that_is_wiped_and_given_policies_again(vault_name: str, child_name: str) -> None:
    document = template(vault(vault_name), child(child_name), parameters={"kv": {"type": "string"}})
    assert [one.judgement for one in linted(document).vaults] == ["restores", "keeps"]


def test_policies_added_to_another_vault_do_not_help() -> None:
    assert [one.judgement for one in linted(template(vault("one"), child("two/add"))).vaults] == ["wipes", "keeps"]


def test_children_inside_the_vault() -> None:
    inside = {**vault("kv"), "resources": [child("add", type="accessPolicies")]}
    assert [one.judgement for one in linted(template(inside)).vaults] == ["restores", "keeps"]
    inside = {**vault("kv", enableRbacAuthorization=True), "resources": [child("replace", type="accessPolicies")]}
    found = linted(template(inside)).vaults
    assert [(one.judgement, one.name) for one in found] == [("keeps", "kv"), ("overrides", "kv")]


def test_compiled_bicep_with_symbolic_names() -> None:
    resources = {
        "old": {**vault("old"), "existing": True},
        "kv": vault("[parameters('name')]", accessPolicies=[]),
        "other": {"type": "Microsoft.Storage/storageAccounts", "name": "st"},
    }
    document = {"languageVersion": "2.0", "parameters": {"name": {"type": "string", "defaultValue": "contoso"}},
                "resources": resources}  # fmt: skip
    found = only(document)
    assert (found.name, found.judgement) == ("contoso", "wipes")


def test_nested_templates_see_their_own_parameters_or_the_outer_ones() -> None:
    inner = template(vault(accessPolicies="[parameters('policies')]"), parameters={"policies": {"type": "array"}})
    outer = {"policies": {"type": "array", "defaultValue": []}}
    assert only(template(nested(inner, policies=[POLICY]), parameters=outer)).judgement == "replaces"
    assert only(template(nested(inner, policies="[parameters('policies')]"), parameters=outer)).judgement == "wipes"
    assert only(template(nested(inner, "outer", policies=[POLICY]), parameters=outer)).judgement == "wipes"
    assert only(template(nested(inner), parameters=outer)).judgement == "depends"


def test_linked_templates_on_disk_are_followed() -> None:
    properties = {"templateLink": {"relativePath": "vault.json"}, "parameters": {"p": {"value": []}}}
    link = {"type": "Microsoft.Resources/deployments", "name": "linked", "properties": properties}
    inner = template(vault(accessPolicies="[parameters('p')]"), parameters={"p": {"type": "array"}})
    found = only(template(link), {"vault.json": inner})
    assert (found.source, found.judgement) == ("vault.json", "wipes")
    assert found.line > 1


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ({"uri": "https://example.com/vault.json"}, "https://example.com/vault.json"),
        ({"uri": "[uri(deployment().properties.templateLink.uri, 'vault.json')]"}, "vault.json"),
        ({"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/templateSpecs/t"}, "templateSpecs"),
        ({"relativePath": "none.json"}, "none.json"),
        ({"relativePath": "[parameters('path')]"}, "path"),
        ({}, "a linked template"),
    ],
)
def test_other_links_are_named(link: dict[str, Any], shown: str) -> None:
    resource = {"type": "Microsoft.Resources/deployments", "name": "l", "properties": {"templateLink": link}}
    found = linted(template(resource, parameters={"path": {"type": "string"}}))
    (one,) = found.unfollowed
    assert shown in one.link
    assert one.why
    report = report_on(found, "main.json", lambda *place: "")
    assert report.verdict == "unknown"


def test_templates_that_link_in_a_circle_end() -> None:
    link = {"type": "Microsoft.Resources/deployments", "name": "l",
            "properties": {"templateLink": {"relativePath": "self.json"}}}  # fmt: skip
    found = linted(template(link, link), {"self.json": template(link, link, vault())})
    assert found.unfollowed


def test_templates_nested_too_deeply_are_named() -> None:
    document = template(vault())
    for _ in range(15):
        document = template(nested(document))
    assert linted(document).unfollowed


@pytest.mark.parametrize(
    "resources",
    [[], {}, None, "x", [1, None, "x", []], [{"type": 5, "name": [], "properties": "x", "copy": 1}]],
    ids=str,
)
def test_odd_templates_hold_no_vault(resources: Any) -> None:
    assert linted({"resources": resources}) == Lint()


def test_odd_vaults_do_not_break_it() -> None:
    odd = {"type": "Microsoft.KeyVault/vaults", "name": 5, "apiVersion": None, "properties": [], "condition": {}}
    assert only({"resources": [odd]}).judgement in ("wipes", "depends")


class TestReport:
    def test_each_vault_is_a_finding_at_its_line(self) -> None:
        report = report_on(linted(template(vault("one"), vault("two"))), "main.json", lambda *place: "a line")
        assert (report.verdict, report.failed_stage) == ("failed", "access")
        assert [one.code for one in report.findings] == ["MLT7340", "MLT7340"]
        assert [one.evidence[0].source for one in report.findings] == ["main.json", "main.json"]
        assert len({one.evidence[0].line for one in report.findings}) == 2
        assert "one" in report.findings[0].summary
        assert report.target["kind"] == "template"

    def test_an_error_is_the_root_cause_before_a_warning(self) -> None:
        report = report_on(linted(template(child("kv/replace"), vault("kv2"))), "main.json", lambda *place: "")
        assert report.root_cause is not None
        assert [one.code for one in report.findings] == ["MLT7340", "MLT7344"]

    def test_without_vaults_it_is_healthy(self) -> None:
        report = report_on(linted(template()), "main.json", lambda *place: "")
        assert (report.verdict, report.findings) == ("healthy", ())

    def test_a_list_of_ones_own_is_unknown_and_says_how_to_compare(self) -> None:
        report = report_on(linted(template(vault(accessPolicies=[POLICY]))), "main.json", lambda *place: "")
        assert report.verdict == "unknown"
        assert any("accessPolicies" in step for step in report.next_steps)

    def test_secrets_in_links_are_masked(self) -> None:
        uri = "https://st.blob.core.windows.net/t/vault.json?sv=2022-11-02&sr=b&sig=AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdef%3D"
        link = {"type": "Microsoft.Resources/deployments", "properties": {"templateLink": {"uri": uri}}}
        report = report_on(linted(template(link)), "main.json", lambda *place: "")
        assert "AbCdEf" not in str(report.to_dict())
        assert report.redactions
