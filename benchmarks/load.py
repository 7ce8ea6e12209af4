"""The caller of a benchmark: as many connections as it is told, each with one request under way, and how it went.

A process of its own (`python -m benchmarks.load`), told in one line of JSON and answering in one: asyncio and a
client library would take as much of a core as what is measured, so this is a bare loop over the sockets. It speaks
as much HTTP/1.1 as the answers need: a head with Content-Length, connections that stay open.
"""

import json
import os
import re
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import percentile
from benchmarks.installation import child

CONNECTIONS = 64
WARM_UP = 2.0  # s before anything counts
PATIENCE = 30.0  # s; whatever takes longer than this is lost
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
MADE = re.compile(rb'^\{"id":"([0-9a-f]+)"')


@dataclass(frozen=True)
class Caller:
    """One connection: what it asks, in turn. With `write_every` each so many-th request makes something with `make`,
    and the next such one ends that with `end`, in which `{id}` stands for its id."""

    reads: Sequence[str]
    write_every: int = 0
    make: str = ""
    end: str = ""


@dataclass(frozen=True)
class Went:
    """How it went, warming up left out (but not of what was made and ended)."""

    seconds: float
    took: list[float]  # s
    wrong: dict[str, int]  # what else came than was asked for
    bytes: int  # of the last answer to a read
    made: list[str]
    ended: list[str]
    writes: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.took) / self.seconds

    def within(self, share: float) -> float:
        """Milliseconds within which that share of the answers came."""
        return 1000 * percentile(self.took, share)


def request(
    method: str, path: str, port: int, headers: dict[str, str] | None = None, body: str | None = None
) -> str:
    """A request as it travels."""
    given = {"Host": f"127.0.0.1:{port}", "Accept": "application/json", **(headers or {})}
    if body is not None:
        given |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n{body or ''}"


def call(port: int, callers: Sequence[Caller], seconds: float) -> Went:
    """Let all of them call at once for so long."""
    told = {"port": port, "seconds": seconds, "callers": [vars(caller) for caller in callers]}
    with child("-m", "benchmarks.load", environment={**os.environ}) as process:
        assert process.stdin and process.stdout
        print(json.dumps(told), file=process.stdin, flush=True)
        return Went(**json.loads(process.stdout.readline()))


@dataclass(slots=True)
class _Line:
    """One connection and what is under way on it."""

    socket: socket.socket
    reads: list[bytes]
    write_every: int
    make: bytes
    end: bytes
    kind: str = ""
    number: int = 0
    mine: str = ""  # the id of what it made and has not ended
    since: float = 0.0
    got: bytearray = field(default_factory=bytearray)
    whole: int = 0  # bytes of the answer, 0 until its head is there
    body: int = 0  # where its body begins


class _Calls:
    """All connections, in one thread."""

    def __init__(self, port: int, callers: Sequence[dict[str, Any]]) -> None:
        self._waiting = selectors.DefaultSelector()
        self.took: list[float] = []
        self.wrong: Counter[str] = Counter()
        self.made: list[str] = []
        self.ended: list[str] = []
        self.writes = self.bytes = 0
        for given in callers:
            opened = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reads = [text.encode() for text in given["reads"]]
            line = _Line(opened, reads, given["write_every"], given["make"].encode(), given["end"].encode())
            self._waiting.register(opened, selectors.EVENT_READ, line)
        self._lines: list[_Line] = [key.data for key in self._waiting.get_map().values()]

    def run(self, seconds: float) -> float:
        """Call until the time is over, then wait for what is under way. Returns the seconds that counted."""
        began = time.perf_counter() + WARM_UP
        end = began + seconds
        for line in self._lines:
            self._ask(line)
        open_ = len(self._lines)
        while open_:
            ready = self._waiting.select(PATIENCE)
            if not ready:
                self.wrong["no answer"] += open_
                break
            for key, _ in ready:
                line = key.data
                if not self._hear(line):
                    continue
                at = time.perf_counter()
                if began <= line.since and at <= end:
                    self.took.append(at - line.since)
                if at < end and line.kind:
                    self._ask(line)
                else:
                    self._waiting.unregister(line.socket)
                    line.socket.close()
                    open_ -= 1
        return seconds

    def _ask(self, line: _Line) -> None:
        line.number += 1
        if line.write_every and line.number % line.write_every == 0:
            self.writes += 1
            line.kind = "end" if line.mine else "make"
            sent = line.end.replace(b"{id}", line.mine.encode()) if line.mine else line.make
        else:
            line.kind, sent = "read", line.reads[line.number % len(line.reads)]
        line.since = time.perf_counter()
        line.socket.sendall(sent)

    def _hear(self, line: _Line) -> bool:
        """Take what came; whether the answer is whole. The kind is empty where the connection is over."""
        came = line.socket.recv(262_144)
        if not came:
            self.wrong["closed"] += 1
            line.kind = ""
            return True
        got = line.got
        got += came
        if not line.whole:
            head = got.find(b"\r\n\r\n")
            if head < 0:
                return False
            length = LENGTH.search(got, 0, head)
            line.body = head + 4
            line.whole = line.body + (int(length[1]) if length else 0)
        if len(got) < line.whole:
            return False
        self._judge(line, got[9:12], len(got) - line.body)
        line.got, line.whole = bytearray(), 0
        return True

    def _judge(self, line: _Line, status: bytes | bytearray, size: int) -> None:
        if line.kind == "read" and status == b"200":
            self.bytes = size
        elif line.kind == "make" and status == b"201" and (found := MADE.match(line.got[line.body :])):
            line.mine = found[1].decode()
            self.made.append(line.mine)
        elif line.kind == "end" and status == b"204":
            self.ended.append(line.mine)
            line.mine = ""
        else:
            self.wrong[f"{line.kind}: {status.decode()}"] += 1


def main() -> None:
    """What one line says."""
    told = json.loads(sys.stdin.readline())
    calls = _Calls(told["port"], told["callers"])
    seconds = calls.run(told["seconds"])
    names = ("took", "wrong", "bytes", "made", "ended", "writes")
    print(json.dumps({"seconds": seconds, **{name: getattr(calls, name) for name in names}}), flush=True)


if __name__ == "__main__":
    main()
