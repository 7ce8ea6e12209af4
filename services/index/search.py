"""Finding passages. The database says which hold the words and may be read; how well they fit is said here, in one way
for both databases."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, column, func, literal_column, table, text
from sqlmodel import Session, col, select

from models import Passage
from services import sharing
from services.index.folding import Snippet, fold, snippet
from services.sharing import Reader

CANDIDATES = 300  # passages that are compared, the newest of those that hold the words
COUNTED = 5000  # from here on a word says nothing
ASKED = 8  # words of a question that are looked up
K, B, USUAL_LENGTH = 1.2, 0.5, 120  # BM25 (Robertson and Zaragoza, 2009); the length in words
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
    """What holds all of these words, the last one also as the beginning of a word; best first. Nothing for no words."""
    terms = terms_of(query)
    if not terms:
        return []
    rows = _candidates(db, reader, now, _all_of(db, terms), kinds, CANDIDATES)
    return _ranked(rows, dict.fromkeys(terms, 1.0), limit)


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
    found: dict[int, Any] = {}
    for term in telling:
        rows = _candidates(db, reader, now, _all_of(db, [term], prefix=False), kinds, CANDIDATES)
        found |= {row.number: row for row in rows}
    return _ranked(list(found.values()), weights, limit, whole=True)


def _candidates(
    db: Session, reader: Reader, now: datetime, holds: Any, kinds: Sequence[str], limit: int
) -> Sequence[Passage]:
    query = _holding(db, select(Passage), holds).where(
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
    return db.execute(query.order_by(_newest(db)).limit(limit)).scalars().all()


# -- the two databases ------------------------------------------------------------------------------------------


def _is_sqlite(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"


def _all_of(db: Session, terms: Sequence[str], *, prefix: bool = True) -> str:
    """A search in the language of the database. The terms are folded: they hold letters and digits alone."""
    if _is_sqlite(db):
        words = [f'"{term}"' for term in terms]
        return " AND ".join([*words[:-1], f"{words[-1]}*" if prefix else words[-1]])
    return " & ".join([*terms[:-1], f"{terms[-1]}:*" if prefix else terms[-1]])


def _holding(db: Session, query: Select[Any], holds: str) -> Select[Any]:
    if _is_sqlite(db):
        return query.join(WORDS, WORDS.c.rowid == Passage.number).where(
            text("passage_words MATCH :holds").bindparams(holds=holds)
        )
    return query.where(text(f"{VECTOR} @@ to_tsquery('simple', :holds)").bindparams(holds=holds))


# As the index of the migration has it, letter by letter: only then PostgreSQL uses that.
VECTOR = "to_tsvector('simple', passage.folded_title || ' ' || passage.folded)"


def _newest(db: Session) -> ColumnElement[Any]:
    """SQLite walks its full-text index backwards by rowid without sorting."""
    return WORDS.c.rowid.desc() if _is_sqlite(db) else col(Passage.number).desc()


def _count(db: Session, holds: str) -> int:
    """How many passages hold it, of all people; up to COUNTED."""
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
    rows: Sequence[Passage], weights: Mapping[str, float], limit: int, *, whole: bool = False
) -> list[Hit]:
    best: dict[tuple[str, UUID], tuple[float, Passage]] = {}
    for row in rows:
        score = _score(row, weights, whole)
        key = (row.kind, row.object_id)
        if score > 0 and (key not in best or score > best[key][0]):
            best[key] = (score, row)
    order = sorted(best.values(), key=lambda one: (-one[0], -one[1].updated_at.timestamp()))
    terms = list(weights)
    return [
        Hit(row.kind, row.object_id, row.title, row.text, snippet(row.text, terms), score, row.updated_at)
        for score, row in order[:limit]
    ]


def _score(row: Passage, weights: Mapping[str, float], whole: bool) -> float:
    words, title = row.folded.split(), row.folded_title.split()
    length = 1 - B + B * len(words) / USUAL_LENGTH
    total = 0.0
    for term, weight in weights.items():
        often = sum(_counts(words, term, whole)) + TITLE * sum(_counts(title, term, whole))
        total += weight * often * (K + 1) / (often + K * length)
    return total


def _counts(words: Sequence[str], term: str, whole: bool) -> Iterator[float]:
    """One for each word that is the term; a word that only begins with it says less."""
    for word in words:
        if word == term:
            yield 1.0
        elif not whole and word.startswith(term):
            yield 0.6
