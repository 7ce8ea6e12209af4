"""The tools of whoever runs an installation; each works while KeepAI runs."""

import asyncio
import datetime
import sqlite3
import ssl
import stat
import subprocess
import sys
import tarfile

import pytest

from keepai import __version__
from keepai.cli import ROOT, backup, demo, doctor
from keepai.cli.say import WRONG_USE
from services import audit, db, secret_key
from services.i18n import translate
from services.identity import passwords
from services.settings import Settings
from tests.cli.certificate import self_signed
from tests.mail_server import MailServer

pytestmark = pytest.mark.slow  # each starts real processes

SHOWN = "shown only now"


def account(installation, email: str) -> tuple[str, int]:
    """Password hash and whether it must be changed."""
    with sqlite3.connect(installation.folder / "keepai.db") as database:
        return database.execute(
            "SELECT password_hash, must_change_password FROM account WHERE email = ?", (email,)
        ).fetchone()


def password_in(text: str) -> str:
    assert SHOWN in text
    return text.rpartition("assword: ")[2].split()[0]


def test_version(installation):
    assert installation.command("version").stdout == f"KeepAI {__version__}\n"


def test_the_audit_log_is_checked_and_a_change_is_found(start, installation):
    start()
    installation.command("create-admin", "bruno@example.org")
    _link(installation.folder)
    whole = installation.command("audit-verify")
    assert whole.returncode == 0, whole.stderr
    assert whole.stdout.startswith("The audit log is as it was written: ")
    with sqlite3.connect(installation.folder / "keepai.db") as database:
        database.execute("UPDATE audit_event SET action = 'audit.exported' WHERE number = 1")
    database.close()
    broken = installation.command("audit-verify")
    assert broken.returncode == 1
    assert translate("en", "cli.audit.changed", number=1) in broken.stdout.splitlines()


def _link(folder):
    """What the background role does every two seconds; the small app of these tests has none."""
    key = secret_key.derive(Settings(data_dir=folder), audit.PURPOSE)
    db.configure(f"sqlite:///{folder / 'keepai.db'}")
    try:
        audit.write_head(folder, db.write_now(audit.link_new, key, None))
    finally:
        db.configure(None)


def test_another_admin_and_a_new_password_while_it_runs(start, installation):
    start()
    made = installation.command("create-admin", "Bruno@Example.org")
    assert made.returncode == 0, made.stderr
    hashed, must_change = account(installation, "bruno@example.org")
    assert passwords.matches(password_in(made.stdout), hashed)
    assert must_change == 1

    again = installation.command("reset-password", "bruno@example.org")
    other, must_change = account(installation, "bruno@example.org")
    new = again.stdout.partition("new password: ")[2].split()[0]
    assert passwords.matches(new, other)
    assert not passwords.matches(password_in(made.stdout), other)
    assert must_change == 1


def test_nobody_is_locked_out_before_the_first_start(installation):
    installation.folder.mkdir()
    assert installation.command("create-admin", "ana@example.org").returncode == 0
    assert account(installation, "ana@example.org")


def test_mistyped_addresses_are_answered_in_words(installation):
    installation.folder.mkdir()
    assert installation.command("create-admin", "ana@example.org").returncode == 0
    taken = installation.command("create-admin", "ana@example.org")
    unknown = installation.command("reset-password", "anna@example.org")
    wrong = installation.command("create-admin", "ana")
    for outcome in (taken, unknown, wrong):
        assert outcome.returncode == WRONG_USE
        assert "Traceback" not in outcome.stderr
    assert "already" in taken.stderr
    assert unknown.stderr.splitlines()[1] == translate("en", "cli.people.known", emails="ana@example.org")


def test_a_backup_taken_while_somebody_writes_can_be_restored(installation, tmp_path):
    installation.folder.mkdir()
    assert installation.command("create-admin", "ana@example.org").returncode == 0
    (installation.folder / "files").mkdir()
    (installation.folder / "files" / "a.txt").write_text("kept")
    (installation.folder / "compute").mkdir()
    (installation.folder / "compute" / "scratch.bin").write_text("made anew")
    (installation.folder / "secret.key").write_text("key")
    writer = sqlite3.connect(installation.folder / "keepai.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE account SET name = 'half written'")
    outcome = installation.command("backup")
    writer.execute("ROLLBACK")
    writer.close()
    assert outcome.returncode == 0, outcome.stderr

    (file,) = (installation.folder / backup.FOLDER).iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(file) as archive:
        assert sorted(archive.getnames()) == ["files/a.txt", "keepai.db", "secret.key"]
        archive.extractall(tmp_path / "restored", filter="data")
    with sqlite3.connect(tmp_path / "restored" / "keepai.db") as restored:
        assert restored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert restored.execute("SELECT email, name FROM account").fetchall() == [("ana@example.org", "")]
    again = installation.command("doctor", DATA_DIR=tmp_path / "restored")
    assert translate("en", "cli.doctor.admins", count=1) in again.stdout


