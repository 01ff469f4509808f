"""Reading traffic: what is right is read exactly, everything else is an error or a stated assumption."""
from __future__ import annotations

import io
import math
import random
from bisect import bisect_left
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_mltrouble.autoscale.errors import AutoscaleInputError
from azext_mltrouble.autoscale.traffic import Figures, Traffic, read_request_counts, read_request_log

T = "2026-01-05T10:00:"


def log(*rows: str, header: str = "timestamp,duration") -> Traffic:
    return read_request_log(io.StringIO("\n".join([header, *rows]) + "\n"))


def counts(*rows: str, header: str = "timestamp,count", request_time: float = 1.0) -> Traffic:
    return read_request_counts(io.StringIO("\n".join([header, *rows]) + "\n"), request_time)


@pytest.mark.parametrize(
    "stamps",
    [
        ("2026-01-05T10:00:01Z", "2026-01-05T10:00:03.25Z"),
        ("2026-01-05 10:00:01.000", "2026-01-05 10:00:03.2500000"),
        ("2026-01-05T12:00:01+02:00", "2026-01-05T12:00:03.25+02:00"),
        ("2026-01-05T05:30:01-04:30", "2026-01-05T05:30:03.25-04:30"),
        ("1767607201", "1767607203.25"),
    ],
)
def test_iso_8601_and_epoch_seconds_mean_the_same_moment(stamps: tuple[str, str]) -> None:
    traffic = log(f"{stamps[0]},0.5", f"{stamps[1]},2")
    assert list(traffic.arrivals) == [1767607201.0, 1767607203.25]
    assert list(traffic.durations) == [0.5, 2.0]
    assert (traffic.span, traffic.offered) == (2.25, 2.5)


@given(st.lists(st.floats(0, 4e6), min_size=2, max_size=50, unique=True), st.sampled_from([0, 90, -480]))
def test_any_log_is_read_as_it_was_written(offsets: list[float], zone_minutes: int) -> None:
    zone = timezone(timedelta(minutes=zone_minutes))
    moments = [datetime(2026, 3, 1, tzinfo=zone) + timedelta(seconds=offset) for offset in sorted(offsets)]
    if moments[0] == moments[-1]:
        return
    traffic = log(*(f"{moment.isoformat(timespec='microseconds')},1" for moment in moments))
    assert list(traffic.arrivals) == pytest.approx([moment.timestamp() for moment in moments], abs=1e-6)


def test_columns_may_come_in_any_order_among_others_and_quoted() -> None:
    traffic = log(f'200,"0.5",{T}01Z,"a, b"', f"503,1,{T}02Z,c", header="code, Duration ,TIMESTAMP,note")
    assert list(traffic.durations) == [0.5, 1.0]


def test_a_log_of_many_blocks_keeps_every_line_in_place() -> None:
    rows = [f"{1_700_000_000 + i / 7:.3f},{i % 13 + 0.5}" for i in range(20_000)]
    traffic = log(*rows)
    assert len(traffic.arrivals) == 20_000
    assert [round(value - 0.5) for value in traffic.durations] == [i % 13 for i in range(20_000)]


def test_windows_line_ends_a_byte_order_mark_and_blank_lines_do_not_matter() -> None:
    text = f"\ufefftimestamp,duration\r\n{T}01Z,1\r\n\r\n{T}02Z,2\r\n"
    assert list(read_request_log(io.StringIO(text, newline="")).durations) == [1.0, 2.0]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([f"{T}02Z,1", f"{T}01Z,2"], "sorted"),
        ([f"{T}01,1", f"{T}02,2"], "UTC"),
        ([f"{T}01+01:00,1", f"{T}02+02:00,2"], "2 time zones"),
        ([f"{T}01Z,1", f"{T}01Z,1", f"{T}02Z,1"], "1 requests have the timestamp of another"),
        ([f"{T}01Z,0", f"{T}02Z,1"], "duration of 0 s"),
        ([*(f"{T}{second:02d}Z,1" for second in range(60)), "2026-01-05T18:00:00Z,1"], "there is no request"),
        ([f"{T}01Z,1", f"{T}02Z,1"], "few"),
    ],
)
def test_what_is_assumed_is_said(rows: list[str], said: str) -> None:
    assert any(said in note for note in log(*rows).assumptions)


def test_an_unsorted_log_keeps_each_duration_with_its_arrival() -> None:
    traffic = log(f"{T}05Z,5", f"{T}01Z,1", f"{T}03Z,3")
    assert list(traffic.durations) == [1.0, 3.0, 5.0]


