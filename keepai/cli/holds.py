"""What only one KeepAI may have at a time: its data folder and its port."""

import errno
import fcntl
import os
import socket
import time
from pathlib import Path
from typing import IO

from keepai.cli.say import stop

LOCK = "keepai.lock"
PATIENCE = 1.5  # s; a predecessor that was killed needs a moment until its children are gone
NEXT_PORTS = 50


def hold_folder(folder: Path) -> IO[str]:
    """Make the folder, lock it, and return the open lock, which must be kept. Raises Stop."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / LOCK).open("a+")
    except OSError as error:
        stop("cli.folder.not_writable", folder=folder, why=os.strerror(error.errno or 0))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
    except BlockingIOError:
        with lock:
            lock.seek(0)
            stop("cli.folder.in_use", folder=folder, pid=lock.read().strip() or "?")
    except OSError as error:  # no locks on this file system, or no space
        lock.close()
        key = "cli.folder.not_writable" if error.errno == errno.ENOSPC else "cli.folder.no_locks"
        stop(key, folder=folder, why=os.strerror(error.errno or 0))
    return lock


def holder_of(folder: Path) -> int | None:
    """The process id of the KeepAI that runs on a folder, or None."""
    try:
        with (folder / LOCK).open("r") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0)
    except (OSError, ValueError):
        pass
    return None


def hold_port(host: str, port: int) -> socket.socket:
    """Reserve the port and return the socket, which must be kept open. Raises Stop.

    The web server shares its port among processes (SO_REUSEPORT), so a second instance would silently get
    part of the requests. This socket is bound alone, never listens, and allows sharing only afterwards: our
    own web server may join it, a second reservation is refused as long as it is open.
    """
    patient_until = time.monotonic() + PATIENCE
    while True:
        try:
            return _bind(host, port)
        except socket.gaierror:
            stop("cli.port.no_such_host", host=host)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                if time.monotonic() < patient_until:
                    time.sleep(0.1)
                    continue
                _say_who(host, port)
            if error.errno in (errno.EACCES, errno.EPERM):
                stop("cli.port.not_allowed", port=port, free=next_free(host, max(port, 1024)))
            stop("cli.port.not_here", host=host, why=os.strerror(error.errno or 0))


def next_free(host: str, port: int) -> int:
    """The next port after `port` that can be had; with none near it, any that the system gives."""
    for candidate in range(port + 1, min(port + NEXT_PORTS, 65536)):
        try:
            _bind(host, candidate).close()
        except OSError:
            continue
        return candidate
    with socket.create_server(("127.0.0.1", 0)) as any_port:
        return int(any_port.getsockname()[1])


def numeric(host: str) -> str:
    """The address of a host name, as the web server wants it. IPv4 first, so that localhost is 127.0.0.1."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return str(min(found, key=lambda entry: entry[0] != socket.AF_INET)[4][0])


def _bind(host: str, port: int) -> socket.socket:
    address = numeric(host)
    if _answers(address, port):  # some systems let us bind beside somebody who listens on all addresses
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    held = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((address, port))
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError:
        held.close()
        raise
    return held


def _answers(address: str, port: int) -> bool:
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104
    try:
        socket.create_connection((reached, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _say_who(host: str, port: int) -> None:
    free = next_free(host, port)
    if holder := _holder(port):
        stop("cli.port.taken_by", port=port, name=holder[0], pid=holder[1], free=free)
    stop("cli.port.taken", port=port, free=free)


def _holder(port: int) -> tuple[str, int] | None:
    """Name and process id of whoever listens on the port, where the system tells us."""
    import psutil

    for process in psutil.process_iter(["name"]):
        try:
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return str(process.info["name"]), int(process.pid)
        except (psutil.Error, OSError):
            continue
    return None