def test_a_backup_never_overwrites(installation, tmp_path):
    installation.folder.mkdir()
    (installation.folder / "secret.key").write_text("key")
    target = tmp_path / "mine.tar.gz"
    assert installation.command("backup", str(target)).returncode == 0
    before = target.read_bytes()
    assert installation.command("backup", str(target)).returncode == WRONG_USE
    assert target.read_bytes() == before


def test_postgresql_is_left_to_its_own_tool(installation):
    installation.folder.mkdir()
    (installation.folder / "secret.key").write_text("key")
    outcome = installation.command(
        "backup", DATABASE_URL="postgresql://ana:secret@db.example.org:5433/keepai"
    )
    assert outcome.returncode == 0
    assert (
        "pg_dump --format=custom --file=keepai.dump 'postgresql://ana@db.example.org:5433/keepai'"
        in outcome.stdout
    )
    assert "secret" not in outcome.stdout


def test_nothing_to_save_is_said(installation):
    outcome = installation.command("backup")
    assert outcome.returncode == WRONG_USE
    assert outcome.stderr.strip() == translate("en", "cli.backup.nothing", folder=installation.folder)


def test_the_doctor_names_what_is_wrong_and_what_is_well(start, installation):
    running = start()
    outcome = installation.command("doctor")
    lines = outcome.stdout.splitlines()
    assert outcome.returncode == 1  # nothing listens at the scheduler's address
    assert [line for line in lines if line.startswith("problem")] == [
        "problem  "
        + translate(
            "en",
            "cli.doctor.scheduler_silent",
            address="tcp://127.0.0.1:9",
            why="Connection refused",
        )
    ]
    assert f"ok       {translate('en', 'cli.doctor.running', pid=running.process.pid)}" in lines
    assert f"ok       {translate('en', 'cli.doctor.admins', count=1)}" in lines


def test_the_doctor_finds_its_way_without_usable_settings(installation):
    outcome = installation.command("doctor", PROT=1)
    assert outcome.returncode == 1
    assert "KEEPAI_PORT" in outcome.stdout
    assert "Traceback" not in outcome.stderr


def test_the_doctor_speaks_portuguese(installation):
    outcome = installation.command("doctor", language="pt_BR.UTF-8", DASK_SCHEDULER="")
    assert "certo" in outcome.stdout
    assert translate("pt-BR", "cli.doctor.scheduler_embedded") in outcome.stdout


def test_the_doctor_sees_a_redis_that_is_silent(installation):
    outcome = installation.command("doctor", REDIS_URL="redis://127.0.0.1:9/0")
    assert "Redis does not answer" in outcome.stdout


def test_the_doctor_says_why_the_mail_server_is_down(installation):
    mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": 9, "SMTP_FROM": "keepai@example.org"}
    outcome = installation.command("doctor", language="pt_BR.UTF-8", **mail)
    why = translate("pt-BR", "probes.reason.refused", address="127.0.0.1:9")
    line = translate("pt-BR", "cli.doctor.mail_down", address="127.0.0.1:9", why=why)
    assert f"problema  {line}" in outcome.stdout.splitlines()


async def test_the_doctor_asks_the_mail_server(tmp_path):
    self_signed(tmp_path / "cert.pem", tmp_path / "key.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    async with MailServer(context).listening() as server:
        given = Settings(smtp_host="localhost", smtp_port=server.port, smtp_tls="none")
        (found,) = await asyncio.to_thread(lambda: list(doctor._mail(given)))
    assert (found.verdict, server.asked) == ("ok", ["EHLO", "NOOP", "QUIT"])
    assert f"localhost:{server.port}" in found.sentence


def test_the_doctor_asks_for_no_mail_server():
    (found,) = doctor._mail(Settings())
    assert found.verdict == "ok"


@pytest.mark.parametrize(("days", "verdict"), [(90, "ok"), (3, "problem"), (-1, "problem")])
def test_the_doctor_reads_the_certificate(tmp_path, days, verdict):
    path = tmp_path / "cert.pem"
    self_signed(path, tmp_path / "key.pem", days)
    (found,) = doctor._certificate(Settings(tls_cert=str(path), tls_key=str(path)))
    assert found.verdict == verdict
    assert str(datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=days)) in found.sentence


@pytest.mark.dask
def test_the_demo_keeps_a_real_compute_busy():
    """Its tasks reach other processes by name, and what fails does so on purpose."""
    work = """
from distributed import Client, LocalCluster
from keepai.cli import demo

if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=4, dashboard_address=None) as cluster:
        with Client(cluster) as client, client.as_current():
            demo._round(client, 0)
            print(*cluster.scheduler.task_prefixes)
"""
    script = subprocess.run(
        [sys.executable, "-c", work], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert script.returncode == 0, script.stderr
    assert {"read_orders", "clean_orders", "spend_by_customer", "hold_features", "send_campaign"} <= set(
        script.stdout.split()
    )


def test_the_work_of_the_demo_is_the_same_for_the_same_day():
    assert demo.read_orders(3) == demo.read_orders(3)
    assert demo.spend_by_customer([(1, 2.0)], [(1, 0.5), (2, 1.0)]) == {1: 250, 2: 100}
    with pytest.raises(ValueError, match="consent"):
        demo.send_campaign(20)
