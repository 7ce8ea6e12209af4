"""Whether the audit log is as it was written."""

from keepai.cli import migrate, questions
from keepai.cli.say import say, stop
from services import audit, db, secret_key

SHOWN = 20
BROKEN = 1


def verify() -> int:
    """Check the whole chain and say what is wrong, one sentence each. 0 when all is well, 1 when it is not."""
    settings = questions.settings()
    migrate.to_newest(settings)
    try:
        kept = audit.read_head(settings.data_dir)
    except ValueError:
        stop("cli.audit.head_broken", file=settings.data_dir / "audit-head.json")
    verdict = db.read_now(audit.verify, secret_key.derive(settings, audit.PURPOSE), kept)
    for finding in verdict.findings[:SHOWN]:
        print(say(f"cli.audit.{finding.kind}", number=finding.number))
    if len(verdict.findings) > SHOWN:
        print(say("cli.audit.more", number=len(verdict.findings) - SHOWN))
    if kept is None and verdict.events:
        print(say("cli.audit.no_head"))
    counts = {"events": verdict.events, "erased": verdict.erased, "waiting": verdict.waiting}
    if verdict.findings:
        print(say("cli.audit.broken", **counts))
        return BROKEN
    print(say("cli.audit.whole", **counts))
    return 0
