"""The notes page: what one looks for, opens, files, shares, throws away, and chooses between."""

import pytest

from models import Alert
from services import db
from services.alerts import builtin, rules
from services.audit import Actor
from services.clock import now
from services.notes import book, desk, lists
from services.notes.book import Draft, Text
from services.sharing import Given, Reader
from state.note_links import NoteLinksState, linked_broadcast
from state.notes import NoteOpen, NoteRows, NotesState, NoteView, note_broadcast, rows_broadcast


@pytest.fixture(autouse=True)
def told(heard):
    desk.configure(heard)


def reader(account, role="operator"):
    return Reader(account.id, role)


def write(account, **draft):
    by = Actor("person", account.id, account.name)
    return db.write_now(book.create, reader(account), Draft(**draft), by, now())


def share(account, note):
    by = Actor("person", account.id, account.name)
    db.write_now(book.share, reader(account), note.id, [Given("write", role="*")], by, now())


async def rows(account, view=None, role="operator"):
    built = await rows_broadcast(view or NoteView(), account.id, role, "pt-BR", 50).build(None)
    return built


async def opened(account, note, role="operator"):
    return await note_broadcast(note.id.hex, account.id, role, "pt-BR", "America/Sao_Paulo").build(None)


async def test_the_list_is_each_persons_own(tab, bruno, carla):
    note = write(bruno, title="Plantão", body="Veja **isto**", folder="A", tags=["Ação"])
    built = await rows(bruno)
    assert [(row["title"], row["folder"], row["by"]) for row in built["rows"]] == [("Plantão", "A", "")]
    assert "".join(piece["text"] for piece in built["rows"][0]["snippet"]) == "Veja isto"
    assert (built["found"], built["folders"][0]["label"], built["tags"][0]["label"]) == (1, "A", "#Ação")
    assert (await rows(carla, role="viewer"))["rows"] == []
    share(bruno, note)
    assert [row["by"] for row in (await rows(carla, role="viewer"))["rows"]] == ["Bruno"]


async def test_the_address_says_what_is_looked_for_and_what_is_open(tab, bruno):
    note = write(bruno, title="Plantão")
    screen = tab(bruno, f"/notes/{note.id.hex}?q=plant&folder=A%2FB&tag=x&shelf=archived&mode=split")
    await screen.call(NotesState.load)
    page = await screen.of(NotesState)
    assert (page.text, page.folder, page.tag, page.shelf) == ("plant", "A/B", "x", "archived")
    assert (page.selected, page.mode, page.narrowed) == (note.id.hex, "split", True)
    assert page.back == "/notes?q=plant&folder=A%2FB&tag=x&shelf=archived"
    screen.at("/notes?shelf=nothing&mode=nothing")
    await screen.call(NotesState.load)
    assert (page.selected, page.shelf, page.mode, page.narrowed) == ("", "active", "read", False)


async def test_a_filter_chosen_again_is_taken_away(tab, bruno):
    screen = tab(bruno, "/notes?folder=A")
    await screen.call(NotesState.load)
    assert "folder" not in str(await screen.call(NotesState.narrow, "folder", "A"))
    assert "tag=x" in str(await screen.call(NotesState.narrow, "tag", "x"))
    assert await screen.call(NotesState.narrow, "colour", "red") is None


async def test_a_note_of_others_is_opened_by_nobody(tab, bruno, ana):
    note = write(bruno, title="Segredo", body="só meu")
    built = await opened(ana, note, "admin")
    assert (built["found"], built["note"]["html"]) == (False, "")
    assert "Segredo" not in str(built)
    screen = tab(ana, f"/notes/{note.id.hex}")
    await screen.call(NotesState.load)
    for handler, args in (
        (NotesState.pin, ()),
        (NotesState.archive, ()),
        (NotesState.trash, ()),
        (NotesState.file_under, ({"folder": "X", "tags": ""},)),
        (NotesState.share_with, ({"whom": "role:*", "level": "write"},)),
        (NotesState.check_off, ("0",)),
        (NotesState.settle, ("mine",)),
        (NotesState.open_panel, ("history",)),
    ):
        await screen.call(handler, *args)
    left = db.read_now(book.get, reader(bruno), note.id, now())
    assert (left.folder, left.deleted_at, left.archived_at) == ("", None, None)
    assert db.read_now(lists.opened, reader(bruno), note.id, now()).shares == []


