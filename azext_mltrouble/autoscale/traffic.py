"""Reads traffic: a log of requests, counts per period, or bare figures.

Everything that cannot be used raises ``AutoscaleInputError``; everything that had to be assumed is said in
``assumptions``.
"""
from __future__ import annotations

import csv
import math
import random
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import cached_property
from itertools import chain, repeat
from operator import add, mul, sub
from statistics import NormalDist
from typing import TextIO

from azext_mltrouble.autoscale.errors import AutoscaleInputError
from azext_mltrouble.autoscale.settings import require

LONGEST_REQUEST = 86_400.0  # s; longer ones are taken for milliseconds
LATEST_EPOCH = 4_102_444_800.0  # 2100-01-01; later ones are taken for milliseconds
FEW_REQUESTS = 1_000
_BLOCK = 16_384  # characters
_FEW_TIMES = 16  # timestamps in a minute that are not worth being converted together
_LONGEST_LINE = 65_536  # characters
_SEED = 20_190_101
_LOGNORMAL_SIGMA = math.sqrt(math.log(2))  # a coefficient of variation of 1


@dataclass(frozen=True)
class Traffic:
    """Requests in the order of their arrival: ``arrivals`` (epoch seconds) and ``durations`` (s), observed from
    ``start`` to ``end`` (epoch seconds). ``counted``: spread from counts per period, not logged one by one."""

    arrivals: Sequence[float]
    durations: Sequence[float]
    start: float
    end: float
    assumptions: tuple[str, ...] = ()
    counted: bool = False

    @property
    def span(self) -> float:
        """Seconds observed."""
        return self.end - self.start

    @cached_property
    def offered(self) -> float:
        """Work offered, in erlang-seconds."""
        return sum(self.durations)

    @property
    def mean_request_time(self) -> float:
        """Seconds."""
        return self.offered / len(self.durations)

    def peak_rps(self, period: float = 60.0) -> float:
        """Requests a second in the busiest ``period`` (s)."""
        period = min(period, self.span)
        edges = [
            bisect_left(self.arrivals, self.start + i * period) for i in range(math.ceil(self.span / period - 1e-9))
        ]
        edges.append(len(self.arrivals))
        return max(b - a for a, b in zip(edges, edges[1:])) / period

    def split(self, share: float) -> tuple[Traffic, Traffic]:
        """The first ``share`` of the time, and the rest."""
        require("The train share", share, low=0.05, high=0.95, how="Give 0.5 to train on the first half.")
        middle = self.start + share * self.span
        cut = bisect_left(self.arrivals, middle)
        train = replace(self, arrivals=self.arrivals[:cut], durations=self.durations[:cut], end=middle)
        return train, replace(self, arrivals=self.arrivals[cut:], durations=self.durations[cut:], start=middle)


def read_request_log(file: TextIO) -> Traffic:
    """Requests from a CSV file with the columns ``timestamp`` (of the arrival: ISO-8601 or epoch seconds) and
    ``duration`` (s). Other columns are ignored.
    """
    table = _Table(file, "timestamp", "duration", "Export one line per request, with these two columns.")
    clock = _Clock()
    arrivals, durations, gaps = array("d"), array("d"), _Gaps()
    for line, stamps, values in table.blocks():
        seconds = clock.seconds(stamps, line)
        gaps.add(seconds)
        arrivals.extend(array("d", seconds))
        durations.extend(array("d", _numbers(values, line, "duration", LONGEST_REQUEST, "seconds, not milliseconds")))
    if len(arrivals) < 2:
        raise AutoscaleInputError(
            f"The log has {len(arrivals)} request{'s' * (len(arrivals) != 1)}.",
            "A request rate takes at least two.",
            "Export a longer time, at best a week.",
        )
    notes = clock.assumptions()
    if gaps.least < 0:
        order = sorted(range(len(arrivals)), key=arrivals.__getitem__)
        arrivals = array("d", map(arrivals.__getitem__, order))
        durations = array("d", map(durations.__getitem__, order))
        gaps = _Gaps()
        gaps.add(arrivals)
        notes.append("The log was not in the order of time; it was sorted.")
    notes += _remarks(durations, gaps, arrivals[-1] - arrivals[0])
    return Traffic(arrivals, durations, arrivals[0], arrivals[-1], tuple(notes))


