"""Where the secrets are in a text: spans of bytes and what kind of secret each one is.

Works on bytes, so that a text in any state (broken UTF-8, half a line) can be searched. Every search starts at a
literal and looks a bounded distance around it: time is linear in the text, and a text without the literal costs one
substring search. Nothing here changes a text; that is ``redaction``.
"""
from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Callable, NamedTuple

#: What stands in a redacted text where a secret stood.
MARK = b"***"


#: What others leave where a secret stood.
_MASKED = re.compile(rb"[*+\s]*|[\[<(]?(?:redacted|removed|hidden|masked)[\])>]?", re.IGNORECASE)


class Span(NamedTuple):
    """One secret: bytes ``start`` to ``end``, recognised by what stands between ``begin`` and ``end``."""

    begin: int
    start: int
    end: int
    kind: str


class _Text(NamedTuple):
    """A text and its lower-case form; ``bytes.lower`` changes ASCII only, so that both have the same offsets."""

    raw: bytes
    low: bytes


_Finder = Callable[[_Text], Iterator[Span]]


def find_secrets(raw: bytes) -> list[Span]:
    """The secrets in a text, sorted, merged where they overlap; what is already masked is not among them."""
    text = _Text(raw, raw.lower())
    found = [
        span
        for finder in _FINDERS
        for span in finder(text)
        if span.start < span.end and not _MASKED.fullmatch(raw, span.start, span.end)
    ]
    found.sort(key=lambda span: (span.start, -span.end))
    merged: list[Span] = []
    for span in found:
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = last._replace(begin=min(last.begin, span.begin), end=max(last.end, span.end))
        else:
            merged.append(span)
    return merged


def kind_of_name(name: str) -> str | None:
    """The kind of secret that a field, setting or environment variable of this name holds; None for any other."""
    return _kind_of_name(name.encode("utf-8", "replace"))


def looks_random(value: bytes) -> bool:
    """Could this be a generated credential: one word, not only letters or else long?"""
    if re.search(rb"\s", value):
        return False
    return len(value) >= 32 or (len(value) >= 6 and re.search(rb"\d", value) is not None)


def _each(data: bytes, literal: bytes) -> Iterator[int]:
    """The offsets of a literal."""
    at = data.find(literal)
    while at >= 0:
        yield at
        at = data.find(literal, at + 1)


# -- names -------------------------------------------------------------------------------------------------------------

_NAMES = {
    "registryPassword": rb"registry\w{0,20}pass(?:word|wd)s?|dockerc(?:onfigjson|fg)",
    "password": rb"pass(?:word|wd|phrase|code)s?|pwd|(?<=[_.-])pass|\A(?:\d{1,3}m)?pass(?=\Z)",
    "sslKey": rb"(?:ssl|tls)[-_.]?(?:key|certificate)",
    "accountKey": rb"(?:account|storage|shared|workspace|shared[-_.]?access)[-_.]?key",
    "serviceKey": rb"(?:primary|secondary|service|auth)[-_.]?(?:auth[-_.]?)?key",
    "connectionString": rb"conn(?:ection)?[-_.]?str(?:ing)?|shared[-_.]?access[-_.]?signature|instrumentation[-_.]?key",
    "apiKey": rb"(?:api|access|subscription|functions?|host|admin|query|license|webhook)[-_.]?key",
    "privateKey": rb"(?:private|signing|encryption|client|master|deploy)[-_.]?key",
    "secret": rb"secret(?:[-_.]?access)?(?:[-_.]?key)?|(?<![a-z0-9])credential|identity[-_.]header",
    "token": rb"token|(?<![a-z0-9])pat",
    "authorization": rb"authorization|x-registry-auth|(?<![a-z0-9./-])auth",
    "cookie": rb"(?<![a-z0-9_])(?:set-)?cookie",
}
_NAME_END = rb"(?:[-_.]?(?:value|base64|b64|string|hash|data|\d{1,3}))?"
_ANY_NAME = b"|".join(b"(?P<%s>%s)" % (kind.encode(), names) for kind, names in _NAMES.items())
_SECRET_NAME = re.compile(b"(?:" + _ANY_NAME + b")" + _NAME_END + rb"\Z")
#: Every name above ends in one of these; they are what a text is searched for. Docker's configuration is not: in a
#: text its name is mostly that of a file, so that it has a finder of its own.
_STEMS = (
    b"pass", b"password", b"passwords", b"passwd", b"passphrase", b"passcode", b"pwd", b"key", b"certificate",
    b"connstr", b"conn_str", b"connection_str", b"string", b"signature", b"secret", b"credential", b"header", b"token",
    b"pat", b"auth", b"authorization", b"cookie",
)  # fmt: skip
#: Names of special tokens of language models and of paging, not of credentials.
_PLAIN_TOKEN = re.compile(
    rb"(?:bos|eos|pad|unk|sep|cls|mask|special|stop|added|end|start|next|skip|continuation)[_-]?token\Z", re.IGNORECASE
)
#: Names of runs over data and of filters, not of passwords.
_PLAIN_PASS = re.compile(
    rb"(?:first|second|third|last|next|final|each|per|one|two|single|multi|forward|backward|fwd|bwd|num|dry|by|low|high"
    rb"|band|all)[_.-]pass\Z",
    re.IGNORECASE,
)
_WORKING_DIRECTORY = frozenset((b"PWD", b"OLDPWD"))


