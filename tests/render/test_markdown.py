from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from azext_mltrouble.render.markdown import render_markdown
from tests.render import report_factory as reports
from tests.render.hostile import hostile_text

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def tokens(markdown: str) -> list[Token]:
    """The document as a Markdown parser reads it, inline tokens included."""
    return [token for block in PARSER.parse(markdown) for token in [block, *(block.children or [])]]


def assert_only_our_markup(markdown: str) -> None:
    for token in tokens(markdown):
        assert token.type not in {"image", "html_block", "code_inline", "s_open", "code_block", "blockquote_open"}
        if token.type == "html_inline":
            assert token.content == "<!-- -->"
        if token.type == "link_open":
            assert re.match("https?://", str(token.attrs["href"]))


def headings(markdown: str) -> list[str]:
    found = tokens(markdown)
    return [found[index + 1].content for index, token in enumerate(found) if token.type == "heading_open"]


def test_the_answer_comes_first() -> None:
    markdown = render_markdown(reports.failed())
    assert headings(markdown) == [
        "Service mysvc: Failed at launch",
        "Root cause: MLT4103 A Python module that the entry script imports is not in the image",
        "Warning: MLT6001 All replicas are busy and autoscaling has reached its limit",
        "Next steps",
        "Checks",
    ]
    assert_only_our_markup(markdown)


def test_commands_and_log_lines_are_verbatim() -> None:
    fences = [token for token in tokens(render_markdown(reports.failed())) if token.type == "fence"]
    blocks = {fence.content.rstrip("\n"): fence.info for fence in fences}
    command = reports.finding()["remedy"]["commands"][0]
    assert blocks[command] == "bash"
    assert blocks["ModuleNotFoundError: No module named 'ruamel'"] == "text"


def test_checks_are_a_table_with_a_row_each() -> None:
    markdown = render_markdown(reports.failed())
    rows = [token for token in tokens(markdown) if token.type == "tr_open"]
    assert len(rows) == 2 + 1 + 7
    assert "403 Forbidden\\. Ask for the Reader role" in markdown


def test_a_log_line_cannot_leave_its_block() -> None:
    text = "before\n```\n# out\n````\n~~~\n![x](https://evil.example)"
    quote = {"source": "log", "line": 1, "text": text}
    cause = reports.finding(evidence=[quote])
    markdown = render_markdown(reports.failed(rootCause=cause, findings=[cause]))
    assert text in [token.content.rstrip("\n") for token in tokens(markdown) if token.type == "fence"]
    assert_only_our_markup(markdown)


@pytest.mark.parametrize("reference", ["@octocat", "@org/team", "#12", "org/repo#12", "GH-12"])
def test_nobody_is_mentioned_and_nothing_referred_to(reference: str) -> None:
    cause = reports.finding(summary=f"see {reference}")
    (line,) = (line for line in render_markdown(reports.failed(rootCause=cause)).splitlines() if line.startswith("see"))
    assert re.search(r"[@#-]<!-- -->\w", line)


def test_several_reports_and_none() -> None:
    markdown = render_markdown([reports.failed(), reports.healthy()])
    assert "Service mysvc: Healthy" in headings(markdown)
    assert render_markdown([]) == "No deployments.\n"


@given(hostile_text)
def test_any_text_stays_text(text: str) -> None:
    report: dict[str, Any] = reports.filled_with(text)
    assert_only_our_markup(render_markdown(report))
