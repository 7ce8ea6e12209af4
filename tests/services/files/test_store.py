"""Contents are written and read as they were, whatever happens on the way, and go when nobody names them."""

import hashlib
import os
from datetime import timedelta
from uuid import UUID

import pytest

from models import StoredFile
from models.base import new_id
from services import db, files, vault
from services.audit import Actor
from services.clock import now
from services.errors import Conflict, Invalid, NotFound
from services.files import store
from services.identity import accounts, people
from services.settings import Settings
from tests.conftest import PASSWORD

BY = Actor("machine")
DAY = timedelta(days=1)


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


def there(settings):
    """What lies in the store."""
    folder = settings.data_dir / "files"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def put(settings, person, data, name="a.txt", **more):
    box = vault.of(settings) if more.pop("encrypt", False) else None
    with files.Writer(settings, person.id, name, box=box) as writer:
        writer.write(data)
        content = writer.finish()
    return db.write_now(files.add, now(), person.id, content, by=BY, **more)


async def pieces(*parts):
    for part in parts:
        if isinstance(part, Exception):
            raise part
        yield part


@pytest.mark.parametrize("encrypt", [False, True])
@pytest.mark.parametrize("size", [0, 1, store.PIECE, store.PIECE + 1, 3 * store.PIECE + 17])
def test_what_comes_out_is_what_went_in(database, ana, settings, size, encrypt):
    data = os.urandom(size)
    file = put(settings, ana, data, encrypt=encrypt)
    assert b"".join(files.chunks(settings, file)) == data
    assert (file.size, file.digest, file.encrypted) == (size, hashlib.sha256(data).hexdigest(), encrypt)
    raw = (settings.data_dir / "files" / file.place).read_bytes()
    assert (raw == data) != encrypt
    if encrypt and size > 16:
        assert data[:16] not in raw


@pytest.mark.parametrize("harm", ["cut", "last piece gone", "changed", "swapped", "moved", "other key"])
def test_an_encrypted_content_that_was_altered_is_not_read(database, ana, settings, tmp_path, harm):
    file = put(settings, ana, os.urandom(3 * store.PIECE), encrypt=True)
    path = settings.data_dir / "files" / file.place
    raw = path.read_bytes()
    one = 4 + store.PIECE + 32  # a piece with its length, the id of the key, nonce and tag
    match harm:
        case "cut":
            path.write_bytes(raw[:-1])
        case "last piece gone":
            path.write_bytes(raw[: 4 + 2 * one])
        case "changed":
            path.write_bytes(raw[:100] + bytes([raw[100] ^ 1]) + raw[101:])
        case "swapped":
            path.write_bytes(raw[:4] + raw[4 + one : 4 + 2 * one] + raw[4 : 4 + one] + raw[4 + 2 * one :])
        case "moved":
            file.place = f"{ana.id.hex}/{new_id().hex}"
            path.rename(settings.data_dir / "files" / file.place)
        case "other key":
            (settings.data_dir / "secret.key").unlink()
    with pytest.raises((vault.Altered, vault.OtherKey)):
        b"".join(files.chunks(settings, file))


async def test_too_much_is_refused_and_leaves_nothing(database, ana, settings, monkeypatch):
    monkeypatch.setattr(store.Writer.__init__, "__kwdefaults__", {"most": 1000, "box": None})
    assert (await files.receive(settings, ana.id, "a", pieces(b"x" * 600, b"y" * 400))).size == 1000
    (kept,) = there(settings)
    with pytest.raises(Invalid) as refused:
        await files.receive(settings, ana.id, "a", pieces(b"x" * 600, b"y" * 401))
    assert refused.value.key == "files.error.large"
    assert there(settings) == [kept]


async def test_what_is_cut_off_on_its_way_leaves_nothing(database, ana, settings):
    with pytest.raises(ConnectionError):
        await files.receive(settings, ana.id, "a", pieces(b"x" * 10**6, ConnectionError()))
    assert there(settings) == []


