"""Say whether a regular expression can take more than linear time, from its parse tree instead of a clock.

Two shapes make a backtracking engine slow: a repetition inside a repetition, and an unbounded repetition of
"anything", which is tried again from every place. Both are forbidden, whatever the text.
"""
from __future__ import annotations

import re
from typing import Any

if hasattr(re, "_parser"):  # Python 3.11 moved it
    _parser = re._parser
else:
    import sre_parse as _parser  # type: ignore[no-redef]

_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
_UNBOUNDED = int(_parser.MAXREPEAT)
#: Bounded repetitions above this are as good as unbounded in a pattern that starts at every place of a line.
_LONGEST = 400


def complaints(regex: str) -> list[str]:
    """What makes this regex slow, in words; empty for a good one."""
    return list(_walk(_parser.parse(regex), inside_repeat=False))


def _walk(tree: Any, inside_repeat: bool) -> Any:
    for operation, argument in tree:
        name = str(operation)
        if name in _REPEATS:
            _, limit, body = argument
            most = int(limit)
            if most > 1 and inside_repeat:
                yield "a repetition inside a repetition"
            if most > 1 and most > _LONGEST and _is_anything(body):
                yield "an unbounded repetition of anything: give it a bound, such as .{0,200}, or name what ends it"
            yield from _walk(body, inside_repeat or most > 1)
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from _walk(branch, inside_repeat)
        elif name in ("SUBPATTERN",):
            yield from _walk(argument[-1], inside_repeat)
        elif name in ("ASSERT", "ASSERT_NOT"):
            yield from _walk(argument[1], inside_repeat)
        elif name == "ATOMIC_GROUP":
            yield from _walk(argument, inside_repeat)
        elif name == "GROUPREF":
            yield "a back reference"


def _is_anything(body: Any) -> bool:
    return len(body) == 1 and str(body[0][0]) in ("ANY", "ANY_ALL")
