"""Finding passages. The database says which hold the words and may be read; how well they fit is said here, in one way
for both databases."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, column, func, literal_column, table, text
from sqlmodel import Session, col, select

from models import Passage
from services import sharing
from services.index.folding import Snippet, fold, plain, snippet
from services.sharing import Reader

CANDIDATES = 300  # passages that are compared, the newest of those that hold the words
COUNTED = 5000  # from here on a word says nothing
ASKED = 8  # words of a question that are looked up
K, B, USUAL_LENGTH = 1.2, 0.5, 120  # BM25 (Robertson and Zaragoza, 2009); the length in words
BEGINNING = 0.6  # what a word says that only begins so
SHORTEST_BEGINNING = 2  # letters: with one, half of everything begins
TITLE = 3.0  # how much more a word says in the title
LONGEST_QUERY = 200
WORDS = table("passage_words", column("rowid", BigInteger))


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found, by its best passage."""

    kind: str
    object_id: UUID
    title: str
    passage: str
    snippet: Snippet
    score: float
    updated_at: datetime


def terms_of(query: str) -> list[str]:
    """The words of a search, folded, each once, in their order."""
    return list(dict.fromkeys(fold(query[:LONGEST_QUERY]).split()))


def find(
    db: Session,
    reader: Reader,
    query: str,
    now: datetime,
    *,
    kinds: Sequence[str] = (),
    limit: int = 50,
) -> list[Hit]:
    """What holds all of these words, the last one also as the beginning of a word, from
    two letters on; best first. Nothing for no words."""
    terms = terms_of(query)
    if not terms:
        return []
    rows = _candidates(db, reader, now, _all_of(db, terms), kinds, CANDIDATES)
    return _hits(db, _ranked(rows, dict.fromkeys(terms, 1.0)), terms, limit)


