"""Logs as people see them: no secrets, nothing that controls a terminal, and what came newly while a log grows."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_mltrouble.evidence.redaction import Redactor
from azext_mltrouble.operations.log_text import GrowingText, added_since, safe_lines

SAS = "https://st.blob.core.windows.net/c/b?sv=2026-04-06&sig=jgi%2BDqQizPhSb1310bQ4faaroYB7ZPvOk1Li2jk4c3g%3D"
PEM_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
PEM = f"-----BEGIN PRIVATE KEY-----\n{PEM_LINE}\n{PEM_LINE}\n-----END PRIVATE KEY-----\n"


def lines_of(*chunks: bytes) -> list[str]:
    return list(safe_lines(chunks, Redactor()))


@given(st.text(st.sampled_from("ab \t\n\r"), max_size=60), st.integers(1, 7))
def test_lines_do_not_depend_on_the_chunks(text: str, size: int) -> None:
    data = text.encode()
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert lines_of(*chunks) == lines_of(data)


def test_a_character_cut_in_two_by_the_chunks_is_whole_again() -> None:
    data = "größer\n".encode()
    assert lines_of(data[:3], data[3:]) == ["größer"]


def test_indentation_and_empty_lines_stay() -> None:
    assert lines_of(b"Traceback:\n  File x\n\n\tend") == ["Traceback:", "  File x", "", "\tend"]


def test_escape_sequences_go_and_do_not_hide_a_secret() -> None:
    coloured = SAS.replace("sig=", "sig\x1b[0m=").replace("jgi", "j\x1b[31mgi")
    (line,) = lines_of(f"\x1b]0;title\x07{coloured}\n".encode())
    assert "\x1b" not in line
    assert "title" not in line
    assert "jgi" not in line
    assert "sig=***" in line


def test_a_line_without_end_does_not_pile_up() -> None:
    lines = lines_of(*[b"x" * 1_000_000] * 5)
    assert sum(map(len, lines)) == 5_000_000
    assert len(lines) > 1


def test_a_secret_of_several_lines_is_masked_while_it_comes() -> None:
    text = GrowingText(Redactor())
    shown = [line for line in PEM.splitlines(keepends=True) for line in text.more(line)]
    assert len(shown) == len(PEM.splitlines())
    assert PEM_LINE not in "\n".join(shown)


@pytest.mark.parametrize(
    ("reads", "shown"),
    [
        (["a\n", "b\n"], [["a"], ["b"]]),
        (["a\nb", "c\n"], [["a"], ["bc"]]),
        (["a\nb", "", "\nc\n"], [["a"], ["b"], ["c"]]),  # a log whose last line comes without its end
        (["a", "", ""], [[], ["a"], []]),
        (["a", "", "b\n"], [[], ["a"], ["b"]]),
        (["a\r\nb\r\n"], [["a", "b"]]),
    ],
    ids=str,
)
def test_lines_are_shown_once_and_whole(reads: list[str], shown: list[list[str]]) -> None:
    text = GrowingText(Redactor())
    assert [text.more(one) for one in reads] == shown


@pytest.mark.parametrize(
    ("old", "new", "added"),
    [
        ("", "a\n", ("a\n", True)),
        ("a\nb\n", "a\nb\nc\n", ("c\n", True)),
        ("a\nb\nc\n", "b\nc\nd\n", ("d\n", True)),  # only the last lines are answered
        ("a\nb\nc", "b\ncd\ne\n", ("d\ne\n", True)),
        ("a\nb\n", "x\ny\n", ("x\ny\n", False)),  # another container's log
        ("a\nb\n", "", ("", False)),
        ("a\na\nb\n", "a\nb\na\n", ("a\n", True)),
    ],
    ids=str,
)
def test_what_was_added(old: str, new: str, added: tuple[str, bool]) -> None:
    assert added_since(old, new) == added


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(0, 30), st.integers(1, 30))
def test_a_log_with_times_is_continued_without_loss_or_repetition(
    numbers: list[int], first: int, window: int
) -> None:
    lines = [f"{position} {number}\n" for position, number in enumerate(numbers)]
    first = min(first, len(lines))
    old, new = "".join(lines[:first][-window:]), "".join(lines[-window:])
    added, continues = added_since(old, new)
    if continues:
        assert added == "".join(lines[max(first, len(lines) - window) :])
    else:
        assert added == new
