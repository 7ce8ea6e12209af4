"""The frontend: built when something that goes into it changed, kept otherwise.

Two questions, the quick one first. Has any file changed that could matter? If not, nothing happens. Does Reflex
compile them to something else than last time? If not, the finished build stays and only its mark is renewed.

Reflex compiles into `.web`; a build that came out well is moved to `.build/frontend`, which is what the web
server serves. A build that fails therefore never takes away the one being served.
"""

import base64
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from keepai.cli import ROOT
from keepai.cli.say import stop, tell

KEPT = ROOT / ".build"
SERVED = KEPT / "frontend"
MARK = "fingerprint"
COMPILED = "compiled"
# State vars take their defaults, and pages their options, from anywhere in services and models.
INPUTS = (
    "keepai/keepai.py",
    "keepai/routes.py",
    "keepai/pages",
    "components",
    "state",
    "services",
    "models",
    "assets",
    "rxconfig.py",
    "keepai/cli/build.py",
)
NPM_LOCK = ("reflex.lock",)
# Of what Reflex leaves in `.web`: not compiled from our files, or a note of when it ran.
NOT_COMPILED = {"node_modules", "build", ".react-router", "reflex.json", "package.json", "package-lock.json"}
PACKAGES = re.compile(r"^reflex[\w-]*==\S+", re.MULTILINE)
VERSION_STAMP = b"__KEEPAI_BUILD__"
INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)

# The compiled socket address carries the port of the build, and with https none at all. The page's own port
# is right in every set-up that serves page and socket from one place, which is the only one there is.
PORT_OF_THE_BUILD = "endpoint.hostname = frontend_hostname;"
PORT_OF_THE_PAGE = "endpoint.port = window.location.port;"
PORT_OF_HTTPS = 'endpoint.port = "";'

ONLY_SERVING = {
    "__REFLEX_SKIP_COMPILE": "true",
    "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
    "REFLEX_WEB_WORKDIR": str(SERVED),
}