async def test_thrown_away_and_back(tab, bruno):
    note = write(bruno, title="Plantão")
    screen = tab(bruno, f"/notes/{note.id.hex}")
    await screen.call(NotesState.load)
    await screen.call(NotesState.trash)
    assert (await screen.messages())[-1]["event"] == "note_back"
    assert (await opened(bruno, note))["note"]["trashed"] is True
    screen.at("/notes")
    await screen.call(NotesState.load)
    await screen.call(NotesState.take_back)
    assert (await opened(bruno, note))["note"]["trashed"] is False


async def test_shared_with_people_and_roles(tab, bruno, carla):
    note = write(bruno, title="Plantão")
    screen = tab(bruno, f"/notes/{note.id.hex}")
    await screen.call(NotesState.load)
    await screen.call(NotesState.open_panel, "share")
    page = await screen.of(NotesState)
    assert {row["key"] for row in page.get_value("team")} >= {"role:*", "role:viewer", carla.id.hex}
    assert bruno.id.hex not in {row["key"] for row in page.get_value("team")}
    await screen.call(NotesState.share_with, {"whom": "", "level": "read"})
    assert page.share_error == "Escolha alguém"
    await screen.call(NotesState.share_with, {"whom": carla.id.hex, "level": "read"})
    await screen.call(NotesState.share_with, {"whom": "role:*", "level": "read"})
    await screen.call(NotesState.share_level, carla.id.hex, "write")
    shown = (await opened(bruno, note))["note"]["shares"]
    assert [(row["name"], row["level"]) for row in shown] == [("Toda a equipe", "read"), ("Carla", "write")]
    assert (await opened(carla, note, "viewer"))["note"]["may_write"] is True
    await screen.call(NotesState.unshare, "role:*")
    await screen.call(NotesState.unshare, carla.id.hex)
    assert (await opened(carla, note, "viewer"))["found"] is False


@pytest.mark.parametrize(
    ("choice", "body"),
    [("mine", "de Bruno"), ("theirs", "de Ana"), ("both", "de Ana\n\n---\n\nde Bruno")],
)
async def test_between_two_texts_one_chooses(tab, ana, bruno, choice, body):
    note = write(ana, title="Escala", body="")
    share(ana, note)
    by = Actor("person", ana.id, "Ana")
    db.write_now(book.save, reader(ana), note.id, Text(1, body="de Ana"), by, now())
    they = Actor("person", bruno.id, "Bruno")
    db.write_now(book.keep_conflict, reader(bruno), note.id, Text(1, body="de Bruno"), they, now())
    built = await opened(bruno, note)
    assert built["clash"]["by"] == "Ana"
    assert [piece["kind"] for piece in built["clash"]["mine"]] == ["same", "added"]
    screen = tab(bruno, f"/notes/{note.id.hex}")
    await screen.call(NotesState.load)
    await screen.call(NotesState.settle, choice)
    assert (await opened(bruno, note))["clash"]["id"] == ""
    assert db.read_now(book.get, reader(bruno), note.id, now()).body == body


