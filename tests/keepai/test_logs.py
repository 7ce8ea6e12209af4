"""The latest lines of the log: few, and without what is nobody's business."""

import logging

import pytest

from keepai import logs


@pytest.fixture
def log():
    """A logger whose records are kept."""
    kept, own = logs.Recent(), logging.getLogger("tests.kept")
    own.addHandler(kept)
    own.setLevel("INFO")
    own.propagate = False
    yield own, kept
    own.removeHandler(kept)


def test_only_the_latest_are_kept_and_each_is_one_short_line(log):
    own, kept = log
    for number in range(logs.KEPT + 10):
        own.info("number %s", number)
    assert len(kept.lines()) == logs.KEPT
    assert kept.lines()[-1].endswith(f"INFO tests.kept: number {logs.KEPT + 9}")
    own.info("first\nana@example.org wrote this")
    own.info("x" * 39 + " " + "y " * 10_000)
    assert kept.lines()[-2].endswith(": first")
    assert len(kept.lines()[-1]) < logs.LONGEST + 100


def test_an_error_is_told_by_its_kind_and_place_alone(log):
    own, kept = log
    try:
        raise ValueError("Ana wrote: my secret")
    except ValueError as error:
        own.exception("it failed: %s", error)
        own.warning(error)
    assert "it failed: ValueError [ValueError < tests/keepai/test_logs.py:" in kept.lines()[0]
    assert kept.lines()[1].endswith(": ValueError")
    assert "secret" not in " ".join(kept.lines())


def test_what_cannot_be_written_is_no_error(log, monkeypatch):
    own, kept = log
    monkeypatch.setattr(logging, "raiseExceptions", False)
    own.info("two %s %s", "one")
    own.info("fine")
    assert [line.rpartition(": ")[2] for line in kept.lines()] == ["fine"]
