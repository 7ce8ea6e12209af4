"""A task typed in one line: what is understood, and what is left alone."""

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from services.tasks import parse
from services.tasks.quick import _DAYS, _REPEATS
from services.tasks.repeat import parse as rule_of

SP = "America/Sao_Paulo"
WEDNESDAY = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # nine in the morning in São Paulo


def said(text, locale="pt-BR", now=WEDNESDAY, zone=SP):
    found = parse(text, locale, zone, now)
    due = f"{found.due.day}{' ' + found.due.time if found.due.time else ''}" if found.due else ""
    return found.title, due


@pytest.mark.parametrize(
    ("line", "title", "due"),
    [
        ("amanhã 9h ligar para o fornecedor", "ligar para o fornecedor", "2026-11-19 09:00"),
        ("AMANHÃ às 9h ligar", "ligar", "2026-11-19 09:00"),
        ("sexta 14:30 x", "x", "2026-11-20 14:30"),
        ("entregar até sexta-feira", "entregar", "2026-11-20"),
        ("x sexta que vem", "x", "2026-11-20"),
        ("quarta 14h x", "x", "2026-11-18 14:00"),
        ("quarta 8h x", "x", "2026-11-25 08:00"),
        ("quarta x", "x", "2026-11-25"),
        ("x em 2 dias", "x", "2026-11-20"),
        ("x daqui a uma semana", "x", "2026-11-25"),
        ("x em 30 minutos", "x", "2026-11-18 09:30"),
        ("x em três meses", "x", "2027-02-18"),
        ("dia 5 pagar", "pagar", "2026-12-05"),
        ("dia 18 pagar", "pagar", "2026-11-18"),
        ("dia 31 fechar", "fechar", "2026-12-31"),
        ("5/12 x", "x", "2026-12-05"),
        ("x 05/12/2027", "x", "2027-12-05"),
        ("x 5 de dezembro", "x", "2026-12-05"),
        ("x 29/02", "x", "2028-02-29"),
        ("x 2026-12-01 10h30", "x", "2026-12-01 10:30"),
        ("x hoje 20h", "x", "2026-11-18 20:00"),
        ("x 20h", "x", "2026-11-18 20:00"),
        ("x 8h", "x", "2026-11-19 08:00"),
        ("x depois de amanhã ao meio-dia", "x", "2026-11-20 12:00"),
        ("x semana que vem", "x", "2026-11-23"),
        ("x mês que vem", "x", "2026-12-01"),
        ("x no fim do mês", "x", "2026-11-30"),
    ],
)
def test_a_date_in_portuguese_is_understood(line, title, due):
    assert said(line) == (title, due)


@pytest.mark.parametrize(
    ("line", "title", "due"),
    [
        ("tomorrow 9am call supplier", "call supplier", "2026-11-19 09:00"),
        ("call at 9", "call", "2026-11-19 09:00"),
        ("friday 2:30 pm x", "x", "2026-11-20 14:30"),
        ("x by friday", "x", "2026-11-20"),
        ("x next fri", "x", "2026-11-20"),
        ("x in 3 days", "x", "2026-11-21"),
        ("x in an hour", "x", "2026-11-18 10:00"),
        ("dec 5 x", "x", "2026-12-05"),
        ("x on the 31st", "x", "2026-12-31"),
        ("12/25 x", "x", "2026-12-25"),
        ("12am x", "x", "2026-11-19 00:00"),
        ("x today at noon", "x", "2026-11-18 12:00"),
        ("x end of month", "x", "2026-11-30"),
    ],
)
def test_a_date_in_english_is_understood(line, title, due):
    assert said(line, "en") == (title, due)