def read_request_counts(file: TextIO, request_time: float) -> Traffic:
    """Requests from a CSV file with the columns ``timestamp`` (the start of a period) and ``count``.

    The requests of a period are spread evenly over it at random (fixed seed), with lognormal request times of
    coefficient of variation 1 and mean ``request_time`` (s).
    """
    table = _Table(file, "timestamp", "count", "Export one line per minute, with these two columns.")
    clock = _Clock()
    stamps, counts = array("d"), array("d")
    for line, texts, values in table.blocks():
        stamps.extend(clock.seconds(texts, line))
        counts.extend(_numbers(values, line, "count", 1e8, "the number of requests in the period"))
    pairs = sorted(zip(stamps, counts))
    notes = clock.assumptions()
    if any(map(sub, stamps, (stamp for stamp, _ in pairs))):
        notes.append("The counts were not in the order of time; they were sorted.")
    return spread_counts(pairs, request_time, notes)


def spread_counts(pairs: Sequence[tuple[float, float]], request_time: float, notes: Sequence[str] = ()) -> Traffic:
    """Requests from (start of a period in epoch seconds, count), ascending. See ``read_request_counts``."""
    require("The request time", request_time, low=1e-4, high=LONGEST_REQUEST, how="Give the mean in seconds.")
    if len(pairs) < 2:
        raise AutoscaleInputError(
            f"There {'is' if len(pairs) == 1 else 'are'} {len(pairs)} count{'s' * (len(pairs) != 1)}.",
            "The length of a period is only known from two or more.",
            "Export a longer time, at best a week of minutes.",
        )
    starts = [stamp for stamp, _ in pairs]
    period, notes = _period(starts), list(notes)
    total = sum(round(count) for _, count in pairs)
    if not total:
        raise AutoscaleInputError("All counts are 0.", "There is no load.", "Export a time with traffic.")
    missing = round((starts[-1] - starts[0]) / period) + 1 - len(starts)
    if missing > 0:
        notes.append(f"{missing:,} of {missing + len(starts):,} periods are missing; they count as without requests.")
    source = random.Random(_SEED)  # noqa: S311 - a fixed sequence is what is wanted
    arrivals = array("d")
    for start, count in pairs:
        arrivals.extend(sorted(map(add, repeat(start), map(mul, repeat(period), _uniform(source, round(count))))))
    durations = array("d", _lognormal(source, request_time, total))
    notes.append(
        f"The requests of each {period:g} s are spread evenly over it, with lognormal request times (mean "
        f"{request_time:g} s, coefficient of variation 1): bursts within a period are not in the counts."
    )
    return Traffic(arrivals, durations, starts[0], starts[-1] + period, tuple(notes), counted=True)


@dataclass(frozen=True)
class Figures:
    """Traffic as three figures: mean and peak requests a second, and the mean request time (s)."""

    rps: float
    request_time: float
    peak_rps: float | None = None

    def __post_init__(self) -> None:
        require("The request rate", self.rps, low=1e-6, high=1e6, how="Give requests a second.")
        require("The request time", self.request_time, low=1e-4, high=LONGEST_REQUEST, how="Give seconds.")
        if self.peak_rps is not None:
            how = "Give the requests a second of the busiest minute, or leave it out."
            require("The peak request rate", self.peak_rps, low=self.rps, high=1e6, how=how)


