"""The table of ``explain`` and the pages of the documentation, over everything the knowledge holds."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from tabulate import tabulate

from azext_mltrouble.diagnosis.explanation import explain, list_codes
from azext_mltrouble.render.code_page import render_code_index, render_code_page
from azext_mltrouble.render.explain_table import explain_table

ROOT = Path(__file__).parents[2]
CODES = [one["code"] for one in list_codes()]


def drawn(result: object) -> list[str]:
    return tabulate(explain_table(result), headers="keys", tablefmt="simple").splitlines()  # type: ignore[arg-type]


def test_the_list_fits_100_columns() -> None:
    lines = drawn(list_codes())
    assert len(lines) == len(CODES) + 2
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("code", CODES)
def test_a_page_fits_100_columns_and_shows_meaning_and_fix(code: str) -> None:
    lines = drawn(explain(code))
    assert max(map(len, lines)) <= 100
    assert [word for word in ("Meaning", "Recognised", "Fix") if not any(line.startswith(word) for line in lines)] == []


@pytest.mark.parametrize("code", CODES)
def test_a_page_of_the_documentation_keeps_the_words(code: str) -> None:
    one = explain(code)
    html = MarkdownIt().render(render_code_page(one))
    tokens = [token.content for token in MarkdownIt().parse(render_code_page(one)) if token.type == "fence"]
    assert html.startswith("<h1>")
    assert ("\n".join(one["remedy"]["commands"]) + "\n" in tokens) == bool(one["remedy"]["commands"])


def test_the_index_links_every_page() -> None:
    index = render_code_index(list_codes())
    assert [code for code in CODES if f"]({code}.md)" not in index] == []


def test_the_pages_of_the_documentation_are_fresh() -> None:
    check = subprocess.run(
        [sys.executable, ROOT / "scripts/write-code-pages", "--check"], capture_output=True, text=True, check=False
    )
    assert (check.returncode, check.stderr) == (0, "")
