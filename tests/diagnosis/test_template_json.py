"""JSON as Resource Manager reads it: comments, line numbers, and what is no JSON."""
from __future__ import annotations

import json

import pytest

from azext_mltrouble.diagnosis.template_json import Node, NotJson, parse

TEXT = """// a template
{
  "name": "a // is no comment here", /* but
  this is */ "list": [1, -2.5e3, true, false, null, "two
lines",],
  "Deep": {"er": {}},
}
"""


def plain(node: Node) -> object:
    if isinstance(node.value, dict):
        return {name: plain(item) for name, item in node.value.items()}
    return [plain(item) for item in node.value] if isinstance(node.value, list) else node.value


def test_comments_and_line_ends_are_let_pass() -> None:
    node = parse("\ufeff" + TEXT)
    assert plain(node) == {
        "name": "a // is no comment here",
        "list": [1, -2500.0, True, False, None, "two\nlines"],
        "Deep": {"er": {}},
    }


def test_every_value_has_its_line() -> None:
    node = parse(TEXT)
    lines = [one.line for one in node.children()]
    assert (node.line, lines) == (2, [3, 4, 6])
    assert [one.line for one in node.value["list"].children()] == [4, 4, 4, 4, 4, 4]


def test_names_are_found_in_any_case() -> None:
    node = parse(TEXT)
    assert node.get("deep", "ER") is not None
    assert node.get("deep", "nothing", "more") is None
    assert node.get("name", "x") is None


def test_what_json_is_for_python_it_is_here() -> None:
    value = {"a": [1, 2.5, "ü\n\"\\/", {"b": None}], "": {}, "e": [], "long": 10**30}
    for text in (json.dumps(value), json.dumps(value, indent=4, ensure_ascii=False)):
        assert plain(parse(text)) == {**value, "long": 1e30}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "too early"),
        ("{", 1, "name in double quotes"),
        ('{"a" 1}', 1, "colon"),
        ('{"a":\n\n1 2}', 3, "comma"),
        ("[1\n", 2, "comma"),
        ('{"a": tru}', 1, "value is expected"),
        ("{'a': 1}", 1, "double quotes"),
        ('{"a": "b}', 1, "no end"),
        ('{"a": "\\x"}', 1, "escape"),
        ("{}\n{}", 2, "after the end"),
        ("/* never ends", 1, "value is expected"),
        ("[" * 5000, 1, "levels deep"),
        ("resource kv 'Microsoft.KeyVault/vaults@2023-07-01' = {", 1, "value is expected"),
    ],
)
def test_what_is_no_json_says_where(text: str, line: int, says: str) -> None:
    with pytest.raises(NotJson, match=says) as caught:
        parse(text)
    assert caught.value.line == line


def test_half_a_surrogate_pair_can_be_printed() -> None:
    str(parse('"\\ud800"').value).encode("utf-8")
