"""A page of the documentation per code, and their index: what ``az ml trouble explain`` says, as Markdown."""
from __future__ import annotations

import re
from typing import Any

from .markdown import fenced

#: Our own text needs only what Markdown would read as markup; hostile text goes through ``markdown``.
_MARKUP = re.compile(r"([\\`*_\[\]<>|])")


def render_code_page(one: dict[str, Any]) -> str:
    """The page of one explanation (``diagnosis.explanation.explain``)."""
    blocks = [
        f"# {one['code']}: {_escape(one['title'])}",
        f"Stage {one['stage']} · {one['severity']} · {', '.join(one['generations'])} · cause `{one['cause']}`",
        _escape(one["meaning"]),
        "## Recognised by",
        "\n".join(_way(way) for way in one["recognisedBy"]),
        *_example("## Sample", one["sample"]),
        *_example("## Not to be confused with", one["nearMiss"]),
        "## Fix",
        _escape(one["remedy"]["text"]),
        *([fenced("\n".join(one["remedy"]["commands"]), "bash")] if one["remedy"]["commands"] else []),
        "## Documentation",
        "\n".join(f"- <{address}>" for address in [one["docUrl"], *one["documents"]]),
    ]
    return "\n\n".join(blocks) + "\n"


def render_code_index(entries: list[dict[str, Any]]) -> str:
    """The index of all pages (``diagnosis.explanation.list_codes``)."""
    rows = [
        f"| [{one['code']}]({one['code']}.md) | {one['stage']} | {one['severity']} | {_escape(one['title'])} |"
        for one in entries
    ]
    head = ["# Findings", "", "`az ml trouble explain --code CODE` shows the same in the terminal.", ""]
    return "\n".join([*head, "| code | stage | severity | what it is |", "| --- | --- | --- | --- |", *rows]) + "\n"


def _way(way: dict[str, str]) -> str:
    if "text" in way:
        return f"- {_code(way['text'])} in: {way['in']}"
    return f"- {way['in']}: {_code(way['condition'])}"


def _code(text: str) -> str:
    """Inline code that a backtick in the text does not end."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _escape(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


def _example(title: str, example: dict[str, Any] | None) -> list[str]:
    return [title, fenced(example["text"].rstrip("\n"), "text")] if example else []
