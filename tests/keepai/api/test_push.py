"""Notifications on one's own devices, over HTTP."""

import pytest
from sqlmodel import select

from models import OutboxMessage
from services import db
from services.channels import web_push
from services.clock import now
from services.identity import api_keys
from services.identity.permissions import PERMISSIONS
from services.settings import get_settings
from tests.push_service import Browser, fingerprint

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140 Safari/537"


@pytest.fixture
def browser():
    return Browser("https://push.example.org/send/1")


async def test_a_browser_subscribes_is_tested_and_taken_off(client, enter, carla, browser):
    enter(client, carla)
    nothing = (await client.get("/api/v1/push")).json()
    assert nothing == {"public_key": web_push.public_key(get_settings()), "devices": []}
    made = await client.post(
        "/api/v1/push/subscriptions", json=browser.as_json, headers={"user-agent": AGENT}
    )
    assert made.status_code == 201, made.text
    device = made.json()
    assert (device["fingerprint"], device["user_agent"], device["current"]) == (
        fingerprint(browser),
        AGENT,
        True,
    )
    again = await client.post("/api/v1/push/subscriptions", json=browser.as_json)
    assert again.json()["id"] == device["id"]
    listed = (await client.get("/api/v1/push")).json()["devices"]
    assert [one["id"] for one in listed] == [device["id"]] and browser.endpoint not in str(listed)
    tested = await client.post(f"/api/v1/push/subscriptions/{device['id']}/test")
    assert tested.status_code == 202
    message = db.read_now(lambda session: session.exec(select(OutboxMessage)).one())
    assert (message.channel, [message.id.hex]) == ("push", tested.json()["deliveries"])
    address = f"/api/v1/push/subscriptions/{device['id']}"
    assert (await client.delete(address)).status_code == 204
    assert (await client.delete(address)).status_code == 404


async def test_signing_out_takes_the_device_off(client, enter, carla, browser):
    enter(client, carla)
    await client.post("/api/v1/push/subscriptions", json=browser.as_json)
    await client.post("/auth/logout", headers={"origin": "http://localhost:3000"})
    enter(client, carla)
    assert (await client.get("/api/v1/push")).json()["devices"] == []


async def test_what_is_wrong_is_said_by_field(client, enter, carla, browser):
    enter(client, carla)
    given = {**browser.as_json, "endpoint": "http://127.0.0.1:5432/", "keys": {"p256dh": "x", "auth": "y"}}
    answer = await client.post("/api/v1/push/subscriptions", json=given)
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} == {"endpoint", "p256dh", "auth"}


async def test_a_program_has_no_device(client, carla, browser):
    from services.identity import accounts

    owner = accounts.principal(carla, {"platform": "viewer"}, carla.id)
    key = db.write_now(api_keys.create, owner, now(), name="x", permissions=["profile:write"])[1]
    assert "profile:write" in PERMISSIONS
    bearer = {"authorization": f"Bearer {key}"}
    answer = await client.post("/api/v1/push/subscriptions", json=browser.as_json, headers=bearer)
    assert answer.status_code == 409


async def test_another_site_cannot_subscribe_somebody(client, enter, carla, browser):
    enter(client, carla)
    answer = await client.post(
        "/api/v1/push/subscriptions", json=browser.as_json, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403
