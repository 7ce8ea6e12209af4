"""When a task comes back: month ends, leap days, weeks, and the hour that summer time takes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.errors import Invalid
from services.tasks import repeat
from services.tasks.repeat import Rule
from services.tasks.when import Due, due_of, instant, moved, next_due

SP, BERLIN = "America/Sao_Paulo", "Europe/Berlin"


def series(text, start, count=4):
    days, rule = [date.fromisoformat(start)], repeat.anchored(repeat.parse(text), date.fromisoformat(start))
    while len(days) < count:
        days.append(repeat.following(rule, days[-1], days[-1]))
    return [one.isoformat() for one in days]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("FREQ=DAILY;INTERVAL=3", ["2026-02-27", "2026-03-02", "2026-03-05"]),
        ("FREQ=WEEKLY", ["2026-02-27", "2026-03-06", "2026-03-13"]),
        ("FREQ=WEEKLY;BYDAY=MO,FR", ["2026-02-27", "2026-03-02", "2026-03-06"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", ["2026-02-27", "2026-03-13", "2026-03-27"]),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", ["2026-02-27", "2026-03-02", "2026-03-03"]),
        ("FREQ=MONTHLY", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=30", ["2026-12-30", "2027-02-28", "2027-04-30"]),
        ("FREQ=YEARLY", ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
        ("RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25", ["2026-12-25", "2027-12-25"]),
    ],
)
def test_the_days_of_a_rule(text, days):
    assert series(text, days[0], len(days)) == days


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "FREQ",
            "FREQ=HOURLY",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;INTERVAL=100",
            "FREQ=DAILY;COUNT=3",
        ),
        *(
            "FREQ=WEEKLY;BYDAY=XX",
            "FREQ=DAILY;BYDAY=MO",
            "FREQ=MONTHLY;BYMONTHDAY=32",
            "FREQ=DAILY;FREQ=DAILY",
        ),
        *("FREQ=YEARLY;BYMONTH=2", "FREQ=MONTHLY;BYDAY=1MO", "FREQ=DAILY;INTERVAL=²", "x" * 500),
    ],
)
def test_a_rule_that_is_none_is_refused(text):
    with pytest.raises(Invalid):
        repeat.parse(text)


RULES = some.builds(
    Rule,
    some.sampled_from(repeat.FREQUENCIES),
    some.integers(1, 99),
).flatmap(
    lambda rule: some.builds(
        Rule,
        some.just(rule.frequency),
        some.just(rule.interval),
        days=some.lists(some.integers(0, 6), unique=True).map(lambda days: tuple(sorted(days)))
        if rule.frequency == "WEEKLY"
        else some.just(()),
        month_day=some.integers(0, 31) if rule.frequency == "MONTHLY" else some.just(0),
    )
)
DAYS = some.dates(date(1970, 1, 1), date(2199, 12, 31))


@given(RULES, DAYS, some.integers(-400, 4000))
def test_the_next_day_is_later_and_one_of_the_series(rule, start, days):
    rule = repeat.anchored(rule, start)
    assert repeat.parse(repeat.text_of(rule)) == rule
    begin = repeat.first(rule, start)
    assert begin >= start
    after = min(max(begin + timedelta(days=days), date(1970, 1, 1)), date(2199, 12, 31))
    found = repeat.following(rule, begin, after)
    assert found > after and found > begin
    # Step by step from the beginning one comes to the same day.
    day = begin
    for _ in range(5000):
        if day >= found:
            break
        day = repeat.following(rule, begin, day)
    assert day == found
    assert repeat.after_done(rule, after) > after


def test_what_was_forgotten_for_a_week_comes_back_once():
    daily = repeat.parse("FREQ=DAILY")
    nine = instant(datetime.fromisoformat("2026-11-18T08:00"), SP)
    assert next_due(Due(date(2026, 11, 11), "09:00"), daily, "due", SP, nine) == Due(
        date(2026, 11, 18), "09:00"
    )
    later = instant(datetime.fromisoformat("2026-11-18T10:00"), SP)
    assert next_due(Due(date(2026, 11, 11), "09:00"), daily, "due", SP, later) == Due(
        date(2026, 11, 19), "09:00"
    )
    # A whole day that has begun still lies ahead; what is done before its day comes back after it.
    assert next_due(Due(date(2026, 11, 11)), daily, "due", SP, later) == Due(date(2026, 11, 18))
    assert next_due(Due(date(2026, 11, 20)), daily, "due", SP, later) == Due(date(2026, 11, 21))


def test_it_may_be_counted_from_when_it_was_done():
    late = instant(datetime.fromisoformat("2026-11-18T23:00"), SP)  # the 19th in UTC
    for text, day in (
        ("FREQ=DAILY;INTERVAL=3", "2026-11-21"),
        ("FREQ=MONTHLY;BYMONTHDAY=5", "2026-12-18"),
        ("FREQ=WEEKLY;BYDAY=MO", "2026-11-23"),
        ("FREQ=WEEKLY;INTERVAL=2", "2026-12-02"),
    ):
        found = next_due(Due(date(2026, 1, 5), "07:00"), repeat.parse(text), "done", SP, late)
        assert found == Due(date.fromisoformat(day), "07:00")


def test_nine_oclock_stays_nine_oclock_over_summer_time():
    before, after = Due(date(2026, 3, 28), "09:00"), Due(date(2026, 3, 29), "09:00")
    assert after.late_from(BERLIN) - before.late_from(BERLIN) == timedelta(hours=23)
    quarter_to = before.late_from(BERLIN) - timedelta(minutes=15)
    shown = moved(quarter_to, before, after, BERLIN).astimezone(ZoneInfo(BERLIN))
    assert (shown.hour, shown.minute, shown.day) == (8, 45, 29)


def test_a_whole_day_is_late_when_it_is_over_there():
    assert Due(date(2026, 11, 20)).late_from(SP) == datetime(2026, 11, 21, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("2026-12-05", Due(date(2026, 12, 5))),
        ("2026-12-05T09:00", Due(date(2026, 12, 5), "09:00")),
        ("2026-12-05T09:00:00Z", Due(date(2026, 12, 5), "06:00")),
    ],
)
def test_programs_say_when_it_is_due(text, due):
    assert due_of(text, SP) == due
    with pytest.raises(Invalid):
        due_of(f"{text}x", SP)
    with pytest.raises(Invalid):
        due_of("9999-12-31", SP)
