"""Lines are read as a person would read them, whatever wrapped them."""
from __future__ import annotations

import json

import pytest

from azext_mltrouble.diagnosis.text import MAX_QUOTE, logical_lines, quote, without_prefix

TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "/var/azureml-app/score.py", line 3, in init',
    "    import lightgbm",
    "ModuleNotFoundError: No module named 'lightgbm'",
]


def test_a_message_in_json_gets_its_lines_back() -> None:
    assert logical_lines(json.dumps({"message": "\n".join(TRACEBACK)}).encode())[1:3] == TRACEBACK[1:3]


def test_a_message_in_json_in_json_gets_its_lines_back() -> None:
    wrapped = json.dumps({"error": json.dumps({"message": "\r\n".join(TRACEBACK)})})
    lines = logical_lines(wrapped.encode())
    assert lines[1:3] == TRACEBACK[1:3]
    assert lines[3].startswith(TRACEBACK[3])


def test_a_python_repr_gets_its_lines_back() -> None:
    assert logical_lines(repr({"content": "\n".join(TRACEBACK)}).encode())[1:3] == TRACEBACK[1:3]


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        (b"\x1b[1;31mERROR: broken\x1b[0m", ["ERROR: broken"]),
        (b"\x1b]0;title\x07done\x08\x00", ["done"]),
        (b"10%\r50%\r100% done\r", ["10%", "50%", "100% done"]),
        (b"cut \xff\xfe here", ["cut \ufffd\ufffd here"]),
        ("right\u202eleft".encode(), ["rightleft"]),
        (b'{"colour": "\\u001b[31mred"}', ['{"colour": "red"}']),
        (b"", [""]),
    ],
)
def test_control_characters_go(raw: bytes, lines: list[str]) -> None:
    assert logical_lines(raw) == lines


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("2023-11-04T10:11:12.1234567Z ERROR: x", "ERROR: x"),
        ("2023-11-04T10:11:12.1Z ##[error]x", "x"),
        ("#11 12.34 ERROR: x", "ERROR: x"),
        ('web_1  |   File "score.py"', '  File "score.py"'),
        ("2023-11-04T10:11:12.1Z stderr F   in", "  in"),
        ("    indented", "    indented"),
    ],
)
def test_prefixes_go_and_indentation_stays(line: str, rest: str) -> None:
    assert without_prefix(line) == rest


def test_a_quote_is_cut_around_its_place() -> None:
    line = "a" * 5000 + "HERE" + "b" * 5000
    assert "HERE" in quote(line, 5000)
    assert len(quote(line, 5000)) <= MAX_QUOTE + 2
