"""What is encrypted opens with its key and in its place, and with no other."""

import pytest
from sqlalchemy import text

from services import db, vault
from services.settings import Settings
from services.vault import Altered, OtherKey, Vault

ODD = "ação 🧠\n" * 500
ONE, OTHER = Vault(b"1" * 32), Vault(b"2" * 32)


@pytest.mark.parametrize("said", ["", "x", ODD])
def test_what_was_sealed_opens(said):
    assert ONE.open(ONE.seal(said, "here"), "here") == said


def test_no_two_ciphertexts_are_alike_and_none_shows_what_is_in_it():
    first, second = ONE.seal("secret", "here"), ONE.seal("secret", "here")
    assert first != second
    assert first.split(".")[0] == second.split(".")[0] == ONE.key_id
    assert "secret" not in first
    assert len(ONE.key_id) == 8


def test_another_key_is_known_as_such():
    with pytest.raises(OtherKey):
        OTHER.open(ONE.seal("secret", "here"), "here")


def test_what_was_changed_or_moved_does_not_open():
    sealed = ONE.seal("secret", "here")
    with pytest.raises(Altered):
        ONE.open(sealed, "there")
    name, _, rest = sealed.partition(".")
    flipped = rest[:20] + ("A" if rest[20] != "A" else "B") + rest[21:]
    for broken in (flipped, rest[:-8], rest[:8], "", "%%%", "é"):
        with pytest.raises(Altered):
            ONE.open(f"{name}.{broken}", "here")


def test_every_installation_has_its_own_key(tmp_path):
    first, again, second = (vault.of(Settings(data_dir=tmp_path / name)) for name in ("a", "a", "b"))
    assert first.key_id == again.key_id != second.key_id
    assert again.open(first.seal("secret", "here"), "here") == "secret"


def test_a_database_remembers_the_key_it_was_written_with(database):
    db.write_now(vault.check, ONE)
    db.write_now(vault.check, ONE)
    with pytest.raises(OtherKey):
        db.write_now(vault.check, OTHER)
    with db.engine().begin() as connection:
        assert connection.scalar(text("select count(*) from vault_check")) == 1
        connection.execute(text("delete from vault_check"))
    db.write_now(vault.check, OTHER)
