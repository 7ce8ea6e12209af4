"""Searching 50,000 notes of ten people, a third of them shared, on both databases; beside reading through the texts.

The notes are put together from the paragraphs of real Markdown pages, in Portuguese and English, where these lie beside
the checkout; else from made-up words. Each round asks what nobody asked before: words that follow each other in some
note, also cut short as by somebody who types, and the words that are in most notes.
"""

import random
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text
from sqlmodel import Session, col, func, select

from benchmarks.figures import ROOT, Report, percentile
from models import Account, Passage, Share
from models.base import new_id
from services import db, index, sharing
from services.index import fold, passages
from services.sharing import Reader
from tests.conftest import PostgreSQL, run_migrations

PAGES = ROOT.parent / "shared" / "data" / "notes"
NOTES, PEOPLE, AT_ONCE = 50_000, 10, 500
QUESTIONS = 300
BASELINE = 12
MOST = 100.0  # ms, for 95 of 100
AT = datetime(2026, 11, 20, tzinfo=UTC)


def main(report: Report, rounds: int) -> None:
    """Fill both databases once, ask in each round."""
    texts = paragraphs(report)
    with databases() as every:
        people = {name: _filled(use, report, name, texts) for name, use in every.items()}
        for number in range(rounds):
            rng = random.Random(number)
            asked = questions(rng, texts)
            for name, use in every.items():
                use()
                _ask(report, name, people[name], asked, rng)


def _ask(report: Report, name: str, people: list[Account], asked: list[str], rng: random.Random) -> None:
    for how, fn in (("words", index.find), ("questions", index.passages_for)):
        spent = []
        for query in asked:
            reader = Reader(rng.choice(people).id, "operator")
            began = time.perf_counter()
            db.read_now(fn, reader, query, AT, limit=20)
            spent.append((time.perf_counter() - began) * 1000)
        bound = MOST if how == "words" else None
        report.add(f"{name}: {how}, p95", percentile(spent, 0.95), unit="ms", most=bound)
        report.add(f"  {name}: {how}, median", percentile(spent, 0.5), unit="ms")
    spent = []
    for query in asked[:BASELINE]:
        reader = Reader(rng.choice(people).id, "operator")
        began = time.perf_counter()
        db.read_now(_through, reader, query)
        spent.append((time.perf_counter() - began) * 1000)
    report.add(f"  baseline, {name}: reading through the texts, median", percentile(spent, 0.5), unit="ms")


def _through(session: Session, reader: Reader, query: str) -> int:
    """What a search without an index does: the same condition of who may read, and the words anywhere."""
    wanted = [col(Passage.folded).contains(term) for term in fold(query).split()]
    allowed = sharing.allowed(
        reader,
        AT,
        kind=col(Passage.access_kind),
        object_id=col(Passage.access_id),
        owner_id=col(Passage.owner_id),
    )
    return int(session.exec(select(func.count()).select_from(Passage).where(allowed, *wanted)).one())


def paragraphs(report: Report) -> list[str]:
    """What notes are put together from."""
    pages = []
    for archive in sorted(PAGES.glob("*.tar.gz")):
        with tarfile.open(archive) as files:
            members = [one for one in files if one.isfile() and one.name.endswith(".md")]
            pages += [
                content.read().decode("utf-8", "replace")
                for one in members
                if (content := files.extractfile(one))
            ]
    if not pages:
        report.note(f"no pages in {PAGES}: made-up words")
        rng = random.Random(0)
        words = ["".join(rng.choices("aeioubcdlmnprstv", k=rng.randint(2, 9))) for _ in range(8000)]
        pages = [" ".join(rng.choices(words, k=rng.randint(8, 90))) for _ in range(6000)]
    return [part.strip() for page in pages for part in page.split("\n\n") if 40 < len(part.strip()) < 1500]


def questions(rng: random.Random, texts: list[str]) -> list[str]:
    """One to three words that follow each other, every third cut short; and what is in most notes."""
    asked = []
    while len(asked) < QUESTIONS:
        words = fold(rng.choice(texts)).split()
        count = rng.randint(1, 3)
        first = rng.randrange(max(1, len(words) - count))
        some = words[first : first + count]
        if not some:
            continue
        if rng.random() < 0.33:
            some[-1] = some[-1][: rng.randint(2, 4)]
        asked.append(" ".join(some))
    return [*asked, "de", "o que", "the", "a", "para", "use o comando"]


@contextmanager
def databases() -> Iterator[dict[str, Callable[[], None]]]:
    """Both, each with what has `services.db` use it."""
    folder = Path(tempfile.mkdtemp(prefix="kbench-"))
    server = PostgreSQL(folder / "data")
    sqlite, postgresql = f"sqlite:///{folder / 'keepai.db'}", server.create("search")
    run_migrations(sqlite)
    try:
        yield {"SQLite": lambda: db.configure(sqlite), "PostgreSQL": lambda: db.configure(postgresql)}
    finally:
        db.configure(None)
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _filled(use: Callable[[], None], report: Report, name: str, texts: list[str]) -> list[Account]:
    use()
    rng = random.Random(7)
    people = [Account(email=f"p{number}@example.org", created_at=AT) for number in range(PEOPLE)]
    db.write_now(lambda session: session.add_all(people))
    for _ in range(NOTES // AT_ONCE):
        db.write_now(_add, rng, people, texts)
    if name == "PostgreSQL":
        db.write_now(lambda session: session.execute(text("ANALYZE passage")))
    count = db.read_now(lambda session: session.exec(select(func.count()).select_from(Passage)).one())
    report.note(f"{name}: {NOTES} notes, {count} passages")
    return people


def _add(session: Session, rng: random.Random, people: list[Account], texts: list[str]) -> None:
    rows: list[dict[str, Any]] = []
    shares: list[dict[str, Any]] = []
    for _ in range(AT_ONCE):
        number, owner = new_id(), rng.choice(people).id
        title = " ".join(rng.choice(texts).split()[:5])[:100]
        body = "\n\n".join(rng.choice(texts) for _ in range(rng.randint(1, 6)))
        if rng.random() < 1 / 3:
            shares.append(
                {
                    "id": new_id(),
                    "kind": "note",
                    "object_id": number,
                    "role": "*",
                    "level": "read",
                    "created_at": AT,
                }
            )
        rows += [
            {
                "number": passages.number(),
                "kind": "note",
                "object_id": number,
                "part": part,
                "owner_id": owner,
                "access_kind": "note",
                "access_id": number,
                "title": title,
                "text": piece,
                "folded_title": fold(title),
                "folded": fold(piece),
                "updated_at": AT,
            }
            for part, piece in enumerate(list(passages.cut(body)) or [""])
        ]
    session.execute(insert(Passage), rows)
    if shares:
        session.execute(insert(Share), shares)