BAD_LOGS = {
    "negative duration": [f"{T}01Z,-1", f"{T}02Z,1"],
    "infinite duration": [f"{T}01Z,inf", f"{T}02Z,1"],
    "no number": [f"{T}01Z,nan", f"{T}02Z,1"],
    "word for a duration": [f"{T}01Z,fast", f"{T}02Z,1"],
    "empty duration": [f"{T}01Z,", f"{T}02Z,1"],
    "milliseconds for seconds": [f"{T}01Z,250000", f"{T}02Z,300000"],
    "epoch milliseconds": ["1767607201000,1", "1767607203000,1"],
    "negative epoch": ["-5,1", "7,1"],
    "empty timestamp": [f"{T}01Z,1", ",1"],
    "word for a timestamp": ["yesterday,1", f"{T}02Z,1"],
    "impossible date": ["2026-02-30T10:00:00Z,1", f"{T}02Z,1"],
    "61 seconds": ["2026-02-20T10:00:75Z,1", f"{T}02Z,1"],
    "with and without a zone": [f"{T}01Z,1", f"{T}02,1"],
    "epoch and ISO": [f"{T}01Z,1", "1767607203,1"],
    "one request": [f"{T}01Z,1"],
    "no request": [],
    "one moment": [f"{T}01Z,1", f"{T}01Z,1"],
    "no work": [f"{T}01Z,0", f"{T}02Z,0"],
    "a field too many": [f"{T}01Z,1,2", f"{T}02Z,1"],
    "a field too few": [f"{T}01Z", f"{T}02Z,1"],
    "one too many and one too few": [f"{T}01Z,1,2", f"{T}02Z"],
    "an open quote": [f'{T}01Z,"1', f"{T}02Z,1"],
}


@pytest.mark.parametrize("rows", BAD_LOGS.values(), ids=BAD_LOGS)
def test_a_bad_log_is_an_error_that_says_what_why_and_how(rows: list[str]) -> None:
    with pytest.raises(AutoscaleInputError) as caught:
        log(*rows)
    assert caught.value.what.endswith(".")
    assert caught.value.why.endswith(".")
    assert caught.value.how.endswith(".")


def test_an_error_names_the_line() -> None:
    rows = [f"{1_700_000_000 + i},1" for i in range(5_000)]
    rows[3_210] = "1700003210,soon"
    with pytest.raises(AutoscaleInputError, match="line 3212 is 'soon'"):
        log(*rows)


@pytest.mark.parametrize("header", ["", "TIMESTAMP,ContextTokens,GeneratedTokens", "timestamp;duration", "a,a"])
def test_a_log_of_another_shape_is_an_error(header: str) -> None:
    with pytest.raises(AutoscaleInputError):
        read_request_log(io.StringIO(header))


def test_bytes_that_are_no_text_are_an_error() -> None:
    file = io.TextIOWrapper(io.BytesIO(b"timestamp,duration\n\xff\xfe\n"), encoding="utf-8")
    with pytest.raises(AutoscaleInputError, match="UTF-8"):
        read_request_log(file)


def test_counts_become_as_many_requests_within_their_minute() -> None:
    traffic = counts("2026-01-05T10:00:00Z,100", "2026-01-05T10:01:00Z,3000", "2026-01-05T10:02:00Z,0", request_time=2)
    assert bisect_left(traffic.arrivals, traffic.start + 60) == 100
    assert bisect_left(traffic.arrivals, traffic.start + 120) == 3100
    assert traffic.span == 180
    assert traffic.offered / 3100 == pytest.approx(2, rel=0.08)
    mean = traffic.mean_request_time
    variance = sum((value - mean) ** 2 for value in traffic.durations) / 3100
    assert math.sqrt(variance) / mean == pytest.approx(1, abs=0.15)
    assert traffic.peak_rps() == pytest.approx(50)


def test_a_missing_period_counts_as_none_and_is_said() -> None:
    traffic = counts("1767607200,10", "1767607260,10", "1767607380,10")
    assert traffic.span == 240
    assert any("1 of 4 periods" in note for note in traffic.assumptions)


@pytest.mark.parametrize(
    "rows",
    [
        ["1767607200,10"],
        [],
        ["1767607200,10", "1767607200,12", "1767607260,9"],
        ["1767607200,10", "1767607260,12", "1767607350,9"],
        ["1767607200,0", "1767607260,0"],
        ["1767607200,-4", "1767607260,0"],
        ["1767607200,many", "1767607260,0"],
    ],
)
def test_bad_counts_are_an_error(rows: list[str]) -> None:
    with pytest.raises(AutoscaleInputError):
        counts(*rows)


@pytest.mark.parametrize("request_time", [0.0, -1.0, math.inf, math.nan, 1e9])
def test_a_request_time_that_cannot_be_is_an_error(request_time: float) -> None:
    with pytest.raises(AutoscaleInputError):
        counts("1767607200,10", "1767607260,10", request_time=request_time)


@pytest.mark.parametrize(
    "figures",
    [(-1.0, 1.0, None), (0.0, 1.0, None), (1.0, 0.0, None), (math.inf, 1.0, None), (1.0, math.nan, None),
     (10.0, 1.0, 5.0), (1e9, 1.0, None), (1.0, 1e9, None)],
)
def test_figures_that_cannot_be_are_an_error(figures: tuple[float, float, float | None]) -> None:
    with pytest.raises(AutoscaleInputError):
        Figures(*figures)


def test_a_split_loses_no_request() -> None:
    source = random.Random(4)
    traffic = log(*(f"{1_700_000_000 + source.random() * 5000},{source.random()}" for _ in range(500)))
    train, judge = traffic.split(0.3)
    assert len(train.arrivals) + len(judge.arrivals) == 500
    assert max(train.arrivals) < train.end == judge.start <= min(judge.arrivals)
