"""JSON as Azure Resource Manager reads templates, with comments and line ends in strings; every value has its line."""
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

#: More than Resource Manager takes; bounds the recursion below.
_DEEPEST = 100
_MOST_DIGITS = 18
_SPACE = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?P<fraction>\.\d+)?(?P<exponent>[eE][+-]?\d+)?", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None}
_WORD = re.compile(r"[a-z]+")


class NotJson(ValueError):
    """The text is no JSON; the message says what is wrong, ``line`` where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Node:
    """A value and the 1-based line it begins in.

    ``value`` is a string, number, bool or None; for an array a list of nodes, for an object a dict from names to nodes.
    """

    value: Any
    line: int

    def get(self, *path: str) -> Node | None:
        """What lies at a path of names, whose case does not matter to Resource Manager; None where there is nothing."""
        node: Node | None = self
        for name in path:
            node = _member(node, name) if node is not None else None
        return node

    def items(self) -> list[tuple[str, Node]]:
        """The members of an object; of any other value, none."""
        return list(self.value.items()) if isinstance(self.value, dict) else []

    def children(self) -> list[Node]:
        """The elements of an array or the values of an object; of any other value, none."""
        if isinstance(self.value, dict):
            return list(self.value.values())
        return list(self.value) if isinstance(self.value, list) else []


def _member(node: Node, name: str) -> Node | None:
    if not isinstance(node.value, dict):
        return None
    wanted = name.lower()
    return node.value.get(name) or next((item for key, item in node.value.items() if key.lower() == wanted), None)


def parse(text: str) -> Node:
    """The value of a JSON text; linear in its length. Raises NotJson."""
    return _Parser(text).document()


def node_of(value: Any) -> Node:
    """Plain data, as Azure answers it, as nodes without lines (0)."""
    if isinstance(value, dict):
        return Node({str(name): node_of(item) for name, item in value.items()}, 0)
    if isinstance(value, list):
        return Node([node_of(item) for item in value], 0)
    return Node(value, 0)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0

    def document(self) -> Node:
        self._skip_space()
        node = self._value(0)
        self._skip_space()
        if self._at < len(self._text):
            self._fail("there is more text after the end of the JSON value")
        return node

    def _value(self, depth: int) -> Node:
        if depth > _DEEPEST:
            self._fail(f"it is nested more than {_DEEPEST} levels deep")
        line = self._line_here()
        first = self._text[self._at : self._at + 1]
        if first == "{":
            return Node(self._object(depth), line)
        if first == "[":
            return Node(self._array(depth), line)
        if first == '"':
            return Node(self._string(), line)
        return Node(self._number_or_word(), line)

    def _object(self, depth: int) -> dict[str, Node]:
        members: dict[str, Node] = {}
        self._step()
        while not self._ends("}"):
            if self._text[self._at : self._at + 1] != '"':
                self._fail("a name in double quotes is expected")
            name = self._string()
            self._skip_space()
            if self._text[self._at : self._at + 1] != ":":
                self._fail("a colon is expected after a name")
            self._step()
            members[name] = self._value(depth + 1)
            self._separator("}")
        return members

    def _array(self, depth: int) -> list[Node]:
        elements: list[Node] = []
        self._step()
        while not self._ends("]"):
            elements.append(self._value(depth + 1))
            self._separator("]")
        return elements

    def _separator(self, end: str) -> None:
        """A comma (one before the end is let pass, as Azure does), or the end itself, which stays."""
        self._skip_space()
        here = self._text[self._at : self._at + 1]
        if here == ",":
            self._step()
        elif here != end:
            self._fail(f"a comma or '{end}' is expected")

    def _ends(self, end: str) -> bool:
        if self._text[self._at : self._at + 1] != end:
            return False
        self._at += 1
        return True

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None:
            self._fail("a string has no end")
        try:
            value = str(json.loads(found[0], strict=False))
        except ValueError:
            self._fail("a string has an escape that JSON does not know")
        self._at = found.end()
        return value.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair cannot be printed

    def _number_or_word(self) -> Any:
        found = _NUMBER.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            whole = not found["fraction"] and not found["exponent"] and len(found[0]) <= _MOST_DIGITS
            return int(found[0]) if whole else float(found[0])
        word = _WORD.match(self._text, self._at)
        if word is None or word[0] not in _WORDS:
            self._fail("a value is expected" if self._at < len(self._text) else "the text ends too early")
        self._at = word.end()
        return _WORDS[word[0]]

    def _step(self) -> None:
        self._at += 1
        self._skip_space()

    def _skip_space(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _line_here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = max(self._counted, self._at)
        return self._line

    def _fail(self, message: str) -> NoReturn:
        raise NotJson(message, self._line_here())