class _Table:
    """Two columns of a CSV file with a header, in blocks of lines."""

    def __init__(self, file: TextIO, first: str, second: str, how: str) -> None:
        self._file = file
        self._how = how
        header = [name.strip().lstrip("\ufeff").lower() for name in next(csv.reader([self._text(file.readline)]), [])]
        if not header:
            raise AutoscaleInputError("The file is empty.", "There is no traffic in it.", how)
        missing = [name for name in (first, second) if header.count(name) != 1]
        if missing:
            found = ", ".join(name[:40] for name in header[:12])
            raise AutoscaleInputError(
                f"The file has not exactly one column {' and one '.join(missing)}.",
                f"Its first line names: {found}.",
                f"The first line must be {first},{second}. {how}",
            )
        self._first, self._second = header.index(first), header.index(second)
        self._width = len(header)

    def blocks(self) -> Iterator[tuple[int, Sequence[str], Sequence[str]]]:
        """(line number of the first row, texts of the first column, texts of the second)."""
        number = 2
        while True:
            text = self._text(self._block)
            if not text:
                return
            first, second = self._columns_at_once(text) or self._columns(text, number)
            if first:
                yield number, first, second
            number += text.count("\n")

    def _block(self) -> str:
        return self._file.read(_BLOCK) + self._file.readline(_LONGEST_LINE)

    def _columns_at_once(self, text: str) -> tuple[Sequence[str], Sequence[str]] | None:
        """The two columns without a list for each row, which takes half the time, if the text is that regular."""
        if '"' in text or "\r" in text:
            return None
        fields = text.rstrip("\n").replace("\n", ",\n,").split(",")
        width = self._width + 1  # a line end is a field of its own, so that it can be seen to be where it belongs
        ends = fields[self._width :: width]
        if len(fields) % width != self._width or ends.count("\n") != len(ends):
            return None
        first, second = fields[self._first :: width], fields[self._second :: width]
        return first, second

    def _columns(self, text: str, number: int) -> tuple[Sequence[str], Sequence[str]]:
        try:
            rows = list(csv.reader(text.splitlines(), strict=True))
        except csv.Error as error:
            raise AutoscaleInputError(
                f"The lines from {number} on are no CSV text.", f"Reading them failed: {error}.", self._how
            ) from error
        for offset, row in enumerate(rows):
            if row and len(row) != self._width:
                raise AutoscaleInputError(
                    f"Line {number + offset} has {len(row)} field{'s' * (len(row) != 1)}.",
                    f"The header has {self._width}.",
                    "Check for a line that was cut off, or for another separator than the comma.",
                )
        return [row[self._first] for row in rows if row], [row[self._second] for row in rows if row]

    def _text(self, read: Callable[[], str]) -> str:
        try:
            return read()
        except UnicodeDecodeError as error:
            raise AutoscaleInputError("The file is no text in UTF-8.", f"{error.reason}.", self._how) from error


