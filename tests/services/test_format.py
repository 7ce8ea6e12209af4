"""Figures as each language writes them. The space between a number and its unit is one that does not break."""

import math
from datetime import UTC, datetime

import pytest

from services import format

AT = datetime(2026, 11, 18, 13, 42, 7, tzinfo=UTC)
SAO_PAULO = "America/Sao_Paulo"


def plain(text: str) -> str:
    """The text with ordinary spaces, to be read in a test; fails if an ordinary space was in it."""
    assert " " not in text.replace("há ", "").replace(" ago", "").replace(" de ", "").replace(", ", "")
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("value", "digits", "portuguese", "english"),
    [
        (1206, 0, "1.206", "1,206"),
        (2.94, 1, "2,9", "2.9"),
        (-1234567.891, 2, "-1.234.567,89", "-1,234,567.89"),
        (0, 0, "0", "0"),
    ],
)
def test_numbers(value, digits, portuguese, english):
    assert format.number("pt-BR", value, digits) == portuguese
    assert format.number("en", value, digits) == english


@pytest.mark.parametrize(
    ("value", "portuguese"),
    [
        (0, "0 B"),
        (1023, "1.023 B"),
        (1023.6, "1 KiB"),
        (1024, "1 KiB"),
        (13.4 * 2**30, "13,4 GiB"),
        (16 * 2**30, "16 GiB"),
        (99.97 * 2**20, "100 MiB"),
        (161.4 * 2**30, "161 GiB"),
        (1023.9 * 2**30, "1 TiB"),
        (2**80, "1.048.576 EiB"),
        (-3 * 2**20, "-3 MiB"),
    ],
)
def test_sizes_in_binary_units(value, portuguese):
    assert plain(format.bytes_binary("pt-BR", value)) == portuguese


def test_a_size_may_have_its_figure_apart_from_its_unit():
    assert format.bytes_parts("pt-BR", 161.4 * 2**30, 1) == ("161,4", "GiB")
    assert plain(format.bytes_rate("en", 21.5 * 2**20)) == "21.5 MiB/s"


@pytest.mark.parametrize(
    ("seconds", "portuguese"),
    [
        (0, "0 ms"),
        (0.0006, "0,6 ms"),
        (0.0029, "2,9 ms"),
        (0.038, "38 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (9.4, "9,4 s"),
        (41, "41 s"),
        (59.6, "1 min"),
        (852, "14 min 12 s"),
        (3599.6, "1 h"),
        (77_040, "21 h 24 min"),
        (86_399, "1 d"),
        (1_050_000, "12 d 4 h"),
        (-5, "-5 s"),
    ],
)
def test_durations_have_their_two_largest_units(seconds, portuguese):
    assert plain(format.duration("pt-BR", seconds)) == portuguese


@pytest.mark.parametrize(
    ("seconds", "portuguese", "english"),
    [
        (-3, "há 0 s", "0 s ago"),
        (14.9, "há 14 s", "14 s ago"),
        (60, "há 1 min", "1 min ago"),
        (7199, "há 1 h", "1 h ago"),
        (86_400, "há 1 dia", "1 day ago"),
        (1e6, "há 11 dias", "11 days ago"),
    ],
)
def test_how_long_ago(seconds, portuguese, english):
    assert plain(format.ago("pt-BR", seconds)) == portuguese
    assert plain(format.ago("en", seconds)) == english


def test_times_are_those_of_the_readers_zone():
    assert format.clock("pt-BR", AT, SAO_PAULO) == "10:42"
    assert format.clock("en", AT.timestamp(), SAO_PAULO, seconds=True) == "10:42:07"
    assert format.clock("en", AT, "UTC") == "13:42"
    assert format.day("en", AT, SAO_PAULO) == "Nov 18, 2026"
    assert format.moment("pt-BR", AT, SAO_PAULO) == "18 de nov. de 2026, 10:42:07"
    assert format.day_and_clock("pt-BR", AT, SAO_PAULO) == "18/11 10:42"
    assert format.day_and_clock("en", AT, SAO_PAULO) == "11/18 10:42"


def test_a_day_begins_when_it_begins_for_the_reader():
    late = datetime(2026, 11, 19, 1, 30, tzinfo=UTC)
    assert format.day("en", late, SAO_PAULO) == "Nov 18, 2026"


@pytest.mark.parametrize("zone", ["", "Nowhere/Atlantis", "../../etc/passwd", "x" * 5000])
def test_an_unknown_zone_is_utc(zone):
    assert format.clock("en", AT, zone) == "13:42"


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf])
def test_what_is_missing_is_a_dash(missing):
    for write in (
        format.number,
        format.percent,
        format.bytes_binary,
        format.bytes_rate,
        format.duration,
        format.ago,
        format.clock,
        format.moment,
    ):
        assert write("pt-BR", missing) == "–"
    assert format.bytes_parts("en", missing) == ("–", "")


def test_a_sparkline_fills_its_box_and_keeps_its_gaps():
    assert format.spark_path([0, 5, 10]) == "M0 38L50 20.5L100 3"
    assert format.spark_path([0, 10, None, 10, 0], low=0) == "M0 38L25 3M75 3L100 38"
    assert format.spark_path([1, 2], step=True) == "M0 38H100V3"
    assert format.spark_path([5, None, 5]) == "M0 20.5h0M100 20.5h0"
    assert format.spark_path([50], low=0, high=100) == "M0 20.5h0"


def test_a_sparkline_of_nothing_is_nothing():
    assert format.spark_path([]) == ""
    assert format.spark_path([None, math.nan]) == ""


def test_a_sparkline_never_leaves_its_box():
    path = format.spark_path([-50, 500], low=0, high=100)
    assert path == "M0 38L100 3"


def test_a_deadline_names_its_zone():
    assert format.deadline("pt-BR", AT, SAO_PAULO) == (
        "18 de nov. de 2026, 10:42 (Horário Padrão de Brasília)"
    )
    assert format.deadline("en", AT) == "Nov 18, 2026, 13:42 (Coordinated Universal Time)"
    assert format.deadline("en", AT, "Nowhere/At_all") == format.deadline("en", AT)
