"""The HTML report in a real browser."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azext_mltrouble.render.html import render_html
from tests.render import report_factory as reports
from tests.render.chromium import EXECUTABLE, Page, running_page

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="needs Chromium")

LONG_WORD = "x" * 3000
RESULTS: dict[str, Any] = {
    "failed": reports.failed(),
    "degraded": reports.degraded(),
    "healthy": reports.healthy(),
    "unknown": reports.unknown(),
    "hostile": reports.filled_with(reports.HOSTILE),
    "long words": reports.filled_with(LONG_WORD),
    "wide characters": reports.filled_with("模型" * 200),
    "several": reports.every_kind(),
    "none": [],
}

#: Texts with less contrast (WCAG 2, relative luminance) than 4.5 to the nearest painted background.
LOW_CONTRAST = """(() => {
  const channels = color => color.match(/[\\d.]+/g).map(Number);
  const luminance = color => channels(color).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const background = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (channels(color)[3] !== 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const low = []; let texts = 0;
  while (walker.nextNode()) {
    if (!walker.currentNode.data.trim()) continue;
    texts += 1;
    const element = walker.currentNode.parentElement;
    const [a, b] = [getComputedStyle(element).color, background(element)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push([walker.currentNode.data, element.className, ratio]);
  }
  return {texts, low};
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with running_page(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    paths = {name: folder / f"{name.replace(' ', '-')}.html" for name in RESULTS}
    for name, path in paths.items():
        path.write_text(render_html(RESULTS[name]), "utf-8")
    return paths


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("name", RESULTS)
def test_a_page_is_quiet_asks_for_nothing_and_fits(page: Page, files: dict[str, Path], name: str, width: int) -> None:
    page.open(files[name], width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("getComputedStyle(document.body).marginTop") == "0px", "the policy refused the style sheet"
    requests = [
        event["params"]["request"]["url"] for event in page.events if event["method"] == "Network.requestWillBeSent"
    ]
    assert requests == [files[name].as_uri()]
    noise = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening"}
    assert noise.isdisjoint(page.reported())


@pytest.mark.parametrize(("dark", "media"), [(False, "screen"), (True, "screen"), (False, "print"), (True, "print")])
@pytest.mark.parametrize("name", ["failed", "several"])
def test_every_text_has_contrast(page: Page, files: dict[str, Path], name: str, dark: bool, media: str) -> None:
    page.open(files[name], 1400, dark=dark, media=media)
    answer = page.evaluate(LOW_CONTRAST)
    assert answer["texts"] > 50
    assert answer["low"] == []


def test_dark_and_light_differ(page: Page, files: dict[str, Path]) -> None:
    colors = []
    for dark in (False, True):
        page.open(files["failed"], 1400, dark=dark)
        colors.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colors[0] != colors[1]


def test_hostile_text_stays_text(page: Page, files: dict[str, Path]) -> None:
    page.open(files["hostile"], 1400)
    active = "script, img, iframe, object, embed, link, form, input, a, [onclick], [onerror], [onload], [style]"
    assert page.evaluate(f"document.querySelectorAll('{active}').length") == 0
    assert "<script>alert(1)</script> <img src=x onerror=alert(1)>" in page.evaluate("document.body.innerText")


@pytest.mark.parametrize("width", [360, 1400])
def test_a_click_selects_the_whole_command_and_only_it(page: Page, files: dict[str, Path], width: int) -> None:
    page.open(files["failed"], width)
    page.click(".command code")
    assert page.evaluate("getSelection().toString()") == reports.finding()["remedy"]["commands"][0]


@pytest.mark.parametrize("name", RESULTS)
def test_headings_and_landmarks_guide_a_screen_reader(page: Page, files: dict[str, Path], name: str) -> None:
    page.open(files[name], 1400)
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(h => +h.tagName[1])")
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in zip(levels, levels[1:]))
    nodes = page.send("Accessibility.getFullAXTree")["nodes"]
    roles = [(node["role"]["value"], node.get("name", {}).get("value")) for node in nodes if not node["ignored"]]
    assert [role for role, _ in roles].count("main") == 1
    assert all(label for role, label in roles if role in {"navigation", "link", "heading"})


def test_verdict_cause_and_fix_are_on_the_first_screen(page: Page, files: dict[str, Path]) -> None:
    page.open(files["failed"], 1400)
    for selector in ("h1", ".stages", ".cause samp", ".command"):
        assert page.evaluate(f"document.querySelector('{selector}').getBoundingClientRect().bottom") <= 900


def test_it_prints(page: Page, files: dict[str, Path]) -> None:
    page.open(files["failed"], 1400)
    assert page.pdf().startswith(b"%PDF-")