def _kind_of_name(name: bytes) -> str | None:
    match = _SECRET_NAME.search(name.lower())
    if not match or name in _WORKING_DIRECTORY or _PLAIN_TOKEN.search(name) or _PLAIN_PASS.search(name):
        return None
    return match.lastgroup


# -- secrets that are known by the name in front of them ---------------------------------------------------------------

#: A name's end, then the sign that a value follows: ``=`` ``:`` ``=>`` ``:=``, a tag's end, a blank, a comma.
_SIGN = re.compile(
    _NAME_END + rb"(?P<close>(?:\\{0,15}[\"'])?\]?)(?P<sign>[ \t]*(?:=>|:=|:|=(?!=))[ \t]*|>|,?[ \t]+|,)"
)
_ASSIGNMENTS = frozenset((b":", b"=", b"=>", b":="))

_LONGEST_NAME = 64
_NAME_BEFORE = re.compile(rb"[A-Za-z0-9_.-]*\Z")
_LINE_START = re.compile(
    rb"(?:^|[\n\r]|\\n|\\r)[ \t]*(?:-[ \t]+)?(?:(?:export|declare -x|env|arg|set)[ \t]+)?\Z", re.IGNORECASE
)
_LINE_END = re.compile(rb"[ \t]*(?:#|\\{1,31}[nr]|[\n\r]|\Z)")
_OPENING_QUOTE = re.compile(rb"[bBrRuUfF]{0,2}(?P<escape>\\{0,31})(?P<quote>[\"'])")
_ENCLOSING_QUOTE = re.compile(rb"(?P<escape>\\{0,31})(?P<quote>[\"'])\Z")
_CLOSER = rb"[;,&)\]}]"
#: A word without quotes ends at a blank, a quote or a tag, and at ``;`` ``,`` ``&`` or a bracket only where that
#: clearly ends it: a password may hold them.
_BARE_VALUE = re.compile(
    rb"(?:[^\s\"'<>\\;,&)\]}`]"
    rb"|\\(?![nrt\"'\\])"
    rb"|" + _CLOSER + rb"(?!\s|$|[\"'\\<]|" + _CLOSER + rb"|[\w.%-]{1,40}[ \t]?[=:]))*"
)
_REST_OF_LINE = re.compile(rb"(?:[^\n\r\\]|\\(?!\\{0,31}[nr]))*")
_SCHEME = re.compile(rb"(?:bearer|basic|token|digest|sharedkey|apikey|negotiate)[ \t]+", re.IGNORECASE)
_NO_SECRET = re.compile(rb"(?:(?:none|null|true|false|undefined|error|warning|traceback)\W*)?", re.IGNORECASE)
_REFERENCE = re.compile(rb"\$\{[A-Za-z_][\w.:-]*\}|\$\([A-Za-z_]\w*\)|\$?\{\{[^{}\n]{1,100}\}\}")
_USAGE_WORD = re.compile(
    rb"to|is|or|and|for|in|if|as|via|by|on|the|with|was|from|not|can|option|flag|argument|[A-Z_]+\]?"
)
#: The end of a terminal's colour code may stand right in front.
_BARE_PASS = re.compile(rb"(?:\d{1,3}m)?pass", re.IGNORECASE)
_FIGURE = re.compile(rb"[\d.,/]{1,5}%?")
#: A key that follows its name without a sign has at least so many characters; a date has fewer.
_SHORTEST_KEY = 12
#: Kinds whose names also occur in prose ("unexpected token: ...", "secret: not found").
_PROSE = frozenset(("token", "secret", "authorization", "apiKey", "serviceKey", "accountKey", "privateKey"))


