"""Lines of a log are shown without what they repeat, without secrets and without tricks."""

from time import perf_counter

import pytest

from services.compute.logs import MAX_LINE, MAX_LINES, MAX_LOG, log_lines, masked


def test_a_line_of_dask_is_taken_apart():
    said = "2026-11-20 19:33:10,320 - distributed.worker - WARNING - Paused\nTraceback:\n  x"
    (line,) = log_lines([(1795203190.32, "WARNING", said)])
    assert (line.at, line.level, line.logger) == (1795203190.32, "WARNING", "distributed.worker")
    assert line.text == "Paused\nTraceback:\n  x"


def test_a_line_without_a_time_and_one_of_another_form():
    assert log_lines([("INFO", "hello")])[0].text == "hello"
    assert log_lines([("INFO", "hello")])[0].at == 0.0
    assert log_lines(["x", None, (1,), (1, 2, 3, 4)]) == ()


def test_long_lines_and_long_logs_are_cut():
    began = perf_counter()
    assert len(log_lines([("INFO", "short")] * (MAX_LINES + 5))) == MAX_LINES
    lines = log_lines([("INFO", "x" * 1_000_000)] * (MAX_LINES + 5))
    assert len(lines[0].text) == MAX_LINE
    assert sum(len(line.text) for line in lines) <= MAX_LOG + MAX_LINE
    assert perf_counter() - began < 3


@pytest.mark.parametrize("unit", ["x", "token", "://a:", "password ", "token=", " Authorization: Bearer "])
def test_no_line_takes_long_to_mask(unit):
    began = perf_counter()
    masked(unit * (5000 // len(unit)))
    assert perf_counter() - began < 0.2


def test_control_characters_are_blanks():
    assert log_lines([("INFO", "a\x1b[31mb\x00\tc\nd")])[0].text == "a [31mb \tc\nd"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("postgresql://ana:hunter2@db/x", "postgresql://ana:…@db/x"),
        ("password=hunter2, next", "password=…, next"),
        ("{'api_key': 'sk-123'}", "{'api_key': '…'}"),
        ("AWS_SECRET: abc", "AWS_SECRET: …"),
        ("Authorization: Bearer eyJ0.x", "Authorization: Bearer …"),
        ("token bucket is full", "token bucket is full"),
        ("tcp://10.0.0.1:8786", "tcp://10.0.0.1:8786"),
    ],
)
def test_secrets_are_masked(said, shown):
    assert masked(said) == shown
