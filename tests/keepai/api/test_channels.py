"""Channels, routes and what Twilio says later, over HTTP."""

import base64
import hashlib
import hmac
import uuid
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from services import channels, db, outbox
from services.audit import Actor
from services.channels import sms
from services.clock import now
from services.settings import get_settings

HOOK = {"url": "https://hooks.example.org/1?key=opensesame", "secret": "a secret of many letters"}


@pytest.fixture
def admin(client, enter, ana):
    return enter(client, ana)


@pytest.fixture
def made(admin, client):
    async def made_(**more):
        given = {"kind": "webhook", "name": "Sala", "config": HOOK, **more}
        answer = await client.post("/api/v1/channels", json=given)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return made_


async def test_a_channel_is_made_changed_tested_and_taken_away(made, client):
    channel = await made()
    assert channel["where"] == "https://hooks.example.org/…" and channel["last"] is None
    address = f"/api/v1/channels/{channel['id']}"
    changed = await client.patch(
        address, json={"name": "Plantão", "config": {"url": "https://b.example.org"}}
    )
    assert changed.json()["name"] == "Plantão" and changed.json()["where"] == "https://b.example.org/…"
    tested = await client.post(f"{address}/test")
    assert tested.status_code == 202
    listed = (await client.get("/api/v1/channels")).json()["items"]
    assert listed[0]["last"]["state"] == "waiting"
    assert "opensesame" not in str(listed) and HOOK["secret"] not in str(listed)
    [delivery] = (await client.get(f"{address}/deliveries")).json()["items"]
    assert [delivery["id"]] == tested.json()["deliveries"]
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(f"{address}/deliveries")).status_code == 404


async def test_what_is_wrong_is_said_by_field_and_nothing_is_saved(admin, client):
    given = {"kind": "webhook", "name": "Sala", "config": {**HOOK, "template": "{$title}"}}
    answer = await client.post("/api/v1/channels", json=given)
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "template"
    assert (await client.get("/api/v1/channels")).json()["items"] == []


async def test_a_route_is_made_moved_changed_and_taken_away(made, client):
    channel = await made()
    steps = [
        {"after": 0, "targets": [{"kind": "role", "id": "operator"}]},
        {"after": 900, "targets": [{"kind": "channel", "id": channel["id"]}]},
    ]
    hours = {"days": [0, 1], "from": "08:00", "to": "18:00", "zone": "America/Sao_Paulo"}
    first = await client.post("/api/v1/alert-routes", json={"name": "Dia", "steps": steps, "hours": hours})
    assert first.status_code == 201, first.text
    assert first.json()["hours"] == hours and first.json()["steps"] == steps
    second = await client.post("/api/v1/alert-routes", json={"name": "Resto", "steps": steps[:1], "place": 0})
    listed = (await client.get("/api/v1/alert-routes")).json()["items"]
    assert [one["name"] for one in listed] == ["Resto", "Dia"]
    address = f"/api/v1/alert-routes/{first.json()['id']}"
    changed = await client.patch(address, json={"hours": None, "severity": "critical", "place": 0})
    assert changed.json()["hours"] is None and changed.json()["steps"] == steps
    listed = (await client.get("/api/v1/alert-routes")).json()["items"]
    assert [one["name"] for one in listed] == ["Dia", "Resto"]
    refused = await client.delete(f"/api/v1/channels/{channel['id']}")
    assert refused.status_code == 409 and "Dia" in refused.json()["detail"]
    for one in (first, second):
        assert (await client.delete(f"/api/v1/alert-routes/{one.json()['id']}")).status_code == 204
    assert (await client.get("/api/v1/alert-routes")).json()["items"] == []


@pytest.mark.parametrize("steps", [[], [{"after": 0, "targets": []}], [{"after": 5, "targets": []}]])
async def test_a_route_that_tells_nobody_is_refused(admin, client, steps):
    answer = await client.post("/api/v1/alert-routes", json={"name": "Dia", "steps": steps})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "steps"


@pytest.fixture
def message(database):
    """An SMS that Twilio took."""
    draft = channels.Draft("webhook", "Sala", HOOK)
    channel = db.write_now(channels.create, get_settings(), now(), draft, Actor("machine"))
    [put] = db.write_now(channels.test, get_settings(), now(), channel.id, Actor("machine"))
    return put


@pytest.fixture
def twilio(client, monkeypatch):
    set_up = get_settings().model_copy(update={"twilio_auth_token": SecretStr("the token")})
    monkeypatch.setattr("keepai.api.incoming.twilio.get_settings", lambda: set_up)

    async def say(message, token="the token", **form):
        url = sms.callback(get_settings(), message)
        text = url + "".join(name + form[name] for name in sorted(form))
        signed = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
        headers = {
            "x-twilio-signature": signed,
            "content-type": "application/x-www-form-urlencoded",
        }
        path = f"{sms.CALLBACK}?message={message}"
        return await client.post(path, content=urlencode(form), headers=headers)

    return say


async def test_what_twilio_says_later_of_an_sms_is_noted(twilio, message):
    for status in ("sent", "queued", "undelivered"):
        more = {"ErrorCode": "30003"} if status == "undelivered" else {}
        answer = await twilio(
            message.id.hex, MessageSid="SM1", MessageStatus=status, New="field ação", **more
        )
        assert answer.status_code == 204
    noted = db.read_now(outbox.get, message.id)
    assert (noted.delivery, noted.detail) == ("undelivered", "undelivered 30003")


async def test_what_is_not_signed_by_twilio_changes_nothing(twilio, message, client):
    assert (await twilio(message.id.hex, token="another", MessageStatus="sent")).status_code == 403
    bare = await client.post(f"{sms.CALLBACK}?message={message.id.hex}", content="MessageStatus=sent")
    assert bare.status_code == 403
    assert db.read_now(outbox.get, message.id).delivery == ""
    assert (await twilio(uuid.uuid4().hex, MessageStatus="sent")).status_code == 204
    assert (await twilio("nonsense", MessageStatus="sent")).status_code == 404


async def test_without_a_token_nothing_is_believed(client, message):
    answer = await client.post(
        f"{sms.CALLBACK}?message={message.id.hex}",
        content="MessageStatus=sent",
        headers={"x-twilio-signature": "x"},
    )
    assert answer.status_code == 403
