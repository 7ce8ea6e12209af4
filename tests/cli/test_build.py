"""The frontend is built when what goes into it changed, and a failed build takes nothing away."""

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from keepai.cli import ROOT, build
from keepai.cli.say import Stop
from tests.cli.conftest import free_port


@pytest.fixture
def project(tmp_path):
    """A project of which only the files matter."""
    for name in ("keepai/pages", "state", "services/i18n", "assets", "docs", "components/__pycache__"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "keepai/pages/dashboard.py").write_text("page")
    (tmp_path / "services/i18n/en.py").write_text("words")
    (tmp_path / "assets/app.css").write_text("css")
    (tmp_path / "requirements.lock").write_text("reflex==1 \\\n  --hash=x\nredis==1 \\\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("keepai/pages/dashboard.py", "other page"),
        ("keepai/pages/workers.py", "a new page"),
        ("services/i18n/en.py", "other words"),
        ("assets/app.css", "other css"),
        ("rxconfig.py", "config"),
        ("reflex.lock/package-lock.json", "{}"),
        ("requirements.lock", "reflex==2 \\\n  --hash=x\nredis==1 \\\n"),
    ],
)
def test_what_goes_into_the_frontend_changes_its_fingerprint(project, name, content):
    before = build.fingerprint(project)
    assert build.fingerprint(project) == before
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text(content)
    assert build.fingerprint(project) != before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.md", "text"),
        ("docs/map.md", "text"),
        ("keepai/notes.txt", "nobody imports it"),
        ("components/__pycache__/x.pyc", "bytes"),
        ("requirements.lock", "reflex==1 \\\n  --hash=x\nredis==2 \\\n"),
    ],
)
def test_what_does_not_go_into_it_leaves_the_fingerprint(project, name, content):
    before = build.fingerprint(project)
    (project / name).write_text(content)
    assert build.fingerprint(project) == before


def test_moving_a_text_from_one_file_to_another_is_a_change(project):
    (project / "state/a.py").write_text("ab")
    (project / "state/b.py").write_text("")
    before = build.fingerprint(project)
    (project / "state/a.py").write_text("a")
    (project / "state/b.py").write_text("b")
    assert build.fingerprint(project) != before


def test_what_changes_while_building_is_built_next_time(project):
    sources = build._sources(project)
    (project / "assets/app.css").write_text("edited meanwhile")
    assert build.fingerprint(project, sources) != build.fingerprint(project)


@pytest.fixture
def copy(tmp_path):
    """A copy of the project with an app of its own, given as code."""

    def _copy(app: str):
        for name in ("keepai/cli", "services", "models", "alembic"):
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in (
            "keepai/__init__.py",
            "keepai/__main__.py",
            "keepai/logs.py",
            "rxconfig.py",
            "requirements.lock",
            "alembic.ini",
        ):
            shutil.copy(ROOT / name, tmp_path / name)
        (tmp_path / "keepai/keepai.py").write_text(app)
        return tmp_path

    return _copy


def environment(root) -> dict[str, str]:
    return {
        **os.environ,
        **build.environment(),
        "LANG": "en",
        "KEEPAI_DATA_DIR": str(root / "data"),
        "KEEPAI_PORT": str(free_port()),
        "KEEPAI_DASK_SCHEDULER": "tcp://127.0.0.1:9",
    }


@pytest.mark.slow
def test_a_failed_build_leaves_the_last_good_one(copy):
    root = copy("raise ValueError('a mistake')")

    def ensure() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from keepai.cli import build; raise SystemExit(build.ensure())"],
            cwd=root,
            env=environment(root),
            capture_output=True,
            text=True,
            timeout=120,
        )

    assert ensure().returncode != 0, "there is nothing to serve"
    served = root / ".build/frontend/build/client/index.html"
    served.parent.mkdir(parents=True)
    served.write_text("the last good one")
    (root / ".build/frontend" / build.COMPILED).write_text("of another time")
    second = ensure()
    assert second.returncode == 0
    assert "the last one that could is served" in second.stderr
    assert served.read_text() == "the last good one"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_being_told_to_stop_while_building_leaves_nothing(copy, number):
    slow = """
import pathlib, subprocess, time
below = subprocess.Popen(["sleep", "60"])  # as npm would be
pathlib.Path("pid").write_text(str(below.pid))
time.sleep(60)
"""
    root = copy(slow)
    run = subprocess.Popen(
        [sys.executable, "-m", "keepai", "run"],
        cwd=root,
        env=environment(root),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not (root / "pid").exists() or not (root / "pid").read_text():
        assert run.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    below = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
    assert int((root / "pid").read_text()) in {process.pid for process in below}
    run.send_signal(number)
    run.wait(15)
    _, left = psutil.wait_procs(below, timeout=10)
    assert left == []


def test_without_node_one_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Stop, match="node"):
        build._needs_node()


def test_inline_scripts_are_named_for_the_policy(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "index.html").write_text('<script>one()</script><script src="/x.js"></script>')
    (tmp_path / "a/index.html").write_text('<script type="module">two()\n</script><script>one()</script>')
    expected = {
        "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in ("one()", "two()\n")
    }
    assert set(build.script_hashes(tmp_path)) == expected


def test_the_built_page_opens_its_socket_on_its_own_port(tmp_path):
    """Fails when a new Reflex computes the address in another way."""
    script = tmp_path / "state.js"
    script.write_text("as Reflex left it")
    with build._following_the_page(script):
        built = script.read_text()
    assert built.count("endpoint.port = window.location.port;") == 1
    assert 'endpoint.port = "";' not in built
    assert "window.location.port" not in script.read_text()


def test_the_served_build_is_the_finished_one():
    told = build.serving_environment("/data")
    assert told["REFLEX_WEB_WORKDIR"] == str(ROOT / ".build" / "frontend")
    assert told["REFLEX_DIR"] == "/data/reflex"
    assert told["__REFLEX_SKIP_COMPILE"] == "true"


def test_nothing_is_reported_to_anybody():
    told = build.environment()
    assert told["REFLEX_TELEMETRY_ENABLED"] == "false"
    assert told["REFLEX_CHECK_LATEST_VERSION"] == "0"
    assert told["NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED"] == "true"


def test_the_npm_lock_has_one_order(tmp_path):
    path = tmp_path / "reflex.lock" / "package.json"
    path.parent.mkdir()
    written = []
    for text in ('{"b":{"d":1,"c":2},"a":3}', '{"a":3,"b":{"c":2,"d":1}}\n'):
        path.write_text(text)
        build.tidy_lock(tmp_path)
        written.append(path.read_text())
    assert written[0] == written[1]
    assert json.loads(written[0]) == {"a": 3, "b": {"c": 2, "d": 1}}


def test_the_npm_lock_names_no_registry():
    lock = ROOT / "reflex.lock" / "package-lock.json"
    assert '"resolved"' not in lock.read_text()