async def test_the_same_content_of_one_person_lies_there_once(database, ana, bruno, settings):
    first, second, others = (put(settings, who, b"same") for who in (ana, ana, bruno))
    assert first.place == second.place != others.place
    await files.take_away(settings, there(settings))
    assert len(there(settings)) == 2
    one = db.write_now(lambda session: files.delete(session, now(), session.get(StoredFile, first.id), by=BY))
    assert await files.take_away(settings, [one]) == 0  # the other still needs it
    assert b"".join(files.chunks(settings, second)) == b"same"
    two = db.write_now(
        lambda session: files.delete(session, now(), session.get(StoredFile, second.id), by=BY)
    )
    assert await files.take_away(settings, [two]) == 1
    with pytest.raises(NotFound):
        files.chunks(settings, second)
    assert b"".join(files.chunks(settings, others)) == b"same"


async def test_the_loop_takes_away_what_no_row_names_and_spares_what_is_just_written(database, ana, settings):
    kept = put(settings, ana, b"kept")
    gone = put(settings, ana, b"gone", expires_at=now())
    with files.Writer(settings, ana.id, "a") as writer:  # whoever writes it may be about to note it
        writer.write(b"new")
        fresh = writer.finish()
    (settings.data_dir / "files" / "README").write_text("not ours")
    assert db.write_now(files.prune, now()) == 1
    assert await files.sweep(settings, now()) == 0
    assert await files.sweep(settings, now() + DAY) == 2
    assert there(settings) == sorted(["README", kept.place])
    assert gone.place not in there(settings) and fresh.place not in there(settings)


async def test_who_leaves_takes_their_files_along(database, ana, bruno, settings):
    put(settings, bruno, b"bruno's")
    left = put(settings, ana, b"ana's")
    taken = db.read_now(people.export, settings, bruno.id, now())
    assert [(one["name"], one["size"], "place" in one) for one in taken["files"]] == [("a.txt", 7, False)]
    places = db.read_now(files.places_of, bruno.id)
    by = Actor("person", bruno.id, "Bruno")
    db.write_now(people.delete, bruno.id, UUID(int=0), PASSWORD, now(), by=by)
    assert await files.take_away(settings, places) == 1
    assert there(settings) == [left.place]


def test_a_person_cannot_fill_the_disk(database, ana, settings, monkeypatch):
    put(settings, ana, b"x" * 600, within=1000)
    with pytest.raises(Conflict) as refused:
        put(settings, ana, b"y" * 401, within=1000)
    assert refused.value.key == "files.error.full"


def test_only_the_owner_reads_it_or_whoever_may_read_what_it_is_attached_to(
    database, ana, bruno, carla, settings, monkeypatch
):
    file = put(settings, bruno, b"x")

    def reads(person):
        who = accounts.principal(person, {"platform": "admin"}, person.id)
        try:
            return db.read_now(files.readable, who, file.id, now()).id == file.id
        except NotFound:
            return False

    assert [reads(one) for one in (ana, bruno, carla)] == [False, True, False]
    note = new_id()
    db.write_now(files.attach, bruno.id, file.id, "note", note)
    assert [reads(one) for one in (ana, bruno, carla)] == [False, True, False]  # nobody knows notes yet
    shared = {(carla.id, note)}
    monkeypatch.setitem(files.READERS, "note", lambda _db, who, thing: (who.account_id, thing) in shared)
    assert [reads(one) for one in (ana, bruno, carla)] == [False, True, True]
    assert [one.id for one in db.read_now(files.of_object, "note", note)] == [file.id]
    with pytest.raises(Conflict):
        db.write_now(files.attach, bruno.id, file.id, "note", new_id())
    with pytest.raises(NotFound):
        db.write_now(files.attach, carla.id, file.id, "note", note)


def test_what_has_had_its_time_is_not_read_any_more(database, ana, settings):
    file = put(settings, ana, b"x", expires_at=now() + DAY)
    who = accounts.principal(ana, {}, ana.id)
    assert db.read_now(files.readable, who, file.id, now()).id == file.id
    with pytest.raises(NotFound):
        db.read_now(files.readable, who, file.id, now() + DAY)
