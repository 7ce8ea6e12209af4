"""What is known of each file, whose it is, and who may read it."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete as sql_delete
from sqlmodel import Session, col, func, select

from models import Account, StoredFile
from services import audit
from services.audit import Actor
from services.errors import Conflict, NotFound
from services.identity.permissions import Principal

if TYPE_CHECKING:
    from services.files.store import Content

MOST_OF_ONE = 2 * 1024**3  # bytes of one person
MayRead = Callable[[Session, Principal, UUID], bool]
# Who may read what a file is attached to, by the kind of object: whoever may read that may read its files. A kind that
# is not here is read by nobody but the owner of the file.
READERS: dict[str, MayRead] = {}


def add(
    db: Session,
    now: datetime,
    account_id: UUID,
    content: "Content",
    *,
    by: Actor,
    object_kind: str = "",
    object_id: UUID | None = None,
    expires_at: datetime | None = None,
    within: int | None = MOST_OF_ONE,
) -> StoredFile:
    """Note a content that was written. One that the person has already is kept once: then `place` of what is returned
    is that of the earlier one, and the caller takes the new one away (`take_away`). Raises Conflict when the person
    then has more than `within` bytes."""
    db.exec(select(Account.id).where(Account.id == account_id).with_for_update()).first()
    used = db.exec(
        select(func.coalesce(func.sum(StoredFile.size), 0)).where(StoredFile.account_id == account_id)
    ).one()
    if within is not None and used + content.size > within:
        raise Conflict("files.error.full", most=round(within / 2**30, 1))
    same = db.exec(
        select(StoredFile)
        .where(
            StoredFile.account_id == account_id,
            StoredFile.digest == content.digest,
            StoredFile.encrypted == content.encrypted,
        )
        # Whoever deletes it meanwhile waits, and then sees that the content is needed.
        .with_for_update()
    ).first()
    file = StoredFile(
        account_id=account_id,
        name=content.name,
        type=content.type,
        size=content.size,
        digest=content.digest,
        encrypted=content.encrypted,
        place=same.place if same else content.place,
        object_kind=object_kind,
        object_id=object_id,
        created_at=now,
        expires_at=expires_at,
    )
    db.add(file)
    db.flush()
    _note(db, now, by, "file.added", file)
    return file


def mine(db: Session, account_id: UUID, file_id: UUID) -> StoredFile:
    """One's own file. Raises NotFound."""
    file = db.get(StoredFile, file_id)
    if file is None or file.account_id != account_id:
        raise NotFound
    return file


def readable(db: Session, principal: Principal, file_id: UUID, now: datetime) -> StoredFile:
    """A file that this person may read: their own, or one of a thing that they may read. Raises NotFound."""
    file = db.get(StoredFile, file_id)
    if file is None or (file.expires_at is not None and file.expires_at <= now):
        raise NotFound
    if file.account_id == principal.account_id:
        return file
    may_read = READERS.get(file.object_kind)
    if may_read is None or file.object_id is None or not may_read(db, principal, file.object_id):
        raise NotFound
    return file


def listed(db: Session, account_id: UUID) -> Sequence[StoredFile]:
    """One's own files, the newest first."""
    query = select(StoredFile).where(StoredFile.account_id == account_id)
    return db.exec(query.order_by(col(StoredFile.id).desc())).all()


def of_object(db: Session, kind: str, object_id: UUID) -> Sequence[StoredFile]:
    """The files that are attached to one thing, the oldest first. Whoever asks has seen to it that it may be read."""
    query = select(StoredFile).where(StoredFile.object_kind == kind, StoredFile.object_id == object_id)
    return db.exec(query.order_by(col(StoredFile.id))).all()


def attach(db: Session, account_id: UUID, file_id: UUID, kind: str, object_id: UUID) -> StoredFile:
    """Attach one's own file to a thing to which one may write, which the caller has seen to. Raises NotFound, or
    Conflict for one that is attached to another thing."""
    file = mine(db, account_id, file_id)
    if file.object_kind and (file.object_kind, file.object_id) != (kind, object_id):
        raise Conflict("files.error.attached")
    file.object_kind, file.object_id = kind, object_id
    db.add(file)
    db.flush()
    return file


def delete(db: Session, now: datetime, file: StoredFile, *, by: Actor) -> str:
    """Delete a file; after the commit the caller takes the content at the place that is returned away (`take_away`),
    and if it cannot, the loop does."""
    _note(db, now, by, "file.deleted", file)
    place = file.place
    db.delete(file)
    db.flush()
    return place


def places_of(db: Session, account_id: UUID) -> list[str]:
    """Where the contents of a person lie."""
    return list(db.exec(select(StoredFile.place).where(StoredFile.account_id == account_id).distinct()))


def named(db: Session, places: Collection[str]) -> set[str]:
    """Those of these places that some row names."""
    return set(db.exec(select(StoredFile.place).where(col(StoredFile.place).in_(places))))


def of_person(db: Session, account_id: UUID) -> list[dict[str, Any]]:
    """The files of a person, as they are taken along; without where they lie."""
    return [file.model_dump(mode="json", exclude={"place"}) for file in listed(db, account_id)]


def prune(db: Session, now: datetime) -> int:
    """Forget what has had its time. Returns how many; the loop takes their contents away."""
    over = sql_delete(StoredFile).where(col(StoredFile.expires_at) <= now)
    return int(db.execute(over).rowcount)  # type: ignore[attr-defined]


def _note(db: Session, now: datetime, by: Actor, action: str, file: StoredFile) -> None:
    """What a file is called may itself be a secret of its owner: the audit log has its type and size."""
    audit.record(
        db,
        now,
        by,
        action,
        object_kind="file",
        object_id=file.id.hex,
        after={"type": file.type, "size": file.size},
    )
