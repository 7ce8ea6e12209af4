"""The part of a start that needs the database, in a process of its own that ends before the rest begins.

It keeps the supervisor small. Lines of JSON on stdout, one word on stdin: first the settings; then, once the
supervisor holds the folder and the port and says `go`, the migrations and the first admin.
"""

import json
import sys
from typing import Any

from keepai.cli import questions
from keepai.cli.lifeline import die_with_parent
from keepai.cli.say import locale, stop


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
    if sys.stdin.readline().strip() != "go":
        return 0
    _answer(admin=_first_admin(settings))
    return 0


def _first_admin(settings: Any) -> tuple[str, str] | None:
    """Address and made-up password of the admin made just now, or None."""
    from keepai.cli import migrate
    from services import accounts, db, secret_key

    try:
        secret_key.load(settings)
    except OSError as error:
        stop("cli.folder.not_writable", folder=settings.data_dir, why=error.strerror)
    migrate.to_newest(settings)
    return db.write_now(
        accounts.ensure_first_admin,
        settings.admin_email,
        settings.admin_password.get_secret_value(),
        locale(),
    )


def _answer(**answer: object) -> None:
    print(json.dumps(answer), flush=True)