class _Clock:
    """Timestamps to epoch seconds. Remembers what it had to assume."""

    def __init__(self) -> None:
        self._minutes = _Minutes()
        self._kinds: Counter[str] = Counter()

    def seconds(self, texts: Sequence[str], line: int) -> Sequence[float]:
        """Epoch seconds of ``texts``, of which the first is on ``line``."""
        for convert in (self._epochs, self._ascending_iso, self._plain_iso):  # the usual cases, whole blocks at a time
            try:
                return convert(texts)
            except ValueError:
                continue
        return [self._one(text, line + i) for i, text in enumerate(texts)]

    def assumptions(self) -> list[str]:
        """What was assumed so far. Raises AutoscaleInputError when the timestamps cannot be of one kind."""
        kinds = set(self._kinds)
        if len(kinds) > 1 and (kinds & {"epoch", "none"}):
            names = {"epoch": "epoch seconds", "none": "no time zone"}
            raise AutoscaleInputError(
                "The timestamps are of several kinds: "
                + ", ".join(sorted(names.get(kind, kind) for kind in kinds)) + ".",
                "Their order in time is not certain.",
                "Export all timestamps in UTC, such as 2026-01-31T23:59:59Z.",
            )
        if kinds == {"none"}:
            return ["The timestamps have no time zone; they are taken as UTC."]
        if len(kinds) > 1:
            return [f"The timestamps are in {len(kinds)} time zones; they were all converted to UTC."]
        return []

    def _epochs(self, texts: Sequence[str]) -> Sequence[float]:
        values = list(map(float, texts))
        if not (min(values) >= 0 and max(values) <= LATEST_EPOCH and math.isfinite(sum(values))):
            raise ValueError
        self._kinds["epoch"] += len(values)
        return values

    def _ascending_iso(self, texts: Sequence[str]) -> Sequence[float]:
        """Timestamps in ascending order, a minute at a time, which takes half the time of a look at each."""
        if len(texts) < _FEW_TIMES:
            return self._plain_iso(texts)
        cut = _end_of_minute(texts)
        if cut < len(texts):
            return [*self._ascending_iso(texts[:cut]), *self._ascending_iso(texts[cut:])]
        zone, zone_seconds = _zone_of(texts[0])
        together = ",".join(texts) + ","
        seconds_only = together.replace(f"{zone},", ",")
        # What has another zone or minute stays as it is, and is no number then.
        seconds = _seconds(("," + seconds_only).rstrip(",").split("," + texts[0][:17])[1:])
        if len(seconds) != len(texts) or len(together) - len(seconds_only) != len(zone) * len(texts):
            raise ValueError
        self._kinds[zone or "none"] += len(seconds)
        return list(map(add, seconds, repeat(self._minutes[texts[0][:16]] - zone_seconds)))

    def _plain_iso(self, texts: Sequence[str]) -> Sequence[float]:
        """Timestamps that all look like the first: date, hour and minute in 16 characters, seconds, the same zone."""
        zone, zone_seconds = _zone_of(texts[0])
        # As many zones as timestamps: then either each ends with it, or one has two and is no number below.
        if zone and ",".join(texts).count(zone) != len(texts):
            raise ValueError
        end = -len(zone) or None
        seconds = _seconds([text[17:end] for text in texts])
        values = list(map(add, map(self._minutes.__getitem__, [text[:16] for text in texts]), seconds))
        self._kinds[zone or "none"] += len(values)
        return [value - zone_seconds for value in values] if zone_seconds else values

    def _one(self, text: str, line: int) -> float:
        try:
            value = float(text)
        except ValueError:
            try:
                return self._plain_iso([text.strip()])[0]
            except (ValueError, IndexError):
                raise AutoscaleInputError(
                    f"The timestamp on line {line} is {text.strip()[:40]!r}." if text.strip()
                    else f"The timestamp on line {line} is empty.",
                    "It is neither ISO-8601 nor epoch seconds.",
                    "Write it as 2026-01-31T23:59:59.123Z or as 1769903999.123.",
                ) from None
        if 0 <= value <= LATEST_EPOCH:
            self._kinds["epoch"] += 1
            return value
        raise AutoscaleInputError(
            f"The timestamp on line {line} is {text.strip()[:40]}.",
            "As seconds since 1970 it lies before 1970 or after 2100.",
            "Give epoch seconds; divide milliseconds by 1000.",
        )


class _Minutes(dict):  # type: ignore[type-arg]
    """``YYYY-MM-DDTHH:MM`` → epoch seconds in UTC, remembered: a log has many requests a minute."""

    def __missing__(self, text: str) -> float:
        if len(text) != 16:
            raise ValueError(text)
        value = datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()
        self[text] = value
        return value


def _end_of_minute(texts: Sequence[str]) -> int:
    """How many timestamps are in the minute of the first, if they ascend."""
    low, high, minute = 0, len(texts), texts[0][:17]
    while high - low > 1:
        middle = (low + high) // 2
        if texts[middle][:17] == minute:
            low = middle
        else:
            high = middle
    return high


def _seconds(texts: Sequence[str]) -> list[float]:
    """Seconds of a minute. Raises ValueError for anything else."""
    seconds = list(map(float, texts))
    if not (min(seconds) >= 0 and max(seconds) < 61 and math.isfinite(sum(seconds))):
        raise ValueError
    return seconds


def _zone_of(text: str) -> tuple[str, float]:
    """The time zone at the end of an ISO-8601 time, and its offset in seconds."""
    if text.endswith(("Z", "z")):
        return text[-1], 0.0
    if len(text) > 22 and text[-6] in "+-" and text[-3] == ":":
        return text[-6:], float(text[-6] + "1") * (int(text[-5:-3]) * 3600 + int(text[-2:]) * 60)
    return "", 0.0


