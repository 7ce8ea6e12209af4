"""Numbers, bytes, durations and times as the reader's language writes them.

Every function takes the locale first and returns text; a missing value (None, NaN, infinity) is an en dash.
A number and its unit are joined by a no-break space, so that they never part at the end of a line.
Times are unix seconds or aware datetimes, shown in `zone`, an IANA name.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, get_timezone_name
from babel.numbers import format_decimal

from services.clock import zone_called
from services.i18n import known_locale, translate

GAP = "\N{NO-BREAK SPACE}"
NOTHING = "–"
UTC_ZONE = "UTC"

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def number(locale: str, value: float | None, digits: int = 0) -> str:
    """A number with grouped thousands and exactly `digits` decimals: "1.206", "2.9"."""
    if value is None or _missing(value):
        return NOTHING
    places = "." + "0" * digits if digits else ""
    return str(format_decimal(value, format=f"#,##0{places}", locale=_babel(locale)))


def with_unit(locale: str, value: float | None, unit: str, digits: int = 0) -> str:
    """A number and its unit: "68 /s", "18 ms"."""
    return NOTHING if _missing(value) else f"{number(locale, value, digits)}{GAP}{unit}"


def percent(locale: str, value: float | None, digits: int = 0) -> str:
    """A percentage given in percent: 84.2 is "84 %"."""
    return with_unit(locale, value, "%", digits)


def bytes_parts(locale: str, value: float | None, digits: int | None = None) -> tuple[str, str]:
    """A size as figure and unit, apart for where the figure is large: ("13,4", "GiB").

    Without `digits` a size has one decimal below 100 and none from there, and none when it is whole.
    """
    if value is None or _missing(value):
        return NOTHING, ""
    size, step = abs(value), 0
    while size >= 1023.5 and step < len(_BINARY) - 1:
        size, step = size / 1024, step + 1
    if digits is None:
        digits = 0 if step == 0 or size >= 99.95 or abs(size - round(size)) < 0.05 else 1
    return number(locale, math.copysign(size, value), digits), _BINARY[step]


def bytes_binary(locale: str, value: float | None, digits: int | None = None) -> str:
    """A size in binary units: "13,4 GiB"."""
    figure, unit = bytes_parts(locale, value, digits)
    return f"{figure}{GAP}{unit}" if unit else figure


def bytes_rate(locale: str, value: float | None, digits: int | None = None) -> str:
    """Bytes per second in binary units: "21 MiB/s"."""
    figure, unit = bytes_parts(locale, value, digits)
    return f"{figure}{GAP}{unit}/s" if unit else figure


def duration(locale: str, seconds: float | None) -> str:
    """How long, in its two largest units: "2,9 ms", "41 s", "14 min 12 s", "21 h 24 min", "12 d 4 h"."""
    if seconds is None or _missing(seconds):
        return NOTHING
    if seconds < 0:
        return f"-{duration(locale, -seconds)}"
    if seconds < 0.9995:
        return with_unit(locale, seconds * 1000, "ms", 1 if 0 < seconds < 0.00995 else 0)
    if seconds < 59.5:
        return with_unit(
            locale, seconds, "s", 1 if seconds < 9.95 and abs(seconds - round(seconds)) >= 0.05 else 0
        )
    return f"{GAP}".join(_two_units(locale, round(seconds)))


def _two_units(locale: str, seconds: int) -> list[str]:
    if seconds >= _HOUR:
        seconds = round(seconds / 60) * 60
    if seconds >= _DAY:
        seconds = round(seconds / _HOUR) * _HOUR
    for size, name, small, small_name in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if seconds >= size:
            large, rest = divmod(seconds, size)
            parts = [with_unit(locale, large, name)]
            return [*parts, with_unit(locale, rest // small, small_name)] if rest >= small else parts
    return [with_unit(locale, seconds, "s")]


def ago(locale: str, seconds: float | None) -> str:
    """How long ago, in one unit: "há 14 s", "4 min ago". The browser goes on counting by the same words."""
    return (
        NOTHING
        if seconds is None or _missing(seconds)
        else translate(locale, "common.ago", age=age(locale, seconds))
    )


def age(locale: str, seconds: float) -> str:
    """An age in one unit: "14 s", "4 min", "2 h", "1 dia", "12 dias"."""
    whole = max(0, math.floor(seconds))
    if whole < _MINUTE:
        return translate(locale, "common.seconds", n=number(locale, whole))
    if whole < _HOUR:
        return translate(locale, "common.minutes", n=number(locale, whole // _MINUTE))
    if whole < _DAY:
        return translate(locale, "common.hours", n=number(locale, whole // _HOUR))
    days = whole // _DAY
    return translate(locale, "common.day" if days == 1 else "common.days", n=number(locale, days))


def clock(locale: str, at: float | datetime | None, zone: str = UTC_ZONE, *, seconds: bool = False) -> str:
    """The time of day on 24 hours: "10:42", with `seconds` "10:42:07"."""
    when = _moment(at, zone)
    if when is None:
        return NOTHING
    return str(
        format_time(when, "HH:mm:ss" if seconds else "HH:mm", tzinfo=when.tzinfo, locale=_babel(locale))
    )


def day(locale: str, at: float | datetime | None, zone: str = UTC_ZONE) -> str:
    """The date, with the name of its month: "18 de nov. de 2026", "Nov 18, 2026"."""
    when = _moment(at, zone)
    return NOTHING if when is None else str(format_date(when.date(), "medium", locale=_babel(locale)))


def day_and_clock(locale: str, at: float | datetime | None, zone: str = UTC_ZONE) -> str:
    """The short form for rows and axes: "18/11 10:42", "11/18 10:42"."""
    when = _moment(at, zone)
    if when is None:
        return NOTHING
    pattern = "dd/MM HH:mm" if known_locale(locale) == "pt-BR" else "MM/dd HH:mm"
    return str(format_datetime(when, pattern, tzinfo=when.tzinfo, locale=_babel(locale)))


def moment(locale: str, at: float | datetime | None, zone: str = UTC_ZONE) -> str:
    """The exact time: "18 de nov. de 2026, 10:42:07"."""
    when = _moment(at, zone)
    return (
        NOTHING if when is None else f"{day(locale, when, zone)}, {clock(locale, when, zone, seconds=True)}"
    )


def deadline(locale: str, at: datetime, zone: str = UTC_ZONE) -> str:
    """A time for somebody who may be elsewhere: "18 de nov. de 2026, 10:42 (Horário Padrão de Brasília)"."""
    when = at.astimezone(zone_called(zone))
    name = get_timezone_name(when, "long", locale=_babel(locale))
    return f"{day(locale, when, zone)}, {clock(locale, when, zone)} ({name})"


def spark_path(
    values: Sequence[float | None], *, low: float | None = None, high: float | None = None, step: bool = False
) -> str:
    """A line through `values` in a box of 100 by 40, as the path that components.ui.sparkline draws.

    None leaves a gap (a new "M"). Without `low` and `high` the line fills the height; pass low=0 for amounts.
    `step` keeps a value until the next one, for counts.
    """
    known = [value for value in values if value is not None and not _missing(value)]
    if not known:
        return ""
    bottom = min(known) if low is None else low
    spread = (max(known) if high is None else high) - bottom
    width = 100 / max(1, len(values) - 1)
    path: list[str] = []
    drawn = 0  # points of the line that is open
    for index, value in enumerate([*values, None]):
        if value is None or _missing(value):
            if drawn == 1:
                path.append("h0")  # a single point between two gaps is drawn as a dot
            drawn = 0
            continue
        share = 0.5 if spread <= 0 else min(1.0, max(0.0, (value - bottom) / spread))
        x, y = f"{index * width:.4g}", f"{38 - share * 35:.3g}"
        path.append(f"M{x} {y}" if not drawn else f"H{x}V{y}" if step else f"L{x} {y}")
        drawn += 1
    return "".join(path)


def _missing(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def _moment(at: float | datetime | None, zone: str) -> datetime | None:
    if at is None:
        return None
    if isinstance(at, datetime):
        return at.astimezone(zone_called(zone))
    return None if _missing(at) else datetime.fromtimestamp(at, UTC).astimezone(zone_called(zone))


@cache
def _babel(locale: str) -> Locale:
    return Locale.parse(known_locale(locale).replace("-", "_"))