def passages_for(
    db: Session, reader: Reader, question: str, now: datetime, *, kinds: Sequence[str] = (), limit: int = 8
) -> list[Hit]:
    """What holds the telling words of a question, best first: a word that is everywhere counts for little."""
    terms = terms_of(question)
    seen = {term: _count(db, _all_of(db, [term], prefix=False)) for term in terms}
    total = max(1, db.exec(select(func.count()).select_from(Passage)).one())
    telling = sorted((term for term in terms if 0 < seen[term] < COUNTED), key=lambda term: seen[term])[
        :ASKED
    ]
    weights = {term: math.log(1 + (total - seen[term] + 0.5) / (seen[term] + 0.5)) for term in telling}
    found: dict[int, Candidate] = {}
    for term in telling:
        rows = _candidates(db, reader, now, _all_of(db, [term], prefix=False), kinds, CANDIDATES)
        found |= {row.number: row for row in rows}
    return _hits(db, _ranked(list(found.values()), weights, whole=True), telling, limit)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is compared of a passage."""

    number: int
    kind: str
    object_id: UUID
    folded_title: str
    folded: str


def _candidates(
    db: Session, reader: Reader, now: datetime, holds: str, kinds: Sequence[str], limit: int
) -> list[Candidate]:
    compared: Select[Any] = Select(*(col(getattr(Passage, one.name)) for one in fields(Candidate)))
    query = _holding(db, compared, holds).where(
        sharing.allowed(
            reader,
            now,
            kind=col(Passage.access_kind),
            object_id=col(Passage.access_id),
            owner_id=col(Passage.owner_id),
        )
    )
    if kinds:
        query = query.where(col(Passage.kind).in_(kinds))
    return [Candidate(*row) for row in db.execute(query.order_by(_newest(db)).limit(limit))]


# -- the two databases ------------------------------------------------------------------------------------------


def _is_sqlite(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"


def _all_of(db: Session, terms: Sequence[str], *, prefix: bool = True) -> str:
    """A search in the language of the database. The terms are folded: they hold letters and digits alone."""
    prefix = prefix and len(terms[-1]) >= SHORTEST_BEGINNING
    if _is_sqlite(db):
        words = [f'"{term}"' for term in terms]
        return " AND ".join([*words[:-1], f"{words[-1]}*" if prefix else words[-1]])
    return " & ".join([*terms[:-1], f"{terms[-1]}:*" if prefix else terms[-1]])


def _holding(db: Session, query: Select[Any], holds: str) -> Select[Any]:
    if _is_sqlite(db):
        return query.join(WORDS, WORDS.c.rowid == Passage.number).where(
            text("passage_words MATCH :holds").bindparams(holds=holds)
        )
    # By itself: PostgreSQL would rather walk back through all passages, and make the words of each anew.
    some = select(Passage.number).where(
        text(f"{VECTOR} @@ to_tsquery('simple', :holds)").bindparams(holds=holds)
    )
    found = some.cte("found").prefix_with("MATERIALIZED")
    return query.join(found, found.c.number == Passage.number)


# As the index of the migration has it, letter by letter: only then PostgreSQL uses that.
VECTOR = "to_tsvector('simple', passage.folded_title || ' ' || passage.folded)"


def _newest(db: Session) -> ColumnElement[Any]:
    """SQLite walks its full-text index backwards by rowid without sorting."""
    return WORDS.c.rowid.desc() if _is_sqlite(db) else col(Passage.number).desc()


def _count(db: Session, holds: str) -> int:
    """How many passages hold it, of all people; up to COUNTED."""
    inner: Select[Any]
    if _is_sqlite(db):
        inner = select(literal_column("1")).select_from(WORDS).where(text("passage_words MATCH :holds"))
    else:
        inner = (
            select(literal_column("1"))
            .select_from(Passage)
            .where(text(f"{VECTOR} @@ to_tsquery('simple', :holds)"))
        )
    some = inner.params(holds=holds).limit(COUNTED).subquery()
    return int(db.execute(select(func.count()).select_from(some)).scalar_one())


# -- how well they fit ------------------------------------------------------------------------------------------


def _ranked(
    rows: Sequence[Candidate], weights: Mapping[str, float], *, whole: bool = False
) -> list[tuple[float, Candidate]]:
    """The best passage of each thing, the best thing first; of equal ones the newest."""
    best: dict[tuple[str, UUID], tuple[float, Candidate]] = {}
    for row in rows:
        score = _score(row, weights, whole)
        key = (row.kind, row.object_id)
        if score > 0 and (key not in best or score > best[key][0]):
            best[key] = (score, row)
    return sorted(best.values(), key=lambda one: (-one[0], -one[1].number))


def _hits(
    db: Session, ranked: Sequence[tuple[float, Candidate]], terms: Sequence[str], limit: int
) -> list[Hit]:
    chosen = ranked[:limit]
    numbers = [row.number for _, row in chosen]
    rows = {row.number: row for row in db.exec(select(Passage).where(col(Passage.number).in_(numbers)))}
    found = [(score, rows[one.number]) for score, one in chosen if one.number in rows]
    return [
        Hit(
            row.kind,
            row.object_id,
            row.title,
            row.text,
            snippet(plain(row.text), terms),
            score,
            row.updated_at,
        )
        for score, row in found
    ]


def _score(row: Candidate, weights: Mapping[str, float], whole: bool) -> float:
    words, title = f" {row.folded} ", f" {row.folded_title} "
    length = 1 - B + B * words.count(" ") / USUAL_LENGTH
    total = 0.0
    for term, weight in weights.items():
        often = _often(words, term, whole) + TITLE * _often(title, term, whole)
        total += weight * often * (K + 1) / (often + K * length)
    return total


def _often(words: str, term: str, whole: bool) -> float:
    """How often a text has the term as a word; a word that only begins with it says less."""
    exactly = words.count(f" {term} ")
    return exactly if whole else exactly + BEGINNING * (words.count(f" {term}") - exactly)
