"""Telling a person that their job ended: by the bell, and on their devices when it took long enough to walk away."""

from datetime import datetime, timedelta

from sqlmodel import Session

from models import Job, NoticePreference
from services import bell, outbox
from services.channels import devices
from services.i18n import translate
from services.identity import accounts
from services.jobs import words
from services.outbox import JobNews
from services.settings import Settings

LONG = timedelta(seconds=30)
PAGE = "/jobs"
TONES = {"done": "ok", "failed": "critical"}


def tell(db: Session, settings: Settings, now: datetime, job: Job) -> None:
    """Tell them, as they want it. Of what they gave up themselves they know."""
    kept = db.get(NoticePreference, job.account_id)
    wanted = kept.jobs if kept else "all"
    if job.state == "cancelled" or wanted == "none":
        return
    params = {"job": {"key": f"jobs.kind.{job.kind}"}}
    bell.ring(
        db,
        job.account_id,
        now,
        "job",
        f"jobs.bell.{job.state}",
        params,
        tone=TONES[job.state],
        href=PAGE,
    )
    if wanted != "all" or now - job.created_at <= LONG:
        return
    account = accounts.get(db, job.account_id)
    for to in devices.recipients(db, account):
        title = words.title(to.locale, job)
        head = translate(to.locale, f"jobs.push.{job.state}")
        about = words.error(to.locale, job) or words.result(to.locale, job)
        letter = JobNews(link=f"{settings.address}{PAGE}", head=head, job=title, said=about)
        outbox.put(db, settings, now, to, letter, key=f"job:{job.id.hex}:{now.timestamp():.0f}:{to.address}")
