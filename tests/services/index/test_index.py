"""The one index: what is found, by whom, and the same on both databases."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from models import Passage
from services import db, index, sharing
from services.index import Entry, fold, passages, plain, snippet
from services.sharing import Given, Reader

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def keep(ana):
    """Puts something of Ana's into the index: `keep("title", "text")` gives its id."""

    def put(title, text="", *, kind="note", number=None, at=AT, **more):
        number = number or uuid4()
        db.write_now(index.put, Entry(kind, number, ana.id, title, text, at, **more))
        return number

    return put


def found(account, query, role="operator", **more):
    return [hit.title for hit in db.read_now(index.find, Reader(account.id, role), query, AT, **more)]


def asked(account, question):
    hits = db.read_now(index.passages_for, Reader(account.id, "operator"), question, AT)
    return [hit.title for hit in hits]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ação, já!", "acao ja"),
        ("GARÇOM e-mail_2 x", "garcom e mail 2 x"),
        ("Straße ﬁm", "strasse fim"),
        ("日本語 ok", "日本語 ok"),
        ("", ""),
        ("\x00'\"%*:&|", ""),
    ],
)
def test_text_is_folded_to_words(text, folded):
    assert fold(text) == folded


@given(st.text(max_size=200))
def test_folding_twice_is_folding_once_and_leaves_only_words(text):
    once = fold(text)
    assert fold(once) == once
    assert all(word.isalnum() for word in once.split())


@given(st.text(max_size=6000))
def test_passages_hold_every_word_of_the_text(text):
    pieces = list(passages.cut(text))
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < len(piece) <= passages.LONGEST for piece in pieces)


@given(st.text(max_size=2000), st.lists(st.text(min_size=1, max_size=9), max_size=4))
def test_a_snippet_is_a_part_of_the_text(text, words):
    terms = [word for one in words for word in fold(one).split()]
    shown = snippet(text, terms)
    assert shown.text.strip("…") in " ".join(text.split())
    assert all(fold(piece) or piece for piece in shown.pieces[1::2])


def test_words_are_found_without_accents_and_by_their_beginning(keep, ana):
    keep("Energia do rack 2", "A fonte B é a original, de 2021: pedir duas.")
    keep("Contatos", "Eletricista de plantão")
    assert found(ana, "ENERGIA") == found(ana, "fonte origin") == ["Energia do rack 2"]
    assert found(ana, "plantao") == found(ana, "Plantão eletr") == ["Contatos"]
    assert found(ana, "font original") == []  # only the last word may be a beginning
    assert found(ana, "energia plantão") == []  # all of them in one passage
    assert found(ana, " ,;") == found(ana, "") == []


@pytest.mark.parametrize(
    "query", ['"', "a* OR b", "rack NOT 2", "x' ; --", "& | ! :*", "(", "\x00", "NEAR(a b)"]
)
def test_nothing_in_a_search_is_a_command(keep, ana, query):
    keep("Rack", "or not near")
    assert found(ana, query) in ([], ["Rack"])


def test_the_title_counts_for_more_and_a_whole_word_for_more_than_a_beginning(keep, ana):
    keep("Reunião", "falamos de energia e de mais")
    keep("Energia", "nada mais")
    keep("Energias", "outra")
    assert found(ana, "energia") == ["Energia", "Energias", "Reunião"]


def test_what_changes_is_found_as_it_is_now_and_what_is_gone_is_not(keep, ana):
    number = keep("Um", "primeiro texto\n\n" + "palavra " * 400)
    before = db.read_now(lambda session: len(session.exec(select(Passage)).all()))
    keep("Dois", "segundo", number=number)
    after = db.read_now(lambda session: len(session.exec(select(Passage)).all()))
    assert before > after == 1
    assert found(ana, "primeiro") == found(ana, "palavra") == []
    assert found(ana, "segundo") == ["Dois"]
    db.write_now(index.drop, "note", number)
    assert found(ana, "segundo") == []


def test_only_who_may_read_it_finds_it(keep, ana, bruno, carla):
    number = keep("Segredo", "do rack")
    task = keep("Tarefa", "do rack", kind="task", access=("note", number))
    assert found(bruno, "rack") == found(carla, "rack", role="admin") == []
    db.write_now(sharing.replace, "note", number, [Given("read", account_id=bruno.id)], ana.id, AT)
    assert sorted(found(bruno, "rack")) == ["Segredo", "Tarefa"]
    assert found(bruno, "rack", kinds=["task"]) == ["Tarefa"]
    assert found(carla, "rack", role="admin") == []
    db.write_now(sharing.replace, "note", number, [], ana.id, AT)
    db.write_now(sharing.replace, "task", task, [Given("read", role="*")], ana.id, AT)
    assert found(bruno, "rack") == []  # a task of a note is read with the note


def test_a_question_is_answered_by_its_telling_words(keep, ana):
    for number in range(30):
        keep(f"Ata {number}", "o que foi feito de manhã e quem estava no plantão")
    keep("Shuffle grande", "Com partes de 64 MiB o pico de memória caiu de 14 para 5 GiB.")
    assert asked(ana, "de quanto foi o pico de memória e o que foi feito?")[0] == "Shuffle grande"
    assert asked(ana, "xilofone?") == []


def test_of_very_many_the_newest_are_compared(keep, ana):
    for number in range(index.search.CANDIDATES + 5):
        keep(f"Nota {number}", "comum", at=AT + timedelta(seconds=number))
    assert len(found(ana, "comum", limit=1000)) == index.search.CANDIDATES


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("## Título\n\n- [x] **feito** `já`", "Título\n\nfeito já"),
        ("veja [[Energia do rack]] e [isto](https://x.example/a_b)", "veja Energia do rack e isto"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "  a   b  \n\n  1   2  "),
        ("2 * 3 * 4 e snake_case e a_b_c", "2 * 3 * 4 e snake_case e a_b_c"),
        ("```bash\nls\n```", "\nls\n"),
    ],
)
def test_a_list_shows_text_without_its_marks(text, shown):
    assert plain(text) == shown
