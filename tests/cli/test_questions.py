"""Whatever keeps KeepAI from starting is one clear sentence, in the language of the terminal."""

import os
import socket
import sqlite3

import psutil
import pytest

from keepai.cli.say import WRONG_USE, locale
from services.i18n import translate

pytestmark = pytest.mark.slow  # each starts real processes


def sentence(outcome) -> str:
    """The one sentence on stderr. Fails on a traceback, on more lines and on another exit code."""
    assert outcome.returncode == WRONG_USE, outcome.stderr
    assert outcome.stdout == ""
    (line,) = outcome.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("variables", "key", "params"),
    [
        ({"PROT": 1}, "cli.settings.unknown", {"name": "KEEPAI_PROT", "nearest": "KEEPAI_PORT"}),
        (
            {"PORT": "many"},
            "cli.settings.not_a_number",
            {"name": "KEEPAI_PORT", "value": "many", "lowest": 1, "highest": 65535},
        ),
        (
            {"LOG_LEVEL": "loud"},
            "cli.settings.not_one_of",
            {"name": "KEEPAI_LOG_LEVEL", "value": "loud", "options": "debug, info, warning, error"},
        ),
        (
            {"DASK_SCHEDULER": "here"},
            "cli.settings.not_a_scheduler",
            {"name": "KEEPAI_DASK_SCHEDULER", "value": "here"},
        ),
        ({"WEB_PROCESSES": 2}, "cli.settings.needs_redis", {"name": "KEEPAI_WEB_PROCESSES"}),
        (
            {"SMTP_HOST": "smtp.example.org:25", "SMTP_FROM": "keepai@example.org"},
            "cli.settings.not_a_host",
            {"name": "KEEPAI_SMTP_HOST", "value": "smtp.example.org:25"},
        ),
        ({"SMTP_HOST": "smtp.example.org"}, "cli.settings.needs_sender", {"name": "KEEPAI_SMTP_HOST"}),
        ({"SMTP_PASSWORD": "secret"}, "cli.settings.smtp_pair", {}),
        (
            {"TLS_CERT": "/nowhere", "TLS_KEY": "/nowhere"},
            "cli.settings.unreadable_file",
            {"name": "KEEPAI_TLS_CERT", "path": "/nowhere"},
        ),
        ({"HOST": "no.such.host.invalid"}, "cli.port.no_such_host", {"host": "no.such.host.invalid"}),
        (
            {"DATABASE_URL": "postgresql://ana:secret@127.0.0.1:9/keepai"},
            "cli.database.no_answer",
            {"database": "postgresql+psycopg://ana:***@127.0.0.1:9/keepai", "why": None},
        ),
    ],
)
@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_a_start_that_cannot_be_says_why_in_one_sentence(installation, variables, key, params, language):
    outcome = installation.command("run", language=f"{language.replace('-', '_')}.UTF-8", **variables)
    said = sentence(outcome)
    begin, _, end = translate(
        language, key, **{k: "<any>" if v is None else v for k, v in params.items()}
    ).partition("<any>")
    assert said.startswith(begin)
    assert said.endswith(end)
    assert "secret" not in said


def test_a_file_where_the_data_folder_should_be(installation, tmp_path):
    (tmp_path / "file").write_text("")
    said = sentence(installation.command("run", DATA_DIR=tmp_path / "file" / "data"))
    assert said.startswith(f"The data folder {tmp_path}/file/data cannot be written (Not a directory)")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_only_be_read(installation, tmp_path):
    tmp_path.chmod(0o500)
    try:
        said = sentence(installation.command("run"))
    finally:
        tmp_path.chmod(0o700)
    assert "cannot be written (Permission denied)" in said


def test_a_taken_port_names_the_holder_and_a_free_one(installation):
    with socket.create_server(("127.0.0.1", installation.port)):
        said = sentence(installation.command("run"))
        me = psutil.Process()
    free = int(said.rpartition("KEEPAI_PORT=")[2].rstrip("."))
    assert free > installation.port
    socket.create_server(("127.0.0.1", free)).close()
    assert said == translate(
        "en", "cli.port.taken_by", port=installation.port, name=me.name(), pid=me.pid, free=free
    )


def test_a_port_taken_on_all_addresses_is_taken_here_too(installation):
    with socket.create_server(("0.0.0.0", installation.port), reuse_port=True):
        said = sentence(installation.command("run"))
    assert f"Port {installation.port} is taken" in said


def test_a_database_of_a_newer_version_is_left_alone(installation):
    installation.folder.mkdir()
    with sqlite3.connect(installation.folder / "keepai.db") as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    assert "made by a newer KeepAI" in sentence(installation.command("run"))


@pytest.mark.parametrize("command", ["run", "migrate", "create-admin eva@example.org", "audit-verify"])
@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_a_database_that_was_written_with_another_key_is_left_alone(installation, command, language):
    assert installation.command("migrate").returncode == 0
    installation.command("migrate", SECRET_KEY="")  # the same key again
    folder = installation.folder
    outcome = installation.command(
        *command.split(), language=f"{language.replace('-', '_')}.UTF-8", SECRET_KEY="another one"
    )
    assert sentence(outcome) == translate(
        language, "cli.database.other_key", database=folder / "keepai.db", file=folder / "secret.key"
    )
    assert "another one" not in outcome.stderr
    (folder / "secret.key").unlink()  # as after the data folder was lost
    assert sentence(installation.command(*command.split())).startswith("The database ")


def test_several_problems_are_told_at_once(installation):
    outcome = installation.command("run", PORT="x", OLAMA_URL="y")
    assert outcome.returncode == WRONG_USE
    assert len(outcome.stderr.splitlines()) == 2


def test_roles_of_the_supervisor_are_not_started_by_hand(installation):
    for role in ("web", "compute", "demo"):
        assert sentence(installation.command(role)) == translate("en", "cli.role.not_alone", role=role)


def test_the_background_alone_needs_redis(installation):
    assert "KEEPAI_REDIS_URL" in sentence(installation.command("background"))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "pt_BR.UTF-8"}, "pt-BR"),
        ({"LANG": "pt_PT"}, "pt-BR"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "pt_BR", "LC_ALL": "C"}, "en"),
        ({"LC_MESSAGES": "pt_BR", "LANG": "en_US"}, "pt-BR"),
        ({"LC_ALL": "", "LANG": "pt_BR"}, "pt-BR"),
    ],
)
def test_the_language_is_that_of_the_terminal(environment, expected):
    assert locale(environment) == expected