def _named(text: _Text) -> Iterator[Span]:
    for stem in _STEMS:
        at = text.low.find(stem)
        while at >= 0:
            match = _SIGN.match(text.low, at + len(stem))
            span = _named_at(text.raw, at, match) if match else None
            if span:
                yield span
            at = text.low.find(stem, span.end if span else at + 1)


def _named_at(raw: bytes, stem_at: int, match: re.Match[bytes]) -> Span | None:
    begin = _begin_of_name(raw, stem_at)
    name = raw[begin : match.start("close")]
    kind = _kind_of_name(name)
    sign = match["sign"].strip()
    if kind is None or not (
        sign in _ASSIGNMENTS or _has_value_without_sign(raw, begin, name, match) or _is_key_in_prose(raw, kind, match)
    ):
        return None
    is_nested = sign == b":" and raw[match.end() : match.end() + 1] in (b"{", b"[")  # its own fields decide
    if is_nested or (kind == "cookie" and sign != b":"):
        return None
    start, end = _value(raw, begin, match.end(), dumped=sign == b"=" and not match["close"] and name.isupper())
    value = raw[start:end]
    if _BARE_PASS.fullmatch(name) and _is_result(value, sign, quoted=bool(match["close"]) and start > match.end()):
        return None
    if _NO_SECRET.fullmatch(value) or _is_reference(raw, start, end):
        return None
    if sign not in _ASSIGNMENTS and sign != b">" and _USAGE_WORD.fullmatch(value):
        return None
    if kind == "authorization":
        scheme = _SCHEME.match(raw, start)
        if scheme:
            kind = "basicAuth" if value[:5].lower() == b"basic" else "bearerToken"
            start = scheme.end()
            end = max(end, _BARE_VALUE.match(raw, start).end())  # type: ignore[union-attr]
            return Span(begin, start, end, kind)
    if kind == "cookie":
        end = max(end, _REST_OF_LINE.match(raw, start).end())  # type: ignore[union-attr]
    if kind in _PROSE and sign == b":" and start == match.end() and not looks_random(value):
        is_field = _LINE_START.search(raw, max(0, begin - 24), begin) and _LINE_END.match(raw, end)
        if not is_field:
            return None
    return Span(begin, start, end, kind)


def _is_reference(raw: bytes, start: int, end: int) -> bool:
    """Is the value the name of a variable that holds it (``${DB_PASSWORD}``)?"""
    match = _REFERENCE.match(raw, start)
    return match is not None and match.end() >= end


def _begin_of_name(raw: bytes, at: int) -> int:
    begin = _NAME_BEFORE.search(raw, max(0, at - _LONGEST_NAME), at).start()  # type: ignore[union-attr]
    is_escape = raw[begin - 1 : begin] == b"\\" and raw[begin : begin + 1] in (b"n", b"r", b"t")
    return begin + 1 if is_escape and begin < at else begin


def _has_value_without_sign(raw: bytes, begin: int, name: bytes, match: re.Match[bytes]) -> bool:
    """Is this an option (``--password X``, ``"--password", "X"``) or a tag (``<password>X``)?"""
    if match["sign"] == b">":
        return raw[begin - 1 : begin] == b"<" and not match["close"]
    return name.startswith(b"--") and (not match["close"] or b"," in match["sign"])


def _is_key_in_prose(raw: bytes, kind: str, match: re.Match[bytes]) -> bool:
    """Does a generated key follow the name of one (``primaryKey X``)?"""
    if kind != "serviceKey" or match["close"] or match["sign"].strip():
        return False
    start, end = _value(raw, match.start(), match.end(), dumped=False)
    return end - start >= _SHORTEST_KEY and looks_random(raw[start:end])


def _is_result(value: bytes, sign: bytes, quoted: bool) -> bool:
    """Is what follows the bare name ``pass`` a test's result (``PASS: test_x``, ``pass=3``), not a password?"""
    return _FIGURE.fullmatch(value) is not None or not (sign == b"=" or quoted)


