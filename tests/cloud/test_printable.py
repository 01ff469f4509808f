"""What Azure or a bundle says cannot control the user's terminal."""
from __future__ import annotations

from azext_mltrouble.cloud.printable import printable


def test_strings_and_keys_lose_what_a_terminal_would_act_on() -> None:
    hostile = {"na\x1b[2Jme": ["\x1b]0;owned\x07x", "a\u202eb", "\x9b31m", 3, None, True]}
    assert printable(hostile) == {"name": ["x", "ab", "", 3, None, True]}


def test_line_ends_tabs_and_other_languages_stay() -> None:
    assert printable("one\r\n\ttwo é 日本 😀") == "one\r\n\ttwo é 日本 😀"
