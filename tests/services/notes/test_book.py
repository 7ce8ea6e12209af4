"""Notes as they are written, by one person and by several at once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import select

from models import NoteVersion, RoleGrant
from services import db, index
from services.audit import Actor
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.notes import book, links, lists
from services.notes.book import Draft, Stale, Text
from services.sharing import Given, Reader

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVERYBODY = [Given("write", role="*")]


def who(account, role="operator"):
    return Reader(account.id, role), Actor("person", account.id, account.name)


@pytest.fixture
def writes(ana):
    """Ana writes: `writes(title=…)` gives the note."""
    reader, by = who(ana, "admin")

    def create(at=AT, **draft):
        return db.write_now(book.create, reader, Draft(**draft), by, at)

    return create


def save(account, note, at=AT, **text):
    reader, by = who(account)
    text.setdefault("version", note.version)
    return db.write_now(book.save, reader, note.id, Text(**text), by, at)


def share(ana, note, given=EVERYBODY):
    reader, by = who(ana)
    db.write_now(book.share, reader, note.id, given, by, AT)


def history(account, note):
    return db.read_now(lists.versions, who(account)[0], note.id, AT)


def test_a_note_without_title_is_called_as_its_first_line(writes):
    assert writes(body="\n## Energia do rack 2\n\nFonte A").title == "Energia do rack 2"
    assert writes(body="- [ ] pedir fontes").title == "pedir fontes"
    assert writes(body="---\n").title == "---"
    assert writes().title == ""


def test_each_change_is_a_version_and_names_the_one_before(writes, ana):
    note = writes(title="Plantão", body="um")
    changed = save(ana, note, body="dois")
    assert (changed.version, changed.body, changed.title) == (2, "dois", "Plantão")
    with pytest.raises(Stale) as late:
        save(ana, note, version=1, body="três")
    assert late.value.note.body == "dois"
    assert db.read_now(book.get, who(ana)[0], note.id, AT).body == "dois"


def test_the_same_text_again_changes_nothing(writes, ana):
    note = save(ana, writes(body="um"), body="dois")
    assert save(ana, note, version=1, body="dois").version == 2


def test_what_a_tab_saved_itself_is_no_conflict_though_the_answer_was_lost(writes, ana):
    note = writes(body="")
    save(ana, note, version=1, body="a", editor="tab")
    save(ana, note, version=1, body="ab", editor="tab")  # the first answer never came
    assert save(ana, note, version=2, body="abc", editor="tab").version == 4
    with pytest.raises(Stale):
        save(ana, note, version=2, body="x", editor="other")
    save(ana, note, version=4, body="abcd", editor="other")
    with pytest.raises(Stale):  # the other tab wrote in between
        save(ana, note, version=4, body="abce", editor="tab")


def test_programs_that_name_no_tab_follow_exactly(writes, ana):
    note = writes(body="")
    save(ana, note, version=1, body="a")
    with pytest.raises(Stale):
        save(ana, note, version=1, body="b")


def test_what_one_person_writes_within_ten_minutes_is_one_version(writes, ana, bruno):
    note = writes(body="um")
    share(ana, note)
    for minute, text in enumerate(("dois", "três", "quatro")):
        note = save(ana, note, AT + minute * MINUTE, body=text)
    note = save(bruno, note, AT + 4 * MINUTE, body="cinco")
    note = save(ana, note, AT + 20 * MINUTE, body="seis")
    assert [(one.number, one.body, one.author) for one in history(ana, note)] == [
        (6, "seis", "Ana"),
        (5, "cinco", "Bruno"),
        (4, "quatro", "Ana"),
        (1, "um", "Ana"),
    ]


def test_what_came_too_late_is_kept_until_its_writer_chooses(writes, ana, bruno):
    note = writes(title="Plantão", body="um")
    share(ana, note)
    save(ana, note, body="de Ana")
    reader, by = who(bruno)
    for body in ("de Bru", "de Bruno"):
        db.write_now(book.keep_conflict, reader, note.id, Text(1, body=body), by, AT)
    opened = db.read_now(lists.opened, reader, note.id, AT)
    assert (opened.note.body, opened.conflict.body, opened.conflict.number) == ("de Ana", "de Bruno", 1)
    assert db.read_now(lists.opened, who(ana)[0], note.id, AT).conflict is None
    assert [one.body for one in history(ana, note)] == ["de Ana", "um"]  # and not what Bruno typed
    with pytest.raises(NotFound):  # it is not Ana's to settle
        db.write_now(book.settle, *who(ana)[:1], opened.conflict.id, None, who(ana)[1], AT)
    both = Text(2, body="de Ana\nde Bruno")
    settled = db.write_now(book.settle, reader, opened.conflict.id, both, by, AT)
    assert settled.body == "de Ana\nde Bruno"
    assert db.read_now(lists.opened, reader, note.id, AT).conflict is None
    assert ("conflict", "de Bruno") in [(one.kind, one.body) for one in history(bruno, note)]


def test_of_two_that_settle_at_once_the_later_hears_of_it(writes, ana):
    reader, by = who(ana)
    note = save(ana, writes(body="um"), body="dois")
    kept = db.write_now(book.keep_conflict, reader, note.id, Text(1, body="três"), by, AT)
    save(ana, note, body="quatro")
    with pytest.raises(Stale):
        db.write_now(book.settle, reader, kept.id, Text(2, body="três"), by, AT)
    assert db.read_now(lists.opened, reader, note.id, AT).conflict is not None


def test_an_earlier_version_comes_back_as_a_new_one(writes, ana):
    note = writes(title="Antes", body="um")
    note = save(ana, note, AT + 30 * MINUTE, title="Depois", body="dois")
    first = history(ana, note)[-1]
    back = db.write_now(book.restore_version, who(ana)[0], first.id, who(ana)[1], AT + 40 * MINUTE)
    assert (back.version, back.title, back.body) == (3, "Antes", "um")
    assert [one.kind for one in history(ana, note)] == ["restore", "edit", "edit"]


def test_a_note_is_its_owners_alone(writes, ana, bruno, carla):
    note = writes(title="Segredo", body="só meu")
    for account, role in ((bruno, "operator"), (carla, "admin")):
        reader, by = who(account, role)
        for call in (
            lambda reader=reader: db.read_now(book.get, reader, note.id, AT),
            lambda account=account: save(account, note, body="x"),
            lambda account=account: history(account, note),
            lambda reader=reader: db.read_now(lists.opened, reader, note.id, AT),
            lambda reader=reader, by=by: db.write_now(book.trash, reader, note.id, by, AT),
            lambda reader=reader, by=by: db.write_now(book.share, reader, note.id, EVERYBODY, by, AT),
            lambda reader=reader: db.write_now(book.pin, reader, note.id, True, AT),
            lambda reader=reader, by=by: db.write_now(
                book.restore_version, reader, history(ana, note)[0].id, by, AT
            ),
        ):
            with pytest.raises(NotFound):
                call()
        assert db.read_now(lists.find, reader, lists.Query(), AT, limit=50) == []
        assert db.read_now(lists.find, reader, lists.Query(text="segredo"), AT, limit=50) == []
        assert db.read_now(lists.shelves, reader, AT).folders == []


def test_whom_it_is_shared_with_reads_or_writes_it_and_no_more(writes, ana, bruno, carla):
    note = writes(title="Plantão", body="um", tags=["runbook"])
    share(ana, note, [Given("read", account_id=bruno.id), Given("write", role="viewer")])
    assert db.read_now(book.get, who(bruno)[0], note.id, AT).title == "Plantão"
    with pytest.raises(Forbidden):
        save(bruno, note, body="dois")
    reader, by = who(carla, "viewer")
    assert db.write_now(book.save, reader, note.id, Text(1, body="dois"), by, AT).version == 2
    for call in (book.trash, book.take_back):
        with pytest.raises(Forbidden):
            db.write_now(call, reader, note.id, by, AT)
    with pytest.raises(Forbidden):
        db.write_now(book.share, reader, note.id, [], by, AT)
    share(ana, note, [])
    for account in (bruno, carla):
        with pytest.raises(NotFound):
            db.read_now(book.get, who(account, "viewer")[0], note.id, AT)


def test_a_share_with_an_end_ends(writes, ana, bruno):
    note = writes(body="um")
    share(ana, note, [Given("read", account_id=bruno.id, until=AT + MINUTE)])
    assert db.read_now(book.get, who(bruno)[0], note.id, AT)
    with pytest.raises(NotFound):
        db.read_now(book.get, who(bruno)[0], note.id, AT + MINUTE)


def test_who_holds_no_role_any_more_reads_nothing_of_the_teams(writes, ana, bruno):
    note = writes(body="um")
    share(ana, note)
    with pytest.raises(NotFound):
        db.read_now(book.get, Reader(bruno.id, ""), note.id, AT)


def test_the_trash_keeps_for_thirty_days(writes, ana, bruno):
    note = writes(title="Velha", body="um")
    share(ana, note)
    reader, by = who(ana)
    with pytest.raises(Conflict):
        db.write_now(book.delete_for_good, reader, note.id, by, AT)
    db.write_now(book.trash, reader, note.id, by, AT)
    with pytest.raises(NotFound):
        db.read_now(book.get, who(bruno)[0], note.id, AT)
    with pytest.raises(Conflict):
        save(ana, note, body="dois")
    assert db.read_now(lists.find, reader, lists.Query(text="velha"), AT, limit=9) == []
    assert len(db.read_now(lists.find, reader, lists.Query(shelf="trash"), AT, limit=9)) == 1
    db.write_now(book.file_under, reader, note.id, AT, folder="A")
    assert db.read_now(index.find, reader, "velha", AT) == []
    db.write_now(book.take_back, reader, note.id, by, AT)
    assert len(db.read_now(lists.find, reader, lists.Query(text="velha"), AT, limit=9)) == 1
    db.write_now(book.trash, reader, note.id, by, AT)
    assert db.write_now(book.prune, AT + timedelta(days=29)) == 0
    assert db.write_now(book.prune, AT + timedelta(days=31)) == 1
    assert db.read_now(lambda session: session.get(NoteVersion, (AT, note.id))) is None
    with pytest.raises(NotFound):
        db.read_now(book.get, reader, note.id, AT)


def test_boxes_are_checked_off_where_the_text_is_as_one_saw_it(writes, ana):
    note = writes(body="```\n- [ ] código\n```\n\n- [ ] um\n  - [x] dois\n\n[ ] nenhuma\n")
    reader, by = who(ana)
    note = db.write_now(book.check_off, reader, note.id, 0, 1, by, AT)
    note = db.write_now(book.check_off, reader, note.id, 1, 2, by, AT)
    assert note.body == "```\n- [ ] código\n```\n\n- [x] um\n  - [ ] dois\n\n[ ] nenhuma\n"
    with pytest.raises(Stale):
        db.write_now(book.check_off, reader, note.id, 0, 1, by, AT)
    with pytest.raises(NotFound):
        db.write_now(book.check_off, reader, note.id, 2, 3, by, AT)


@pytest.mark.parametrize(
    ("field", "draft"),
    [
        ("title", {"title": "x" * 201}),
        ("body", {"body": "x" * 300_001}),
        ("folder", {"folder": "x" * 201}),
        ("tags", {"tags": ["x" * 41]}),
        ("tags", {"tags": ["!!"]}),
        ("tags", {"tags": [str(number) for number in range(21)]}),
        ("body", {"body": "half \ud800"}),
    ],
)
def test_what_cannot_be_kept_is_said_beside_its_field(writes, field, draft):
    with pytest.raises(Invalid) as wrong:
        writes(**draft)
    assert list(wrong.value.fields) == [field]


def test_folders_and_tags_are_kept_in_one_way(writes, ana):
    note = writes(folder=" Operação //Rack 2/ ", tags=["#Runbook", "runbook", "Ação, já"])
    assert (note.folder, note.tags) == ("Operação/Rack 2", ["Runbook", "Ação já"])
    found = db.read_now(
        lists.find, who(ana)[0], lists.Query(folder="Operação", tags=["acao ja"]), AT, limit=9
    )
    assert [one.note.id for one in found] == [note.id]
    assert db.read_now(lists.find, who(ana)[0], lists.Query(folder="Opera"), AT, limit=9) == []


def test_links_are_found_whatever_comes_first_and_outlive_another_title(writes, ana, bruno):
    one = writes(title="Plantão", body="veja [[energia do RACK 2]] e [[Nada]]")
    two = writes(title="Energia do rack 2", body="")
    assert db.read_now(links.targets, who(ana)[0], one.id, AT) == {"energia do rack 2": two.id}
    assert [note.id for note in db.read_now(links.backlinks, who(ana)[0], two.id, AT)] == [one.id]
    save(ana, two, title="Energia")
    save(ana, one, body="veja [[energia do rack 2]], sim")
    assert db.read_now(links.targets, who(ana)[0], one.id, AT) == {"energia do rack 2": two.id}
    share(ana, two)
    assert db.read_now(links.backlinks, who(bruno)[0], two.id, AT) == []  # that note is not Bruno's to know


def test_pins_are_each_persons_own(writes, ana, bruno):
    first, second = writes(title="a"), writes(at=AT + MINUTE, title="b")
    for note in (first, second):
        share(ana, note)
    db.write_now(book.pin, who(bruno)[0], first.id, True, AT)

    def order(account):
        return [
            one.note.title for one in db.read_now(lists.find, who(account)[0], lists.Query(), AT, limit=9)
        ]

    assert (order(ana), order(bruno)) == (["b", "a"], ["a", "b"])


def test_searches_are_kept_by_name_and_are_ones_own(ana, bruno):
    kept = db.write_now(lists.keep_search, ana.id, " Energia ", {"q": "energia"}, AT)
    with pytest.raises(Conflict):
        db.write_now(lists.keep_search, ana.id, "ENERGIA", {}, AT)
    with pytest.raises(Invalid):
        db.write_now(lists.keep_search, ana.id, " ", {}, AT)
    with pytest.raises(NotFound):
        db.write_now(lists.forget_search, bruno.id, kept.id)
    db.write_now(lists.forget_search, ana.id, kept.id)
    assert db.read_now(lists.saved, ana.id) == []


def test_a_note_that_was_begun_and_left_empty_goes_after_a_day(writes, ana):
    writes()
    kept = writes(title="x")
    assert db.write_now(book.prune, AT + timedelta(hours=23)) == 0
    assert db.write_now(book.prune, AT + timedelta(hours=25)) == 1
    assert db.read_now(book.get, who(ana)[0], kept.id, AT)


def test_who_leaves_takes_their_notes_along_but_not_those_of_the_team(writes, ana, bruno):
    private, team = writes(title="Segredo"), writes(title="Plantão")
    share(ana, team)
    assert [one["title"] for one in db.read_now(book.of_person, ana.id)] == ["Segredo", "Plantão"]
    db.write_now(lambda session: setattr(session.exec(role_of(bruno.id)).one(), "role", "admin"))
    db.write_now(book.forget, ana.id)
    with pytest.raises(NotFound):
        db.read_now(book.get, who(ana)[0], private.id, AT)
    left = db.read_now(book.get, who(bruno)[0], team.id, AT)
    assert left.owner_id == bruno.id
    assert [one.author for one in history(bruno, left)] == [""]
    assert [
        one.note.id for one in db.read_now(lists.find, who(bruno)[0], lists.Query(text="plant"), AT, limit=9)
    ] == [team.id]


def role_of(account_id):
    return select(RoleGrant).where(RoleGrant.account_id == account_id)


def test_a_note_is_tied_to_what_it_is_about_and_made_where_there_is_none(writes, ana, bruno, carla):
    about = uuid4()
    reader, by = who(bruno)

    def tie(title, account=bruno):
        return db.write_now(book.tie, who(account)[0], title, "rule", about, who(account)[1], AT)

    def tied(account, role="operator"):
        return [one.title for one in db.read_now(lists.about, Reader(account.id, role), "rule", about, AT)]

    writes(title="Quando um worker some")  # Ana's own: Bruno may not even know of it
    made = tie("quando um WORKER some")
    assert (made.owner_id, made.title) == (bruno.id, "quando um WORKER some")
    assert tied(carla, "viewer") == tied(ana) == [made.title]  # it is for the whole team
    assert tie("Quando um worker some!").id == made.id
    private = writes(title="Diário")
    tie("Diário", ana)
    assert (tied(ana), tied(bruno)) == (["Diário", made.title], [made.title])
    db.write_now(book.untie, who(ana)[0], private.id, "rule", about, AT)
    assert tied(ana) == [made.title]
    with pytest.raises(NotFound):
        db.write_now(book.untie, reader, private.id, "rule", about, AT)
    with pytest.raises(NotFound):
        db.write_now(book.tie, reader, "x", "patient", about, by, AT)
    with pytest.raises(Invalid):
        tie("  ")