def _value(raw: bytes, begin: int, at: int, dumped: bool) -> tuple[int, int]:
    """Where the value at ``at`` starts and ends, without its quotes.

    ``dumped``: the name looks like an environment variable's; if nothing but a quote or the start of a line stands
    before it, blanks and quotes belong to the value.
    """
    if dumped:
        before = max(0, begin - 40)
        if _LINE_START.search(raw, before, begin):
            return at, _end_of_dumped_line(raw, at, escaped=raw[begin - 1 : begin] in (b"n", b"r"))
        enclosing = _ENCLOSING_QUOTE.search(raw, before, begin)
        if enclosing:
            return at, _closing_quote(raw, at, len(enclosing["escape"]), enclosing["quote"])
    opening = _OPENING_QUOTE.match(raw, at)
    if opening:
        return opening.end(), _closing_quote(raw, opening.end(), len(opening["escape"]), opening["quote"])
    return at, _BARE_VALUE.match(raw, at).end()  # type: ignore[union-attr]


_ANY_QUOTE = re.compile(rb"\\{0,31}\"")


def _end_of_dumped_line(raw: bytes, at: int, escaped: bool) -> int:
    """The end of a line; a line that is escaped in a string ends at that string's quote too."""
    end = _REST_OF_LINE.match(raw, at).end()  # type: ignore[union-attr]
    quote = _ANY_QUOTE.search(raw, at, end) if escaped else None
    return quote.start() if quote else end