def ensure() -> int:
    """Build unless what is served is up to date. Returns an exit code, 0 also when an older build serves on."""
    if is_current():
        return 0
    tell("cli.build.building")
    # A fixed seed, since the order of sets may show in what is compiled.
    told = {**os.environ, "PYTHONHASHSEED": "0"}
    argv = [sys.executable, "-m", "keepai", "build", "--parent", str(os.getpid())]
    process = subprocess.Popen(argv, cwd=ROOT, env=told, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        code = process.wait()
    finally:  # npm and what it started, when we are told to stop meanwhile
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if code and (SERVED / COMPILED).exists():
        tell("cli.build.failed_old_serves")
        return 0
    return code


def is_current() -> bool:
    """Whether the build being served is of exactly these files."""
    return _served(MARK) == fingerprint()


def fingerprint(root: Path = ROOT, sources: str = "") -> str:
    """A digest of everything that goes into the compiled frontend. Some 20 ms.

    `sources` is what `_sources` said before a build, for files that changed while it ran; npm's lock counts as
    it is after a build, which may complete it.
    """
    return _digest(_input_files(root, NPM_LOCK), root, sources or _sources(root))


def build() -> int:
    """Compile, build and put in place. Runs in a process of its own, since it imports the whole app."""
    sources = _sources(ROOT)
    os.environ.update(environment())
    os.chdir(ROOT)
    _needs_node()
    from reflex.utils import build as reflex_build
    from reflex.utils import path_ops, prerequisites
    from reflex_base import constants
    from reflex_base.environment import environment as reflex_environment

    reflex_environment.REFLEX_COMPILE_CONTEXT.set(constants.CompileContext.EXPORT)
    web = prerequisites.get_web_dir()
    if prerequisites.needs_reinit():
        prerequisites.initialize_reflex_user_directory()
        prerequisites.ensure_reflex_installation_id()
        prerequisites.initialize_frontend_dependencies()
    with path_ops.file_lock(web):
        shutil.rmtree(web / "backend", ignore_errors=True)
        prerequisites.get_compiled_app(prerender_routes=True, trigger="export")
        reflex_build.setup_frontend(ROOT)
        tidy_lock()
        compiled = _digest(_compiled_files(web), web, _digest(_input_files(ROOT, NPM_LOCK), ROOT, ""))
        if compiled != _served(COMPILED):
            with (
                _following_the_page(web / "utils" / "state.js"),
                _stamped(web / "public" / "sw.js", compiled),
            ):
                reflex_build.build()
            _publish(web, compiled)
        (SERVED / MARK).write_text(fingerprint(ROOT, sources))
    return 0


def tidy_lock(root: Path = ROOT) -> None:
    """Write npm's package.json in one order; Reflex copies it back in whichever npm left it."""
    path = root / "reflex.lock" / "package.json"
    tidy = json.dumps(json.loads(path.read_text()), indent=2, sort_keys=True) + "\n"
    if path.read_text() != tidy:
        path.write_text(tidy)


def environment() -> dict[str, str]:
    """What Reflex is told while building: npm from this environment, nobody called but npm's registry."""
    given = dict(os.environ)
    bin_folder = str(Path(sys.executable).parent)
    told = {
        "PATH": os.pathsep.join([bin_folder, given.get("PATH", "")]),
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_USE_NPM": "1",
        "REFLEX_DIR": str(KEPT / "reflex"),
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "0",
        "NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED": "true",
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
        "NPM_CONFIG_FUND": "false",
        "NPM_CONFIG_AUDIT": "false",
    }
    if registry := given.get("NPM_CONFIG_REGISTRY") or _registry(told["PATH"]):
        told["NPM_CONFIG_REGISTRY"] = registry
    return told


def serving_environment(data_dir: str) -> dict[str, str]:
    """The environment in which children serve the build without building."""
    return {
        **os.environ,
        **ONLY_SERVING,
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_DIR": str(Path(data_dir) / "reflex"),
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "0",
    }


def script_hashes(static: Path) -> list[str]:
    """The CSP sources of all inline scripts in the built pages."""
    found = set()
    for page in static.rglob("*.html"):
        for script in INLINE_SCRIPT.findall(page.read_bytes()):
            found.add("sha256-" + base64.b64encode(hashlib.sha256(script).digest()).decode())
    return sorted(found)


def _served(name: str) -> str:
    """A note beside the build being served, or an empty text."""
    try:
        return (SERVED / name).read_text()
    except OSError:
        return ""


def _sources(root: Path) -> str:
    lock = root / "requirements.lock"
    packages = sorted(PACKAGES.findall(lock.read_text())) if lock.exists() else []
    return _digest(_input_files(root, INPUTS), root, "\n".join(packages))


def _digest(files: Iterable[Path], root: Path, more: str) -> str:
    digest = hashlib.sha256(more.encode())
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _input_files(root: Path, names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        path = root / name
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file() and not _is_made(file))


def _compiled_files(web: Path) -> Iterator[Path]:
    for path in sorted(web.iterdir()):
        if path.name in NOT_COMPILED:
            continue
        yield from sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def _is_made(path: Path) -> bool:
    """Whether Python or Reflex made the file, so that nobody wrote it."""
    return "__pycache__" in path.parts or ("assets" in path.parts and "external" in path.parts)


def _registry(path: str) -> str:
    """The registry that npm is configured to use."""
    try:
        asked = subprocess.run(
            ["npm", "config", "get", "registry"],
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def _needs_node() -> None:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            stop("cli.build.no_node", program=program)


@contextlib.contextmanager
def _following_the_page(script: Path) -> Iterator[None]:
    """Have the built page open its socket on its own port; `make dev` has two ports and keeps Reflex's way."""
    from reflex_base import constants

    text = (constants.Templates.Dirs.WEB_TEMPLATE / "utils" / script.name).read_text()
    if text.count(PORT_OF_THE_BUILD) != 1 or text.count(PORT_OF_HTTPS) != 1:
        raise RuntimeError(
            "this Reflex computes the socket's address in another way: see keepai/cli/build.py"
        )
    changed = text.replace(PORT_OF_HTTPS, "")
    script.write_text(changed.replace(PORT_OF_THE_BUILD, f"{PORT_OF_THE_BUILD}\n    {PORT_OF_THE_PAGE}"))
    try:
        yield
    finally:
        script.write_text(text)


@contextlib.contextmanager
def _stamped(script: Path, build_id: str) -> Iterator[None]:
    """Give the service worker the build it belongs to, so that browsers notice a new one."""
    source = ROOT / "assets" / script.name
    if not source.exists():
        yield
        return
    written = source.read_bytes()
    script.write_bytes(written.replace(VERSION_STAMP, build_id[:16].encode()))
    try:
        yield
    finally:
        script.write_bytes(written)


def _publish(web: Path, compiled: str) -> None:
    """Put the finished build where it is served from, in one rename."""
    new, old = KEPT / "frontend.new", KEPT / "frontend.old"
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(web / "build" / "client", new / "build" / "client")
    shutil.copytree(web / "backend", new / "backend")
    for name in ("routes.json", "reflex.json", "env.json"):
        shutil.copy2(web / name, new / name)
    hashes = script_hashes(new / "build" / "client")
    (new / "csp.json").write_text(json.dumps({"script_hashes": hashes}))
    (new / COMPILED).write_text(compiled)
    with contextlib.suppress(FileNotFoundError):
        SERVED.rename(old)
    new.rename(SERVED)
    shutil.rmtree(old, ignore_errors=True)
