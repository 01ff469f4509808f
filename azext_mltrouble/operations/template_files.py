"""ARM templates and their parameters, read from disk, with az's errors for what is none."""
from __future__ import annotations

import codecs
import os
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.cli.core.azclierror import AzCLIError

    from azext_mltrouble.diagnosis.template_json import Node

#: Bytes; Resource Manager takes 4 MB.
_LARGEST = 8 * 1024 * 1024


class TemplateFiles:
    """The templates of one check, each read once. Linked ones are found relative to the one that links to them."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}
        self._nodes: dict[str, Node] = {}

    def main(self, path: str) -> Node:
        """The template that the user named; az's error when it is none."""
        node = self._read(path)
        _check_template(node, path)
        return node

    def follow(self, source: str, relative: str) -> tuple[str, Node]:
        """The name and the content of the template at a relative path; LookupError with the reason if there is none."""
        from azure.cli.core.azclierror import AzCLIError

        relative = relative.replace("\\", "/")
        if PurePosixPath(relative).is_absolute() or PureWindowsPath(relative).drive or "://" in relative:
            raise LookupError("it is no relative path")
        path = os.path.normpath(os.path.join(os.path.dirname(source), relative))
        try:
            return path, self.main(path)
        except AzCLIError as error:
            raise LookupError(str(error)) from error

    def parameters(self, path: str) -> dict[str, Any]:
        """The values of a parameters file by name; secrets are unknown. az's error when it is no such file."""
        from azext_mltrouble.diagnosis.template_expressions import Scope, Unknown

        node = self._read(path)
        members = node.get("parameters") or node
        if node.get("resources") is not None or not isinstance(members.value, dict):
            raise _not_a("parameters file", path, "it has no object 'parameters'")
        scope = Scope(node, {})
        values: dict[str, Any] = {}
        for name, one in members.items():
            value = one.get("value")
            values[name] = Unknown("its value is a secret in a key vault") if value is None else scope.value(value)
        return values

    def line(self, source: str, number: int) -> str:
        """A line of a template that was read."""
        lines = self._lines.get(source, [])
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""

    def _read(self, path: str) -> Node:
        from azext_mltrouble.diagnosis.template_json import NotJson, parse

        if path not in self._nodes:
            text = _text(path)
            self._lines[path] = text.split("\n")
            try:
                self._nodes[path] = parse(text)
            except NotJson as error:
                raise _not_json(path, text, error) from error
        return self._nodes[path]


def _text(path: str) -> str:
    from azure.cli.core.azclierror import FileOperationError

    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FileOperationError(
            f"'{path}' could not be read: {reason or error}.", recommendation="Name a file that exists."
        ) from error
    if len(data) > _LARGEST:
        raise _not_a("template", path, f"it has more than {_LARGEST // 1024 // 1024} MiB, and Azure takes 4")
    encoding = "utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise _not_a("template", path, "it is no text in UTF-8 or UTF-16") from None
    if "\0" in text:
        raise _not_a("template", path, "it is no text")
    return text


def _check_template(node: Node, path: str) -> None:
    resources = node.get("resources")
    if resources is None and node.get("parameters") is not None:
        raise _not_a("template", path, "it has parameters but no resources: a parameters file goes to --parameters")
    if resources is None or not isinstance(resources.value, (list, dict)):
        raise _not_a("template", path, "it has no 'resources'")


def _not_a(kind: str, path: str, why: str) -> AzCLIError:
    from azure.cli.core.azclierror import InvalidArgumentValueError

    return InvalidArgumentValueError(
        f"'{path}' is no ARM {kind}: {why}.",
        recommendation="Name the JSON of an ARM template, such as `az bicep build --file main.bicep` writes it.",
    )


def _not_json(path: str, text: str, error: Any) -> AzCLIError:
    from azure.cli.core.azclierror import InvalidArgumentValueError

    suffix = Path(path).suffix.lower()
    advice = f"Put line {error.line} right; comments are allowed, as Azure allows them."
    if suffix == ".bicep":
        advice = "Compile it first: az bicep build --file FILE.bicep, then check the JSON."
    elif suffix == ".bicepparam":
        advice = "Compile it first: az bicep build-params --file FILE.bicepparam, then use the JSON."
    elif not text.strip():
        advice = "The file is empty: name the JSON of an ARM template."
    return InvalidArgumentValueError(
        f"'{path}' is no JSON, at line {error.line}: {error}.", recommendation=advice
    )