def _closing_quote(raw: bytes, at: int, escapes: int, quote: bytes) -> int:
    """The end of a quoted value whose quotes carry ``escapes`` backslashes each: JSON in JSON in a string.

    A quote in the value carries more of them, a quote of the string around it fewer. A value that does not end on
    its line is taken to the end of the line.
    """
    found = raw.find(quote, at)
    while found >= 0 and raw.find(b"\n", at, found) == -1:
        first = found
        while first > at and raw[first - 1 : first] == b"\\":
            first -= 1
        more = found - first - escapes
        if more < 0 or (more // (escapes + 1)) % 2 == 0:
            return max(first, found - escapes)
        found = raw.find(quote, found + 1)
    line_end = raw.find(b"\n", at)
    return line_end if line_end >= 0 else len(raw)


#: ``"name": "DB_PASSWORD", "value": "..."``, the form of environment variables in Azure's and Kubernetes' payloads.
_PAIR = (
    rb"\\{0,15}[\"']?\s{0,20}[:=]\s{0,20}\\{0,15}[\"'](?P<name>[\w.:-]{1,128})\\{0,15}[\"']"
    rb"\s{0,40},?\s{0,40}\\{0,15}[\"']?(?:secure)?value\\{0,15}[\"']?\s{0,20}[:=]\s{0,20}(?=\\{0,15}[\"'])"
)
_PAIRS = (re.compile(b"name" + _PAIR), re.compile(b"key" + _PAIR))


def _named_pair(text: _Text) -> Iterator[Span]:
    for pattern in _PAIRS if b"value" in text.low else ():
        for match in pattern.finditer(text.low):
            if kind := _kind_of_name(text.raw[match.start("name") : match.end("name")]):
                start, end = _value(text.raw, match.start(), match.end(), dumped=False)
                if not _is_reference(text.raw, start, end):
                    yield Span(match.start(), start, end, kind)


# -- secrets that are known by their own form --------------------------------------------------------------------------


def _by_pattern(kind: str, literal: bytes, pattern: bytes, random: bool = False) -> _Finder:
    """Spans of the group ``secret`` of a pattern that starts with a literal and sees the text in lower case.

    ``random``: only what looks like a generated credential.
    """

    def find(text: _Text) -> Iterator[Span]:
        for match in _compiled(pattern).finditer(text.low) if literal in text.low else ():
            if not random or looks_random(match["secret"]):
                yield Span(match.start(), match.start("secret"), match.end("secret"), kind)

    return find


@lru_cache(maxsize=64)
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    """Patterns are compiled when a text first shows their literal: most never do."""
    return re.compile(pattern)


_SAS_SIGNATURE = re.compile(rb"sig(?:=|%3d|%253d)(?P<secret>[a-z0-9%+/_=-]{8,})")
_BEFORE_PARAMETER = re.compile(rb"(?:[^a-z0-9]|u0026|%26|%3f|%2526|%253f|^)\Z")


def _sas_signature(text: _Text) -> Iterator[Span]:
    for match in _SAS_SIGNATURE.finditer(text.low):
        if _BEFORE_PARAMETER.search(text.low, max(0, match.start() - 5), match.start()):
            yield Span(match.start(), match.start("secret"), match.end("secret"), "sasSignature")


_BASIC = re.compile(rb"basic[ \t]{1,8}(?P<secret>[a-z0-9+/]{6,}={0,2})")


def _basic_auth(text: _Text) -> Iterator[Span]:
    for match in _BASIC.finditer(text.low):
        value = text.raw[match.start("secret") : match.end("secret")]
        try:
            decoded = base64.b64decode(value + b"=" * (-len(value) % 4), validate=True)
        except binascii.Error:
            continue
        if b":" in decoded:
            yield Span(match.start(), match.start("secret"), match.end("secret"), "basicAuth")


_URL_PASSWORD = re.compile(rb"://[^\s/@:\"'<>\\]{0,256}:(?P<secret>[^\s\"'<>/]+)@")
_PIP_INDEX = re.compile(rb"pypi|/simple|_packaging|index-url")


def _url_password(text: _Text) -> Iterator[Span]:
    for match in _URL_PASSWORD.finditer(text.low):
        is_index = _PIP_INDEX.search(text.low, max(0, match.start() - 40), match.end() + 120)
        kind = "pipIndexCredentials" if is_index else "basicAuthUrl"
        yield Span(match.start(), match.start("secret"), match.end("secret"), kind)


_URL_USER = re.compile(rb"https?://(?P<user>[^\s\"'<>/:@\\?#]{6,256})(?P<password>:[^\s\"'<>/@]{0,256})?@")
_HOST_AND_OWNER = re.compile(rb"(?P<host>[a-z0-9.-]{0,253})(?::\d{1,5})?(?:/(?P<owner>[^\s/\"'<>\\?#]{1,256}))?")
#: A user name of this length is a token even without a digit; with a password after it, only if it has one.
_LONG_USER = 20


def _url_token(text: _Text) -> Iterator[Span]:
    """A token in the place of the user name (``https://TOKEN@host/``, ``https://TOKEN:x-oauth-basic@host/``)."""
    for match in _URL_USER.finditer(text.low):
        user = match["user"]
        has_password = len(match["password"] or b"") > 1
        is_long, is_random = len(user) >= _LONG_USER, looks_random(user)
        if not ((is_long and is_random) if has_password else (is_long or is_random)):
            continue
        target = _HOST_AND_OWNER.match(text.low, match.end())
        if target and user in (target["owner"], target["host"].split(b".", 1)[0]):
            continue  # Azure DevOps puts the organization in front of its host
        yield Span(match.start(), match.start("user"), match.end("user"), "basicAuthUrl")


#: A private key without an end line is followed for at most so many bytes (a 16384-bit RSA key takes 12 700).
_LONGEST_PRIVATE_KEY = 14_000
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PRIVATE_KEY_END = re.compile(rb"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_CHARACTERS = re.compile(rb"[A-Za-z0-9+/=\\]*(?:[ \t\r\"',]*(?=\n))?")
_LAST_WORD = re.compile(rb"[A-Za-z0-9+/]{16,}={0,2}|[A-Za-z0-9+/]+={1,2}")


def _private_key(text: _Text) -> Iterator[Span]:
    for match in _PRIVATE_KEY.finditer(text.raw):
        ending = _PRIVATE_KEY_END.search(text.raw, match.end(), match.end() + _LONGEST_PRIVATE_KEY)
        end = ending.start() if ending else _end_of_key_lines(text.raw, match.end())
        yield Span(match.start(), match.end(), end, "privateKey")


def _end_of_key_lines(raw: bytes, at: int) -> int:
    """Where a private key without an end line stops: at the first line that does not look like a part of one."""
    end = _KEY_CHARACTERS.match(raw, at).end()  # type: ignore[union-attr]
    if raw[end : end + 1] != b"\n":
        return end if end - at >= 16 else at
    limit = min(len(raw), at + _LONGEST_PRIVATE_KEY)
    while end < limit:
        line_end = raw.find(b"\n", end + 1)
        line_end = len(raw) if line_end < 0 else line_end
        line = raw[end + 1 : min(line_end, end + 400)].strip(b" \t\r\"',")
        words = line.split()
        is_header = b"Proc-Type:" in line or b"DEK-Info:" in line
        if not (not words or is_header or _LAST_WORD.fullmatch(words[-1])):
            break
        end = line_end
    return end


_KEY_OF_64_BYTES = re.compile(rb"(?<![A-Za-z0-9+/=])(?<!sha512-)[A-Za-z0-9+/]{86}\Z")
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


def _storage_key(text: _Text) -> Iterator[Span]:
    """64 random bytes in base64: account keys as Azure issued them before they carried a signature."""
    raw = text.raw
    for at in _each(raw, b"=="):
        after = raw[at + 2 : at + 3]
        if at >= 86 and not (after and after[0] in _BASE64):
            # the look-behind needs what stands before the 86 characters, so the search starts a little earlier
            match = _KEY_OF_64_BYTES.search(raw, max(0, at - 95), at)
            if match:
                yield Span(match.start(), match.start(), at + 2, "accountKey")


_CLIENT_SECRET = re.compile(rb"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])")


def _client_secret(text: _Text) -> Iterator[Span]:
    for at in _each(text.raw, b"Q~"):
        match = _CLIENT_SECRET.match(text.raw, at - 4) if at >= 4 else None
        if match:
            yield Span(match.start(), match.start(), match.end(), "clientSecret")


#: Signatures that Azure builds into the keys it issues: storage, service bus, event hubs, relay, registry, batch, maps,
#: machine learning, IoT, cache, search, functions, cosmos, event grid, API management, and the newer common form.
_SIGNATURES = (
    b"+ASt", b"+ASb", b"+AEh", b"+ARm", b"+ACR", b"+ABa", b"+AMC", b"AIoT", b"AzCa", b"AzSe", b"AzFu", b"ACDb",
    b"AZEG", b"APIM", b"JQQJ9",
)  # fmt: skip
_KEY_BEFORE = re.compile(rb"[A-Za-z0-9+/_-]*\Z")
_KEY_AFTER = re.compile(rb"[A-Za-z0-9+/_-]{0,110}={0,2}")
_KEY_LENGTHS = range(42, 90)


def _identifiable_key(text: _Text) -> Iterator[Span]:
    for signature in _SIGNATURES:
        for at in _each(text.raw, signature):
            start = _KEY_BEFORE.search(text.raw, max(0, at - 110), at).start()  # type: ignore[union-attr]
            end = _KEY_AFTER.match(text.raw, at).end()  # type: ignore[union-attr]
            if end - start in _KEY_LENGTHS and looks_random(text.raw[start:end]):
                yield Span(start, start, end, "azureIdentifiableKey")


_OPTION_SIGN = rb"(?:[ \t=]+|[\"'],[ \t]*)?[\"']?"
_USER_OPTION = re.compile(rb"(?:-u|--user|--proxy-user)" + _OPTION_SIGN + rb"[^\s:\"']{0,200}:(?P<secret>[^\s\"']+)")
_PASSWORD_OPTION = re.compile(rb"-p" + _OPTION_SIGN + rb"(?P<secret>[^\s\"']+)")
#: The tool, the option that takes a secret, and the pattern of that option.
_OPTIONS = (
    (b"curl", b"-u", _USER_OPTION, "basicAuth"),
    (b"curl", b"--user", _USER_OPTION, "basicAuth"),
    (b"curl", b"--proxy-user", _USER_OPTION, "basicAuth"),
    (b"login", b"-p", _PASSWORD_OPTION, "registryPassword"),
)


def _short_option(text: _Text) -> Iterator[Span]:
    """``curl -u USER:PASSWORD`` and ``docker login -p PASSWORD``; other tools use these letters for other things."""
    low = text.low
    for tool, option, pattern, kind in _OPTIONS:
        for at in _each(low, option) if tool in low else ():
            begin = low.rfind(tool, max(0, at - 400), at)
            if begin < 0 or low[at - 1] not in b" \t\"'" or low.find(b"\n", begin, at) >= 0:
                continue
            match = pattern.match(low, at)
            if match:
                yield Span(begin, match.start("secret"), match.end("secret"), kind)


#: A client of MySQL up to its ``-p``, whose value follows without a blank; ``-P`` is the port.
_MYSQL_PASSWORD = re.compile(
    rb"(?<!name[ =])(?:mysql|mariadb)(?:dump|admin|check|import|show|sh|pump|-[a-z-]{1,12})?(?:\.exe)?"
    rb"(?:\\{0,15}[\"'])?(?=[ \t,])[^\n;|&]{0,300}?[ \t\"']-p(?=[^\s,\]])"
)
_PORTS = re.compile(rb"[\d.:-]{1,40}:[\d-]{1,11}(?:/(?:tcp|udp))?")


def _mysql_password(text: _Text) -> Iterator[Span]:
    """``mysql -uroot -pPASSWORD``; not the ports of a container that is called so."""
    if b"mysql" not in text.raw and b"mariadb" not in text.raw:
        return
    for match in _MYSQL_PASSWORD.finditer(text.raw):
        start, end = _value(text.raw, match.start(), match.end(), dumped=False)
        if not (_PORTS.fullmatch(text.raw, start, end) or _is_reference(text.raw, start, end)):
            yield Span(match.start(), start, end, "password")


_TOKEN_CHARACTERS = re.compile(rb"[A-Za-z0-9_.-]*")


def _jwt(text: _Text) -> Iterator[Span]:
    raw = text.raw
    at = raw.find(b"eyJ")
    while at >= 0:
        end = _TOKEN_CHARACTERS.match(raw, at).end()  # type: ignore[union-attr]
        while 0 <= at < end:
            dot = raw.find(b".", at, end)
            if dot < 0:
                break
            if dot - at >= 11 and len(raw[dot + 1 : end].split(b".", 1)[0]) >= 8:
                yield Span(at, at, end, "jwt")
                break
            at = raw.find(b"eyJ", dot, end)
        at = raw.find(b"eyJ", end)


#: Tokens that say themselves what they are, by how they begin: GitHub, GitLab, PyPI, Hugging Face, npm, Docker Hub,
#: Slack, Google, Databricks, AWS, and the ``sk-`` keys of model services.
_TOKENS = (
    *((prefix, rb"[A-Za-z0-9]{30,}") for prefix in (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"hf_", b"npm_")),
    (b"github_pat_", rb"[A-Za-z0-9_]{40,}"),
    (b"glpat-", rb"[A-Za-z0-9_-]{20,}"),
    (b"pypi-", rb"[A-Za-z0-9_-]{40,}"),
    (b"dckr_pat_", rb"[A-Za-z0-9_-]{20,}"),
    (b"xox", rb"[abprs]-[A-Za-z0-9-]{20,}"),
    (b"AIza", rb"[A-Za-z0-9_-]{35}"),
    (b"dapi", rb"[0-9a-f]{32}(?:-\d)?"),
    (b"AKIA", rb"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    (b"ASIA", rb"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    (b"sk-", rb"(?=[A-Za-z-]{0,60}\d)[A-Za-z0-9_-]{32,}"),
)


def _token_of_known_form(text: _Text) -> Iterator[Span]:
    for prefix, body in _TOKENS:
        for at in _each(text.raw, prefix):
            match = _compiled(body).match(text.raw, at + len(prefix))
            if match and not text.raw[max(0, at - 1) : at].isalnum():
                yield Span(at, at, match.end(), "accessToken")


#: The key of an Azure Function in the query of its address; a short code is a status.
_FUNCTION_KEY = (
    rb"code(?:(?<=[?&]code)|(?<=&amp;code)|(?<=u0026code)|(?<=%3fcode)|(?<=%26code))"
    rb"(?:=|%3d)(?P<secret>[a-z0-9+/_%=.~-]{20,})"
)
#: Docker's configuration in a Kubernetes secret: base64, in place or as a YAML block.
_DOCKER_CONFIG = (
    rb"dockerc(?:onfigjson|fg)(?:\\{0,31}[\"'])?[ \t]{0,20}[:=][ \t]{0,20}(?:[|>][+-]?(?:\s|\\{1,15}[nr]){1,40})?"
    rb"(?:\\{0,31}[\"'])?(?P<secret>[a-z0-9+/]{20,}={0,2})(?![\w.~-])"
)

_FINDERS: tuple[_Finder, ...] = (
    _named,
    _named_pair,
    _sas_signature,
    _basic_auth,
    _url_password,
    _url_token,
    _private_key,
    _storage_key,
    _client_secret,
    _identifiable_key,
    _short_option,
    _mysql_password,
    _jwt,
    _by_pattern("bearerToken", b"bearer", rb"bearer[ \t]{1,8}(?P<secret>[a-z0-9._~+/=-]{8,})", random=True),
    _by_pattern("apiKey", b"code", _FUNCTION_KEY, random=True),
    _by_pattern("registryPassword", b"dockerc", _DOCKER_CONFIG),
    _by_pattern("password", b"login", rb"login[ \t]+\S{1,200}\s{1,20}password[ \t]+(?P<secret>\S+)"),
    _token_of_known_form,
)