async def test_history_says_what_changed_and_goes_back(tab, bruno):
    note = write(bruno, title="Plantão", body="a fonte velha")
    by = Actor("person", bruno.id, "Bruno")
    db.write_now(book.save, reader(bruno), note.id, Text(1, body="a fonte nova"), by, now())
    screen = tab(bruno, f"/notes/{note.id.hex}")
    await screen.call(NotesState.load)
    await screen.call(NotesState.open_panel, "history")
    page = await screen.of(NotesState)
    newest, first = page.get_value("history")
    assert (newest["author"], newest["amount"]) == ("Bruno", "+1 −1")
    await screen.call(NotesState.show_version, newest["id"])
    assert [piece["kind"] for piece in page.get_value("version_diff")] == ["same", "removed", "added"]
    await screen.call(NotesState.restore, first["id"])
    assert db.read_now(book.get, reader(bruno), note.id, now()).body == "a fonte velha"


async def test_searches_are_kept_as_the_address_has_them(tab, bruno):
    screen = tab(bruno, "/notes?q=energia&tag=x")
    await screen.call(NotesState.load)
    await screen.call(NotesState.keep_search, {"name": ""})
    page = await screen.of(NotesState)
    assert page.saved_error == "Dê um nome de no máximo 60 letras."
    await screen.call(NotesState.keep_search, {"name": "Energia"})
    (row,) = page.get_value("saved")
    assert (row["name"], row["href"]) == ("Energia", "/notes?q=energia&tag=x")
    await screen.call(NotesState.forget_search, row["id"])
    assert page.get_value("saved") == []


async def test_what_is_wrong_with_folder_and_tags_is_said(tab, bruno):
    note = write(bruno, title="Plantão")
    screen = tab(bruno, f"/notes/{note.id.hex}")
    await screen.call(NotesState.load)
    await screen.call(NotesState.file_under, {"folder": "A", "tags": "!!"})
    page = await screen.of(NotesState)
    assert page.filing_error.startswith("Uma etiqueta tem letras")
    await screen.call(NotesState.file_under, {"folder": "A/B", "tags": "#um, dois"})
    shown = (await opened(bruno, note))["note"]
    assert (shown["folder"], shown["tags"], page.filing_error) == ("A/B", ["um", "dois"], "")


def test_what_is_broadcast_is_written_by_nothing_else():
    assert {NoteRows, NoteOpen}.isdisjoint({NotesState})


async def test_a_runbook_is_tied_where_the_alert_is_read(tab, bruno, carla):
    db.write_now(builtin.ensure, now())
    rule = next(one for one in db.read_now(rules.listed) if one.builtin == "worker_lost")
    alert = Alert(
        started_at=now(), rule_id=rule.id, rule_builtin="worker_lost", open_key="0" * 64, labels={}, subject="node-1",
        state="firing", severity="critical", worst="critical", value=0.0, since=now(),
    )  # fmt: skip
    db.write_now(lambda session: session.add(alert))
    screen = tab(bruno, f"/alerts?alert={alert.id.hex}")
    await screen.call(NoteLinksState.tie, "alert", alert.id.hex, {"title": " "})
    assert (await screen.of(NoteLinksState)).error == "Diga o título da nota."
    await screen.call(NoteLinksState.tie, "alert", alert.id.hex, {"title": "Quando um worker some"})
    built = await linked_broadcast("alert", alert.id.hex, carla.id, "viewer", "pt-BR").build(None)
    assert ([row["title"] for row in built["rows"]], built["can"]) == (["Quando um worker some"], True)
    note = db.read_now(lists.find, reader(bruno), lists.Query(), now(), limit=1)[0].note
    assert [(one["kind"], one["label"]) for one in (await opened(bruno, note))["note"]["subjects"]] == [
        ("rule", "Worker perdido")
    ]
    screen.at(f"/notes/{note.id.hex}")
    await screen.call(NotesState.load)
    await screen.call(NotesState.untie, "rule", rule.id.hex)
    assert (await opened(bruno, note))["note"]["subjects"] == []
    gone = await linked_broadcast("alert", "0" * 32, carla.id, "viewer", "pt-BR").build(None)
    assert (gone["can"], gone["rows"]) == (False, [])
