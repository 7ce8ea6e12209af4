"""What KeepAI says of itself."""

from services import about


def test_everything_it_needs_is_installed_and_named_with_its_licence():
    found = {one.name: one for one in about.packages()}
    assert {"reflex", "dask", "psycopg"} <= found.keys()
    assert all(one.version for one in found.values())
    assert len([one for one in found.values() if one.licence]) > 20
    assert found["psycopg"].licence == "LGPL-3.0-only"
    assert about.version_of("dask") == found["dask"].version
    assert about.version_of("nothing-is-called-so") == ""


def test_the_commit_is_read_from_the_repository(tmp_path, monkeypatch):
    def said():
        about.commit.cache_clear()
        return about.commit()

    monkeypatch.setattr(about, "ROOT", tmp_path)
    assert said() == ""
    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert said() == ""
    (tmp_path / ".git" / "packed-refs").write_text(f"# x\n{'b' * 40} refs/heads/main\n")
    assert said() == "b" * 10
    (tmp_path / ".git" / "refs" / "heads" / "main").write_text("a" * 40 + "\n")
    assert said() == "a" * 10
    (tmp_path / ".git" / "HEAD").write_text("c" * 40)
    assert said() == "c" * 10
    (tmp_path / ".git" / "HEAD").write_text("nonsense")
    assert said() == ""
    about.commit.cache_clear()


def test_it_knows_for_how_long_it_runs():
    assert about.uptime() > 0