def _numbers(texts: Sequence[str], line: int, name: str, most: float, unit: str) -> Sequence[float]:
    try:
        values = list(map(float, texts))
        if min(values) >= 0 and max(values) <= most and math.isfinite(sum(values)):
            return values
    except ValueError:
        pass
    for offset, text in enumerate(texts):
        if not _is_number(text, lambda value: 0 <= value <= most):
            raise AutoscaleInputError(
                f"The {name} on line {line + offset} is {text.strip()[:40]!r}.",
                f"It must be a number from 0 to {most:g}: {unit}.",
                "Correct or remove the line.",
            )
    raise AssertionError("unreachable: a value failed together but not alone")


def _is_number(text: str, accepted: Callable[[float], bool]) -> bool:
    try:
        return accepted(float(text))
    except ValueError:
        return False


def _not_text(error: Exception, how: str) -> AutoscaleInputError:
    return AutoscaleInputError("The file is no CSV text.", f"Reading it failed: {error}.", how)


class _Gaps:
    """The times between arrivals that come in blocks: the least, the longest (s), and how many are 0."""

    def __init__(self) -> None:
        self.least, self.longest, self.none = math.inf, 0.0, 0
        self._last: list[float] = []

    def add(self, arrivals: Sequence[float]) -> None:
        gaps = list(map(sub, arrivals, chain(self._last or arrivals[:1], arrivals)))
        if not self._last:
            del gaps[0]  # the first arrival, less itself
        self._last = [arrivals[-1]]
        if gaps:
            self.least, self.longest = min(self.least, *gaps), max(self.longest, *gaps)
            self.none += gaps.count(0.0)


def _remarks(durations: array[float], gaps: _Gaps, span: float) -> list[str]:
    """What a reader of the log must know. Raises AutoscaleInputError when there is no rate or no work in it."""
    count, longest = len(durations), gaps.longest
    if longest == 0:
        raise AutoscaleInputError(
            "All requests have the same timestamp.",
            "Without a length of time there is no request rate.",
            "Export timestamps with seconds and fractions.",
        )
    zero, same = durations.count(0.0), gaps.none
    if zero == count:
        raise AutoscaleInputError(
            "All durations are 0.", "Requests that take no time need no replicas.", "Export the durations in seconds."
        )
    notes = ["The timestamp is taken as the arrival of the request."]
    if zero:
        notes.append(f"{zero:,} requests have a duration of 0 s; they are counted, but keep no replica busy.")
    if same:
        notes.append(f"{same:,} requests have the timestamp of another one; each is counted as a request of its own.")
    if longest > max(60.0, 20 * span / count, span / 20):
        notes.append(f"For {longest / 60:,.0f} min there is no request; it is taken as time without traffic.")
    if count < FEW_REQUESTS:
        notes.append(f"{count:,} requests are few: a goal of one error in a thousand cannot be seen in them.")
    return notes


def _period(starts: Sequence[float]) -> float:
    """The length of a period: the most frequent distance, of which all others must be multiples."""
    distances = Counter(round(b - a, 3) for a, b in zip(starts, starts[1:]))
    if 0.0 in distances:
        raise AutoscaleInputError(
            f"{distances[0.0]:,} timestamps occur twice.",
            "Whether the second count is a copy or belongs to it is not certain.",
            "Add the counts of one period up, or remove the copies.",
        )
    period = distances.most_common(1)[0][0]
    if any(abs(distance / period - round(distance / period)) > 1e-6 for distance in distances):
        raise AutoscaleInputError(
            "The periods have different lengths.",
            f"Most are {period:g} s apart, but not all are a multiple of it.",
            "Export counts of one fixed period, at best a minute.",
        )
    return period


def _uniform(source: random.Random, count: int) -> Iterator[float]:
    return (source.random() for _ in range(count))


def _lognormal(source: random.Random, mean: float, count: int) -> Iterable[float]:
    """Lognormal with coefficient of variation 1, drawn from its quantiles."""
    normal = NormalDist(0, _LOGNORMAL_SIGMA)
    quantiles = [math.exp(normal.inv_cdf((i + 0.5) / 4096)) for i in range(4096)]
    scale = mean / (sum(quantiles) / len(quantiles))
    return source.choices([scale * value for value in quantiles], k=count)
