"""Texts as an attacker would write them into a log."""
from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

#: Texts that lean towards what terminals and renderers react to.
hostile_text = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x1b\x9b\x9d\x07[]0;m\r\n\t`<>&'\"|\\#@ "),
        st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Lo"]),
    )
)


def terminal_controls(text: str) -> set[str]:
    """The characters of ``text`` that a terminal or a page does not draw but obeys."""
    bidirectional = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return {char for char in text if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in bidirectional}