@pytest.mark.parametrize(
    ("line", "locale", "rule", "due", "counted"),
    [
        ("toda segunda x", "pt-BR", "FREQ=WEEKLY;BYDAY=MO", "2026-11-23", "due"),
        ("todas as terças-feiras x", "pt-BR", "FREQ=WEEKLY;BYDAY=TU", "2026-11-24", "due"),
        ("x toda segunda e quarta 8h", "pt-BR", "FREQ=WEEKLY;BYDAY=MO,WE", "2026-11-23", "due"),
        ("todo dia útil 18h x", "pt-BR", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-18", "due"),
        ("todo dia 8h x", "pt-BR", "FREQ=DAILY", "2026-11-19", "due"),
        ("todo dia 31 x", "pt-BR", "FREQ=MONTHLY;BYMONTHDAY=31", "2026-11-30", "due"),
        ("x a cada 3 dias depois de concluir", "pt-BR", "FREQ=DAILY;INTERVAL=3", "2026-11-18", "done"),
        ("every monday x", "en", "FREQ=WEEKLY;BYDAY=MO", "2026-11-23", "due"),
        ("x every mon, wed and fri", "en", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "2026-11-18", "due"),
        ("every weekday x", "en", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-18", "due"),
        ("every other week x", "en", "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE", "2026-11-18", "due"),
        ("x every 5th", "en", "FREQ=MONTHLY;BYMONTHDAY=5", "2026-12-05", "due"),
    ],
)
def test_a_repetition_is_understood(line, locale, rule, due, counted):
    found = parse(line, locale, SP, WEDNESDAY)
    assert (found.title, found.repeat, found.repeat_from) == ("x", rule, counted)
    assert found.due.day == date.fromisoformat(due)


def test_priority_person_and_reminder_are_understood():
    found = parse("pedir fontes !urgente @rafael.n amanhã 10h lembrar 15 min antes", "pt-BR", SP, WEDNESDAY)
    assert (found.title, found.priority, found.assignee) == ("pedir fontes", "urgent", "rafael.n")
    assert (found.remind_before, found.remind_at(SP)) == (15, datetime(2026, 11, 19, 12, 45, tzinfo=UTC))
    assert [one.kind for one in found.parts] == ["priority", "assignee", "due", "time", "remind"]
    english = parse("order !high @rafael tomorrow remind me 1 day before", "en", SP, WEDNESDAY)
    assert english.remind_at(SP) == datetime(2026, 11, 18, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "locale"),
    [
        ("pedir a segunda via do boleto", "pt-BR"),
        ("pagar a quarta parcela", "pt-BR"),
        ("reunião de 2h", "pt-BR"),
        ("comprar 1/2 kg de cabo", "pt-BR"),
        ("ter que ligar", "pt-BR"),
        ("relatório diário", "pt-BR"),
        ("comprar as 9 caixas", "pt-BR"),
        ("ler http://x.org/2026-11-20/amanhã", "pt-BR"),
        ('ver "amanhã" no cinema', "pt-BR"),
        ("versão 2.10", "pt-BR"),
        ("dia 32", "pt-BR"),
        ("30/02/2027", "pt-BR"),
        ("31/02", "pt-BR"),
        ("#hoje", "pt-BR"),
        ("daily report", "en"),
        ("look at 3 boxes", "en"),
        ("may the force", "en"),
        ("the sun and the sat nav", "en"),
        ("!important", "en"),
        ("13pm", "en"),
        ("amanhã", "en"),
    ],
)
def test_what_may_mean_something_else_stays(line, locale):
    found = parse(line, locale, SP, WEDNESDAY)
    assert (found.title, found.due, found.parts) == (line, None, ())


def test_a_time_that_summer_time_leaves_out_is_later():
    """On 29 March 2026 the clock of Lisbon goes from one to two."""
    found = parse(
        "x amanhã 1h30 lembrar na hora", "pt-BR", "Europe/Lisbon", datetime(2026, 3, 28, 12, tzinfo=UTC)
    )
    assert found.due.late_from("Europe/Lisbon") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert found.remind_at("Europe/Lisbon") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


TYPED = (
    "ligar amanhã hoje 9h às 14:30 sexta segunda via toda todo dia útil 5 31 em 2 dias de dezembro !alta !x @rafa "
    "lembrar 15 min antes a cada semanas call tomorrow at 9 every monday other in an hour next friday remind me "
    "before dec 5th of month 12/25 2026-02-30 99999 anos depois concluir ' \" “ \x00 \u0130 ß ﬁ 🧠 até às"
)
WORDS = some.sampled_from(TYPED.split(" "))
LINES = some.one_of(some.text(max_size=60), some.lists(WORDS, max_size=14).map(" ".join))
MOMENTS = some.datetimes(
    datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2190-01-01"), timezones=some.just(UTC)
)


@settings(max_examples=400, deadline=None)
@given(
    LINES,
    some.sampled_from(["pt-BR", "en", "de"]),
    some.sampled_from([SP, "UTC", "Pacific/Apia", "?"]),
    MOMENTS,
)
def test_no_line_breaks_it_and_what_is_not_understood_stays(line, locale, zone, now):
    found = parse(line, locale, zone, now)
    # Every word is in the title or in a part, and those of the title are in the order in which they were typed.
    place = 0
    for word in found.title.split():
        at = line.find(word.strip(" ,;"), place)
        assert at >= 0
        place = at
    kept = "".join(found.title.split()) + "".join("".join(one.text.split()) for one in found.parts)
    letters = re.sub(r"[\s,;\x00]", "", line)
    assert sorted(re.sub(r"[\s,;\x00]", "", kept)) == sorted(letters)
    if found.due:
        assert re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|", found.due.time)
        found.due.late_from(zone)
    if found.repeat:
        rule_of(found.repeat)


def test_each_language_has_all_kinds_of_dates():
    assert {len(found) > 5 for found in (*_DAYS.values(), *_REPEATS.values())} == {True}
