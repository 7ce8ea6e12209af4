"""What a web process does beside answering."""

import asyncio
import contextlib

from keepai import keepai as program
from services import db
from services.clock import now
from services.identity import sessions
from services.identity.principals import principal_of_token
from state.live import Broadcaster


class Nobody:
    """A web socket server whose tabs are only names; it notes whom it was told to part with."""

    def __init__(self):
        self.ended = []

    def encode(self, event, data):
        return data

    async def emit(self, message, room):
        """Sent to nobody."""

    async def enter(self, sid, room):
        """Every name is let in."""

    async def leave(self, sid, room):
        """Every name may leave."""

    async def disconnect(self, sid):
        self.ended.append(sid)

    def is_connected(self, sid):
        return True


async def test_a_tab_that_opens_while_sign_ins_are_checked_stays(monkeypatch, database, ana, carla):
    broadcaster = Broadcaster(Nobody())
    first, second, third = [db.write_now(sessions.start, person.id, now()) for person in (ana, carla, carla)]
    ids = [str((await principal_of_token(token)).session_id) for token in (first, second, third)]
    for sid, session in zip(("ana", "carla"), ids, strict=False):
        await broadcaster.attend(sid, session, lambda *_: True, "en", lambda _locale: [])
    db.write_now(sessions.revoke, carla.id, (await principal_of_token(second)).session_id, now())
    read = db.read

    async def slowly(*question):
        answer = await read(*question)
        await broadcaster.attend("late", ids[2], lambda *_: True, "en", lambda _locale: [])
        return answer

    monkeypatch.setattr(program.db, "read", slowly)
    monkeypatch.setattr(program, "CHECK_SESSIONS_EVERY", 0.01)
    checking = asyncio.create_task(program._check_sessions(broadcaster))
    for _ in range(100):
        await asyncio.sleep(0.02)
        if ids[1] not in broadcaster.sessions:
            break
    checking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await checking
    assert broadcaster.sessions == {ids[0], ids[2]}
