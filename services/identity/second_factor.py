"""Codes of an authenticator app beside the password (TOTP, RFC 6238, by pyotp), and codes for when it is lost.

Each code works once, also within its own half minute.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pyotp
from sqlalchemy import CursorResult, delete, func, update
from sqlmodel import Session, col, select

from models import RecoveryCode, SecondFactor
from services import audit
from services.audit import MACHINE, Actor
from services.errors import Conflict, Invalid
from services.identity import accounts
from services.identity.passwords import ALPHABET
from services.vault import Vault

ISSUER = "KeepAI"
STEP = 30  # s
DRIFT = 1  # steps by which a phone's clock may be off, either way
RECOVERY_CODES = 10


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is given: the secret in base32, and the same as an address for a QR code."""

    secret: str
    uri: str


def is_on(db: Session, account_id: UUID) -> bool:
    """Whether a code is asked for besides the password."""
    factor = db.get(SecondFactor, account_id)
    return factor is not None and factor.confirmed_at is not None


def codes_left(db: Session, account_id: UUID) -> int:
    """How many recovery codes were not used."""
    query = select(func.count()).select_from(RecoveryCode)
    return db.exec(
        query.where(RecoveryCode.account_id == account_id, col(RecoveryCode.used_at).is_(None))
    ).one()


def begin(
    db: Session, vault: Vault, account_id: UUID, session_id: UUID, password: str, now: datetime
) -> Enrolment:
    """A new secret, which counts once `confirm` was given a code of it. Raises what `accounts.prove` does, Conflict
    where it is on already."""
    account = accounts.prove(db, account_id, session_id, password, now)
    factor = db.get(SecondFactor, account_id)
    if factor is not None and factor.confirmed_at is not None:
        raise Conflict("second.on_already")
    secret = pyotp.random_base32()
    sealed = vault.seal(secret, _place(account_id))
    factor = factor or SecondFactor(account_id=account_id, secret="", created_at=now)
    factor.secret, factor.created_at, factor.last_step = sealed, now, 0
    db.add(factor)
    db.flush()
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name=ISSUER))


def confirm(db: Session, vault: Vault, account_id: UUID, code: str, now: datetime, *, by: Actor) -> list[str]:
    """Turn it on, with a code of the new secret. Returns the recovery codes, stored nowhere. Raises Invalid."""
    factor = db.get(SecondFactor, account_id)
    if factor is None or not _uses(db, vault, factor, code, now):
        raise Invalid(fields={"code": "second.wrong"})
    factor.confirmed_at = now
    db.add(factor)
    _note(db, account_id, now, by, "second_factor.turned_on")
    return _new_codes(db, account_id)


def check(db: Session, vault: Vault, account_id: UUID, code: str, now: datetime) -> bool:
    """Whether the code is right and was not used before; it is used now."""
    factor = db.get(SecondFactor, account_id)
    if factor is None or factor.confirmed_at is None:
        return False
    return _uses(db, vault, factor, code, now) or _recovers(db, account_id, code, now)


def renew_codes(
    db: Session, account_id: UUID, session_id: UUID, password: str, now: datetime, *, by: Actor
) -> list[str]:
    """Other recovery codes; the ones before work no longer. Raises what `accounts.prove` does."""
    accounts.prove(db, account_id, session_id, password, now)
    _note(db, account_id, now, by, "second_factor.codes_renewed")
    return _new_codes(db, account_id)


def turn_off(
    db: Session, account_id: UUID, session_id: UUID, password: str, now: datetime, *, by: Actor
) -> bool:
    """Ask for the password alone again; returns whether it was on. Raises what `accounts.prove` does."""
    accounts.prove(db, account_id, session_id, password, now)
    return remove(db, account_id, now, by=by)


def remove(db: Session, account_id: UUID, now: datetime, *, by: Actor = MACHINE) -> bool:
    """The same for somebody who lost the app and the codes; returns whether it was on."""
    was_on = is_on(db, account_id)
    db.execute(delete(SecondFactor).where(col(SecondFactor.account_id) == account_id))
    db.execute(delete(RecoveryCode).where(col(RecoveryCode.account_id) == account_id))
    if was_on:
        _note(db, account_id, now, by, "second_factor.turned_off")
    return was_on


def _uses(db: Session, vault: Vault, factor: SecondFactor, code: str, now: datetime) -> bool:
    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"\d{6}", digits):
        return False
    totp = pyotp.TOTP(vault.open(factor.secret, _place(factor.account_id)))
    current = int(now.timestamp()) // STEP
    for step in range(current - DRIFT, current + DRIFT + 1):
        if pyotp.utils.strings_equal(totp.generate_otp(step), digits):
            return _changed(
                db.execute(
                    update(SecondFactor)
                    .where(
                        col(SecondFactor.account_id) == factor.account_id, col(SecondFactor.last_step) < step
                    )
                    .values(last_step=step)
                )
            )
    return False


def _recovers(db: Session, account_id: UUID, code: str, now: datetime) -> bool:
    return _changed(
        db.execute(
            update(RecoveryCode)
            .where(
                col(RecoveryCode.account_id) == account_id,
                col(RecoveryCode.code_hash) == _hash(code),
                col(RecoveryCode.used_at).is_(None),
            )
            .values(used_at=now)
        )
    )


def _new_codes(db: Session, account_id: UUID) -> list[str]:
    """Each of two groups of five characters (about 49 bits), tried at most a hundred times an hour."""
    db.execute(delete(RecoveryCode).where(col(RecoveryCode.account_id) == account_id))
    codes = [
        "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(2))
        for _ in range(RECOVERY_CODES)
    ]
    db.add_all(RecoveryCode(account_id=account_id, code_hash=_hash(code)) for code in codes)
    db.flush()
    return codes


def _note(db: Session, account_id: UUID, now: datetime, by: Actor, action: str) -> None:
    db.flush()
    account = accounts.get(db, account_id)
    label = account.name or account.email
    audit.record(db, now, by, action, object_kind="account", object_id=account_id.hex, object=label)


def _changed(result: Any) -> bool:
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def _hash(code: str) -> str:
    return hashlib.sha256(re.sub(r"[^a-z0-9]", "", code.lower()).encode()).hexdigest()


def _place(account_id: UUID) -> str:
    """Where the secret belongs: in another account's row it does not open."""
    return f"second_factor.secret:{account_id.hex}"
