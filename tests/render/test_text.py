from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_mltrouble.render.text import clean, clip, display_width, one_line, wrap
from tests.render.hostile import hostile_text, terminal_controls


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b2Jcleared", "cleared"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPdevice\x1b\\text", "text"),
        ("\x1b]0;never closed", "0;never closed"),
        ("\x1b\x1b[31m[31m", "[31m"),
        ("\x1b(Btext", "text"),
        ("10%\r20%\r\ndone", "10%\n20%\ndone"),
        ("file\u202egnp.exe\u200b", "filegnp.exe"),
        ("a\ud800b\ufffec\x00", "abc"),
        ("tab\tstays", "tab\tstays"),
        (43, "43"),
    ],
)
def test_clean_leaves_only_text(raw: object, expected: str) -> None:
    assert clean(raw) == expected


@given(hostile_text)
def test_clean_leaves_nothing_that_controls_a_terminal(raw: str) -> None:
    cleaned = clean(raw)
    assert terminal_controls(cleaned) <= {"\n", "\t"}
    cleaned.encode("utf-8")


@given(hostile_text)
def test_clean_is_stable(raw: str) -> None:
    assert clean(clean(raw)) == clean(raw)


def test_escape_sequences_are_removed_from_a_large_text_made_of_introducers() -> None:
    for introducer in ("\x1b[", "\x1b]", "\x9d", "\x1b", "\x9b0"):
        assert "\x1b" not in clean(introducer * 200_000)


@given(hostile_text)
def test_one_line_is_one_line(raw: str) -> None:
    assert len(one_line(raw).splitlines()) <= 1


@given(hostile_text, st.integers(min_value=2, max_value=40))
def test_wrapped_lines_fit_and_lose_nothing(raw: str, width: int) -> None:
    lines = wrap(one_line(raw), width)
    assert all(display_width(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(one_line(raw).split())


def test_wide_characters_count_two_columns() -> None:
    assert display_width("模型") == 4
    assert display_width("🚀") == 2
    assert wrap("模型模型", 4) == ["模型", "模型"]


def test_clip_keeps_both_ends() -> None:
    clipped = clip("begin " + "x" * 500 + " the reason", 60)
    assert len(clipped) <= 60
    assert clipped.startswith("begin")
    assert clipped.endswith("the reason")
    assert clip("short", 60) == "short"
