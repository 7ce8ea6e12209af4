"""What shrinks is followed to its end."""

import pytest

from services.forecast import LONGEST, Depletion


def last(values, every=15.0):
    depletion, said = Depletion(), None
    for number, value in enumerate(values):
        said = depletion.add(1000.0 + number * every, value)
    return said


def test_nothing_is_said_before_there_is_enough_of_it():
    assert last([100.0] * 40) is None  # just under ten minutes
    assert last([100.0] * 41) == LONGEST


def test_what_shrinks_evenly_ends_when_it_is_used_up():
    assert last([10_000.0 - 10 * number for number in range(60)]) == pytest.approx(15 * (10_000 - 590) / 10)


def test_what_grows_or_stays_does_not_end():
    assert last([100.0 + number for number in range(60)]) == LONGEST
    assert last([100.0] * 60) == LONGEST


def test_what_shrinks_hardly_lasts_a_month_at_most():
    assert last([1e12 - number for number in range(60)]) == LONGEST


def test_what_was_freed_an_hour_ago_counts_no_more():
    falling = [10_000.0 - 10 * number for number in range(241)]
    assert last([50_000.0] * 60 + falling) == pytest.approx(15 * falling[-1] / 10, rel=0.01)
