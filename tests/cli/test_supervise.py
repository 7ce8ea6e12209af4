"""What runs keeps running, and nothing is left when it ends."""

import os
import signal
import ssl
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from keepai.cli import supervise
from keepai.cli.say import WRONG_USE
from keepai.cli.supervise import SIGN_IN_FILE, Child, Keeper
from services.i18n import translate
from tests.cli.certificate import self_signed
from tests.cli.conftest import Installation, free_port

pytestmark = pytest.mark.slow  # each starts real processes

AT_ONCE = 1.0  # s, as promised


def page(running) -> bytes:
    return urllib.request.urlopen(f"http://127.0.0.1:{running.installation.port}/", timeout=5).read()


def answers(running) -> bool:
    try:
        return page(running) == b"small"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_and_leaves_no_child(start, number):
    running = start()
    assert answers(running)
    assert len(running.seen) == 2  # the web server and its worker
    running.process.send_signal(number)
    assert running.process.wait(10) == 0
    assert running.left() == []


def test_a_killed_parent_takes_its_children_along(start):
    running = start()
    running.process.kill()
    running.process.wait()
    started = time.monotonic()
    while running.left() and time.monotonic() - started < 10 * AT_ONCE:
        time.sleep(0.01)
    assert running.left() == []


def test_a_killed_child_is_replaced_and_leaves_nothing(start):
    running = start()
    first = running.child("web")
    (worker,) = first.children()
    first.kill()
    took = running.until(lambda: (running.child("web") or first).pid != first.pid, 10 * AT_ONCE)
    assert took < 10 * AT_ONCE
    running.until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, 10 * AT_ONCE)
    running.until(lambda: answers(running), 20)
    running.until(
        lambda: running.has_said("cli.run.child_ended", name="web", pid=first.pid, how="by signal SIGKILL"), 5
    )


def test_a_killed_worker_of_the_web_server_is_replaced(start):
    running = start()
    server = running.child("web")
    (worker,) = server.children()
    worker.kill()
    running.until(lambda: [c.pid for c in server.children() if c.pid != worker.pid], 10 * AT_ONCE)
    running.until(lambda: answers(running), 20)
    assert running.child("web") == server


def test_a_second_instance_on_the_folder_is_refused(start, installation):
    running = start()
    refused = installation.command("run", PORT=1)
    assert refused.returncode == WRONG_USE
    assert refused.stderr.strip() == translate(
        "en", "cli.folder.in_use", folder=installation.folder, pid=running.process.pid
    )
    assert answers(running)


def test_a_second_instance_on_the_port_is_refused(start, installation, tmp_path):
    running = start()
    refused = installation.command("run", DATA_DIR=tmp_path / "other")
    assert refused.returncode == WRONG_USE
    assert f"Port {installation.port} is taken by" in refused.stderr
    assert answers(running)


def test_two_that_start_at_the_same_moment_on_one_port(installation, tmp_path):
    """The web server shares its port, so the check before it must not leave a gap."""
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "keepai", "run"],
            cwd=supervise.ROOT,
            env=installation.environment(DATA_DIR=tmp_path / name),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name in ("one", "other")
    ]
    try:
        deadline = time.monotonic() + 30
        while all(p.poll() is None for p in both) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert sorted(p.poll() is None for p in both) == [False, True]
        assert WRONG_USE in {p.poll() for p in both}
    finally:
        for process in both:
            process.terminate()
            process.wait(15)


def test_it_starts_again_right_after_it_was_killed(start):
    start().process.kill()
    assert answers(start())


def test_the_first_sign_in_is_shown_once_and_never_in_a_log(start, installation):
    running = start()
    path = installation.folder / SIGN_IN_FILE
    assert running.has_said("cli.run.sign_in_in_file", path=path)
    password = path.read_text().partition("Password: ")[2].split()[0]
    assert len(password) >= 16
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not any(password in line for line in running.said)
    running.end()
    assert not any("sign-in" in line for line in start().said)


def test_on_a_terminal_the_first_sign_in_is_shown_there(installation):
    master, slave = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "keepai", "run"],
        cwd=supervise.ROOT,
        env=installation.environment(),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    said = b""
    try:
        while b"Ctrl-C" not in said:
            said += os.read(master, 4096)
    finally:
        process.terminate()
        process.wait(15)
        os.close(master)
    assert b"First sign-in: admin@keepai.local   Password: " in said
    assert not (installation.folder / SIGN_IN_FILE).exists()


def test_a_given_password_is_not_repeated(start, installation):
    running = start(ADMIN_EMAIL="ana@example.org", ADMIN_PASSWORD="a long enough secret")
    assert running.has_said("cli.run.sign_in_given", email="ana@example.org")
    assert not any("a long enough secret" in line for line in running.said)
    assert not (installation.folder / SIGN_IN_FILE).exists()


