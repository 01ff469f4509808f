"""The template expressions of Azure Resource Manager, as far as they can be told without Azure.

``[if(parameters('new'), createArray(), variables('policies'))]`` has a value once the parameters do. What only Azure
knows (``reference()``, ``resourceId()``, ...) is Unknown, and so is all that depends on it.
Language: learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Callable

from azext_mltrouble.diagnosis.template_json import Node, NotJson, parse

#: Variables may refer to each other in a circle, and double in length with each step.
_DEEPEST = 60
_LONGEST = 10_000
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d{1,18})|(?P<name>[A-Za-z_][\w.]*)|(?P<mark>[(),\[\].]))"
)


@dataclass(frozen=True)
class Unknown:
    """A value that cannot be told here. ``why`` says so in words.

    ``parameter`` names the parameter that has no value; ``live`` is true for what Azure reads from a resource, and
    ``kept`` for the access policies that a vault has.
    """

    why: str
    parameter: str | None = None
    live: bool = False
    kept: bool = False


class Scope:
    """The parameters and variables that a template's expressions see.

    ``parameters`` are the template's declarations, ``given`` the values by name (Unknown allowed).
    """

    def __init__(self, template: Node, given: Mapping[str, Any]) -> None:
        self._declared = {name.lower(): node for name, node in _members(template.get("parameters"))}
        self._variables = {name.lower(): node for name, node in _members(template.get("variables"))}
        self._given = {name.lower(): value for name, value in given.items()}
        self._known: dict[str, Any] = {}
        self._depth = 0

    def value(self, node: Node | None) -> Any:
        """The value of a node with its expressions worked out; plain data in which any part may be Unknown."""
        if node is None:
            return None
        if isinstance(node.value, str):
            return self.text_value(node.value)
        if not isinstance(node.value, (dict, list)):
            return node.value
        with self.one_deeper():
            if isinstance(node.value, dict):
                return {name: self.value(item) for name, item in node.value.items()}
            return [self.value(item) for item in node.value]

    def text_value(self, text: str) -> Any:
        """The value of a string, which is an expression if it stands in square brackets."""
        if not is_expression(text):
            return text[1:] if text.startswith("[[") else text
        try:
            return _Expression(text[1:-1], self).value()
        except _NoExpression:
            return Unknown(f"the expression {_shown(text)} could not be understood")

    @contextmanager
    def one_deeper(self) -> Iterator[None]:
        """Around each step inwards; raises _NoExpression where there are too many."""
        if self._depth > _DEEPEST:
            raise _NoExpression
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def parameter(self, name: str) -> Any:
        """The value given for a parameter, else its default."""
        lower = name.lower()
        if lower in self._given:
            return self._given[lower]
        default = self._declared[lower].get("defaultValue") if lower in self._declared else None
        if default is None:
            return Unknown(f"the parameter '{name}' has no value here", parameter=name)
        return self._once(f"parameter {lower}", default)

    def variable(self, name: str) -> Any:
        """The value of a variable."""
        node = self._variables.get(name.lower())
        if node is None:
            return Unknown(f"the variable '{name}' is not simply defined")
        return self._once(f"variable {name.lower()}", node)

    def _once(self, key: str, node: Node) -> Any:
        if key not in self._known:
            self._known[key] = Unknown("its expressions refer to each other without end")
            with suppress(_NoExpression):
                self._known[key] = self.value(node)
        return self._known[key]


def is_expression(text: str) -> bool:
    """Whether Resource Manager would work a string out."""
    return text.startswith("[") and not text.startswith("[[") and text.endswith("]")


def _members(node: Node | None) -> list[tuple[str, Node]]:
    return node.items() if node is not None else []


def _shown(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"


class _NoExpression(ValueError):
    pass


class _Expression:
    """Reads and works out one expression at the same time."""

    def __init__(self, text: str, scope: Scope) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._scope = scope

    def value(self) -> Any:
        value = self._operand()
        if self._at < len(self._tokens):
            raise _NoExpression
        return value

    def _operand(self) -> Any:
        with self._scope.one_deeper():
            return self._one_operand()

    def _one_operand(self) -> Any:
        kind, text = self._take()
        if kind == "string":
            value: Any = text[1:-1].replace("''", "'")
        elif kind == "number":
            value = int(text)
        elif kind == "name":
            value = self._call(text)
        else:
            raise _NoExpression
        while self._peek() in (".", "["):
            value = self._part_of(value)
        return value

    def _call(self, name: str) -> Any:
        self._expect("(")
        arguments = []
        while self._peek() != ")":
            arguments.append(self._operand())
            if self._peek() == ",":
                self._at += 1
            elif self._peek() != ")":
                raise _NoExpression
        self._expect(")")
        return _call(name, arguments, self._scope)

    def _part_of(self, value: Any) -> Any:
        _, mark = self._take()
        if mark == ".":
            kind, key = self._take()
            if kind != "name":
                raise _NoExpression
            for name in key.split("."):
                value = _part(value, name)
            return value
        key = self._operand()
        self._expect("]")
        return _part(value, key)

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _NoExpression
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, mark: str) -> None:
        if self._take()[1] != mark:
            raise _NoExpression


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise _NoExpression
        found.append((str(token.lastgroup), token[str(token.lastgroup)]))
        at = token.end()
    return found


def _part(value: Any, key: Any) -> Any:
    if isinstance(value, Unknown):
        is_policies = value.live and str(key).lower() == "accesspolicies"
        return Unknown(value.why, value.parameter, value.live, kept=value.kept or is_policies)
    if isinstance(key, Unknown):
        return key
    if isinstance(value, dict):
        lower = str(key).lower()
        return next((item for name, item in value.items() if name.lower() == lower), _none_there(key))
    if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    return _none_there(key)


def _none_there(key: Any) -> Unknown:
    return Unknown(f"there is no '{_shown(str(key))}'")


def _call(name: str, arguments: list[Any], scope: Scope) -> Any:
    lower = name.lower()
    if lower in ("parameters", "variables") and len(arguments) == 1 and isinstance(arguments[0], str):
        return scope.parameter(arguments[0]) if lower == "parameters" else scope.variable(arguments[0])
    if lower == "reference":
        return Unknown("Azure reads it from a resource when it deploys", live=True)
    if lower == "if" and len(arguments) == 3:
        return arguments[0] if isinstance(arguments[0], Unknown) else arguments[1 if arguments[0] else 2]
    if lower in ("and", "or"):
        return _and_or(arguments, decisive=lower == "or")
    function = _FUNCTIONS.get(lower)
    if function is None:
        return Unknown(f"only Azure knows what {name}() gives")
    kept = next((one for one in arguments if isinstance(one, Unknown) and one.kept), None)
    unknown = kept or next((one for one in arguments if isinstance(one, Unknown)), None)
    if unknown is not None and lower not in ("createarray", "createobject"):
        return unknown
    try:
        return function(*arguments)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError):
        return Unknown(f"{name}() is used in a way that could not be worked out")


def _and_or(arguments: list[Any], decisive: bool) -> Any:
    known = [bool(one) for one in arguments if not isinstance(one, Unknown)]
    if decisive in known:
        return decisive
    return next((one for one in arguments if isinstance(one, Unknown)), not decisive)


def _concat(*parts: Any) -> Any:
    if parts and all(isinstance(one, list) for one in parts):
        return _bounded([item for one in parts for item in one])
    if any(isinstance(one, (list, dict)) for one in parts):
        raise TypeError
    return _bounded("".join(map(_string, parts)))


def _union(*parts: Any) -> Any:
    if all(isinstance(one, dict) for one in parts):
        return {name: item for one in parts for name, item in one.items()}
    found: list[Any] = []
    for item in _concat(*parts):
        if not any(item is one for one in found):
            found.append(item)
    return found


def _bounded(value: Any) -> Any:
    if len(value) > _LONGEST:
        raise ValueError
    return value


def _string(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise TypeError
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _format(template: str, *values: Any) -> str:
    return str(_bounded(re.sub(r"\{(\d{1,3})[^{}]{0,20}\}", lambda slot: _string(values[int(slot[1])]), template)))


def _equals(left: Any, right: Any) -> bool:
    if isinstance(left, (dict, list)) or isinstance(right, (dict, list)):
        raise TypeError
    return str(left).lower() == str(right).lower() if isinstance(left, str) else bool(left == right)


def _empty(value: Any) -> bool:
    return value is None or len(value) == 0


def _contains(holder: Any, item: Any) -> bool:
    if isinstance(holder, dict):
        return str(item).lower() in (name.lower() for name in holder)
    return item in holder if isinstance(holder, str) else any(_equals(one, item) for one in holder)


def _json(text: str) -> Any:
    try:
        return _plain(parse(text))
    except NotJson as error:
        raise ValueError from error


def _plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {name: _plain(item) for name, item in node.value.items()}
    return [_plain(item) for item in node.value] if isinstance(node.value, list) else node.value


def _bool(value: Any) -> bool:
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False}[value.lower()]
    return bool(value)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "array": lambda value: value if isinstance(value, list) else [value],
    "bool": _bool,
    "coalesce": lambda *values: next((one for one in values if one is not None), None),
    "concat": _concat,
    "contains": _contains,
    "createarray": lambda *values: list(values),
    "createobject": lambda *pairs: dict(zip(pairs[::2], pairs[1::2])),
    "empty": _empty,
    "equals": _equals,
    "false": lambda: False,
    "first": lambda value: value[0],
    "format": _format,
    "int": int,
    "json": _json,
    "last": lambda value: value[-1],
    "length": len,
    "not": lambda value: not value,
    "null": lambda: None,
    "string": _string,
    "tolower": lambda value: value.lower(),
    "toupper": lambda value: value.upper(),
    "true": lambda: True,
    "union": _union,
}
