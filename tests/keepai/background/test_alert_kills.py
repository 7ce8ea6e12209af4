"""What is killed while alerts fire, clear and are acknowledged loses none, and tells of none twice."""

import shutil
import tempfile
from pathlib import Path

import pytest

from services import db
from tests import alert_house, dispatcher
from tests.mail_server import MailServer

KILLS = 10


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="kah-"))  # a socket's path has to be short
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_ten_kills_lose_no_alert_and_no_mail(request, folder, kind):
    url = request.getfixturevalue(f"{kind}_url")
    db.configure(url)
    try:
        server = MailServer()
        async with server.listening():
            more = {"module": "tests.alert_house", "KEEPAI_RATE_LIMITS": "off"}
            with dispatcher.nursery(url, server.port, folder, **more) as home:
                tally = await alert_house.live_through(server, home, folder, KILLS)
    finally:
        db.configure(None)
    assert tally.faults == {}
    assert tally.kills == KILLS
    assert tally.fired.keys() >= {"outside", "worker_lost", "Waits"}
