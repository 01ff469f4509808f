from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given

from azext_mltrouble.render.html import render_html
from tests.render import report_factory as reports
from tests.render.hostile import hostile_text, terminal_controls

HEAD = {"html", "head", "meta", "title", "style", "body"}
BLOCKS = {"main", "header", "footer", "nav", "article", "section", "h1", "h2", "h3", "h4", "p", "pre", "figure", "div"}
LISTS = {"ul", "ol", "li", "dl", "dt", "dd"}
INLINE = {"b", "span", "a", "figcaption", "code", "samp"}
ELEMENTS = HEAD | BLOCKS | LISTS | INLINE
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "rel"}
ARIA = {"aria-label", "aria-hidden"}
EMPTY = {"meta"}


class Document(HTMLParser):
    """The document as a parser reads it: elements with their attributes, and text; fails on what is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def assert_only_our_markup(html: str) -> Document:
    document = Document(html)
    for tag, attributes in document.elements:
        assert tag in ELEMENTS
        assert set(attributes) <= ATTRIBUTES | ARIA
        if tag == "a":
            assert re.match("https?://|#report-[0-9]+$", attributes["href"] or "")
    return document


@pytest.mark.parametrize("report", [*reports.every_kind(), reports.every_kind(), []])
def test_every_report_is_a_whole_document(report: Any) -> None:
    html = render_html(report)
    assert html.startswith("<!DOCTYPE html>\n")
    document = assert_only_our_markup(html)
    assert [tag for tag, _ in document.elements].count("h1") == 1


def test_the_policy_allows_the_style_sheet_and_nothing_else() -> None:
    html = render_html(reports.failed())
    (style,) = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = re.findall('Content-Security-Policy" content="(.*?)"', html)
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import", style)


def test_the_answer_comes_first() -> None:
    text = Document(render_html(reports.failed())).text
    told = ["Failed at launch", "Root cause", "container log, line 43", "Do this", "Next steps", "Other findings"]
    places = [text.index(part) for part in told]
    assert places == sorted(places)
    assert "3 secrets hidden (1 key, 2 sas)" in text


def test_a_command_is_whole() -> None:
    assert reports.finding()["remedy"]["commands"][0] in Document(render_html(reports.failed())).text


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "//evil.example", 'https://a.example/"onclick="', "https://a.example/ b", "ftp://a", None],
)
def test_only_web_addresses_become_links(address: str | None) -> None:
    cause = reports.finding(docUrl=address)
    assert "<a " not in render_html(reports.failed(rootCause=cause, findings=[cause]))


def test_a_huge_log_line_is_cut_with_its_end_kept() -> None:
    quote = {"source": "log", "line": 1, "text": "Traceback " + "x" * 1_000_000 + " KeyError: 'model'"}
    cause = reports.finding(evidence=[quote])
    html = render_html(reports.failed(rootCause=cause, findings=[cause]))
    assert "KeyError: &#x27;model&#x27;" in html
    assert len(html) < 50_000


@given(hostile_text)
def test_any_text_stays_text(text: str) -> None:
    document = assert_only_our_markup(render_html(reports.filled_with(text)))
    assert terminal_controls(document.text) <= {"\n", "\t"}