def test_the_supervisor_is_light(start):
    running = start()
    assert psutil.Process(running.process.pid).memory_info().rss < 50e6


def test_listening_beyond_this_machine_without_tls_is_noted(start):
    running = start(HOST="0.0.0.0")
    assert running.has_said("cli.notice.open_without_tls", host="0.0.0.0")
    assert answers(running)


@pytest.mark.dask
def test_with_the_embedded_compute_nothing_is_left_either(start, tmp_path):
    embedded = Installation(tmp_path / "data", DASK_SCHEDULER="", EMBEDDED_WORKERS=1)
    for end, promptly in ((signal.SIGTERM, 10), (signal.SIGKILL, 10 * AT_ONCE)):
        running = start(on=embedded)
        running.until(lambda running=running: len(running.child("compute").children()) >= 2, 40)
        running.look()
        running.process.send_signal(end)
        running.process.wait(promptly)
        started = time.monotonic()
        while running.left() and time.monotonic() - started < promptly:
            time.sleep(0.02)
        assert running.left() == []


@pytest.mark.dask
def test_a_killed_compute_is_replaced_without_its_workers_staying(start, tmp_path):
    running = start(on=Installation(tmp_path / "data", DASK_SCHEDULER="", EMBEDDED_WORKERS=1))
    compute = running.child("compute")
    running.until(lambda: len(compute.children()) >= 2, 40)
    workers = compute.children(recursive=True)
    compute.kill()
    running.until(lambda: (running.child("compute") or compute).pid != compute.pid, 10 * AT_ONCE)
    running.until(
        lambda: not [w for w in workers if w.is_running() and w.status() != psutil.STATUS_ZOMBIE], 10
    )


def test_what_ends_again_and_again_is_started_ever_later(capsys, monkeypatch):
    monkeypatch.setenv("LANG", "en")
    child = Child("crash", [sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ))
    pauses = []
    for moment in range(len(supervise.PAUSES) + 1):
        child.start(float(moment))
        child.process.wait()
        child.notice_end(float(moment))
        pauses.append(round(child.due - moment, 3))
    assert pauses == [*supervise.PAUSES, supervise.PAUSES[-1]]
    said = capsys.readouterr().err.splitlines()
    assert said[2] == translate(
        "en", "cli.run.child_keeps_ending", name="crash", times=3, how="with code 3", seconds="2"
    )


def test_what_lived_well_comes_back_at_once():
    child = Child("web", [sys.executable, "-c", ""], dict(os.environ))
    child.ends_in_a_row = 5
    child.start(0.0)
    child.process.wait()
    child.notice_end(supervise.LIVED_WELL + 1)
    assert child.ends_in_a_row == 1
    assert child.due == supervise.LIVED_WELL + 1


def test_a_child_that_will_not_end_is_ended(monkeypatch):
    monkeypatch.setattr(supervise, "STOPS_WITHIN", 0.5)
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    child = Child("stubborn", [sys.executable, "-c", stubborn], dict(os.environ))
    keeper = Keeper([child])
    child.start(time.monotonic())
    pid = child.process.pid
    time.sleep(0.3)
    keeper._stop()
    assert not psutil.pid_exists(pid)


def test_it_serves_tls_itself(start, tmp_path):
    self_signed(tmp_path / "cert.pem", tmp_path / "key.pem")
    running = start(TLS_CERT=tmp_path / "cert.pem", TLS_KEY=tmp_path / "key.pem")
    context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    address = f"https://localhost:{running.installation.port}/"
    assert urllib.request.urlopen(address, timeout=5, context=context).read() == b"small"
    assert running.has_said("cli.run.ready", address=address.rstrip("/"))


def test_several_web_processes_and_the_background_apart(start, tmp_path):
    """With Redis; the sibling that runs the loops is replaced like the others."""
    redis_port = free_port()
    redis = subprocess.Popen(
        ["redis-server", "--port", str(redis_port), "--save", "", "--dir", str(tmp_path)],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
    )
    try:
        running = start(WEB_PROCESSES=2, REDIS_URL=f"redis://127.0.0.1:{redis_port}/0")
        running.until(lambda: len(running.child("web").children()) == 2, 10 * AT_ONCE)
        background = running.child("background")
        background.kill()
        running.until(lambda: (running.child("background") or background).pid != background.pid, 10 * AT_ONCE)
        running.look()
        running.process.terminate()
        assert running.process.wait(15) == 0
        assert running.left() == []
    finally:
        redis.terminate()
        redis.wait()
