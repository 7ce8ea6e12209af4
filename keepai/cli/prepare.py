"""The part of a start that needs the database, in a process of its own that ends before the rest begins.

It keeps the supervisor small. A word on stdin, a line of JSON on stdout: first, unasked, the settings; to
`migrate`, once the supervisor holds folder and port, that it is done; to `admin`, when nothing but starting is
left that could fail, the first admin's sign-in.
"""

import json
import sys

from keepai.cli import questions
from keepai.cli.lifeline import die_with_parent
from keepai.cli.say import locale
from services.settings import Settings


def main() -> int:
    """Talk to the supervisor. Raises Stop with sentences."""
    die_with_parent()
    settings = questions.settings()
    _answer(
        host=settings.host,
        port=settings.port,
        address=settings.address,
        data_dir=str(settings.data_dir.absolute()),
        embedded=not settings.dask_scheduler,
        background_apart=bool(settings.redis_url.get_secret_value()),
        notices=questions.notices(settings),
    )
    for word in sys.stdin:
        match word.strip():
            case "migrate":
                _migrate(settings)
                _answer(migrated=True)
            case "admin":
                _answer(admin=_first_admin(settings))
    return 0


def _migrate(settings: Settings) -> None:
    from keepai.cli import migrate

    migrate.to_newest(settings)


def _first_admin(settings: Settings) -> tuple[str, str] | None:
    """Address and made-up password of the admin made just now, or None."""
    from services import db
    from services.identity import accounts

    email, password = settings.admin_email, settings.admin_password.get_secret_value()
    return db.write_now(accounts.ensure_first_admin, email, password, locale())


def _answer(**answer: object) -> None:
    print(json.dumps(answer), flush=True)
