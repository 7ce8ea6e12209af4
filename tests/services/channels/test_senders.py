"""Handing messages over to webhooks, chats and SMS, against a loopback server that keeps to their contracts."""

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from services.channels import senders, sms, webhook
from services.clock import now
from services.outbox import Failed, Parcel, Sent
from services.outbox.letters import Written
from services.settings import Settings
from tests.http_server import HttpServer

SECRET = "a secret of many letters"
SID = "SM" + "0" * 32


@pytest.fixture
def server():
    with HttpServer().serving() as made:
        yield made


@pytest.fixture
def settings(tmp_path, server):
    return Settings(
        data_dir=tmp_path,
        private_hosts="127.0.0.1",
        public_url="https://keepai.example.org",
        twilio_account_sid="AC1",
        twilio_auth_token="the token",
        twilio_from="+15550100",
        twilio_base_url=server.url,
    )


def parcel(via, config=None, address="", text='{"title": "ação"}', tries=1):
    at = now()
    number = "0192f0c0-d1e2-7a3b-8c4d-5e6f70819203"
    from uuid import UUID

    letter = Written("Crítico: ipê", text)
    return Parcel(UUID(number), at, tries, at, "<x@y>", address, "pt-BR", letter, via, config or {})


def hook(server, path="/hook"):
    return parcel("webhook", {"url": server.url + path, "secret": SECRET})


async def test_a_webhook_is_signed_as_standard_webhooks_says(server, settings):
    assert await senders.send(settings, hook(server)) == Sent("200 ok")
    [asked] = server.asked
    assert json.loads(asked.body) == {"title": "ação"}
    number, at = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
    assert abs(int(at) - time.time()) < 60
    signed = hmac.new(SECRET.encode(), f"{number}.{at}.".encode() + asked.body, hashlib.sha256).digest()
    assert asked.headers["webhook-signature"] == "v1," + base64.b64encode(signed).decode()


def test_the_signature_is_that_of_the_specification():
    # The example of the reference implementation of Standard Webhooks.
    signed = webhook.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "error", "permanent"),
    [
        (404, "outbox.error.refused", True),
        (302, "outbox.error.refused", True),
        (429, "outbox.error.later", False),
        (503, "outbox.error.later", False),
    ],
)
async def test_what_a_webhook_answers_says_whether_to_try_again(server, settings, status, error, permanent):
    server.answer = lambda _asked: (status, "no")
    outcome = await senders.send(settings, hook(server))
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.permanent) == (error, permanent)
    assert len(server.asked) == 1  # a redirect is not followed


async def test_an_address_on_this_machine_is_refused_unless_it_was_allowed(server, tmp_path):
    bare = Settings(data_dir=tmp_path)
    outcome = await senders.send(bare, hook(server))
    assert isinstance(outcome, Failed) and outcome.error == "outbox.error.host_not_allowed"
    room = parcel("chat", {"url": f"mmost://127.0.0.1:{server.port}/3ccdd113474722377935511fc85d3dd4"})
    outcome = await senders.send(bare, room)
    assert isinstance(outcome, Failed) and outcome.error == "outbox.error.host_not_allowed"
    assert not server.asked


async def test_nobody_at_the_other_end_is_told_as_such(server, settings):
    outcome = await senders.send(settings, parcel("webhook", {"url": "http://127.0.0.1:9", "secret": SECRET}))
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.permanent) == ("outbox.error.unreachable", False)


async def test_a_room_of_a_chat_gets_title_and_text(server, settings):
    url = f"mmost://127.0.0.1:{server.port}/3ccdd113474722377935511fc85d3dd4?redirect=yes"
    room = parcel("chat", {"url": url}, text="Worker ipê perdido.")
    assert isinstance(await senders.send(settings, room), Sent)
    said = json.loads(server.asked[0].body)["text"]
    assert "Crítico: ipê" in said and "Worker ipê perdido." in said
    server.answer = lambda _asked: (302, f"{server.url}/elsewhere")
    outcome = await senders.send(settings, room)
    assert isinstance(outcome, Failed) and outcome.error == "outbox.error.later" and outcome.detail
    assert len(server.asked) == 2


def sent(asked):
    return {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}


def text_message(tries=1):
    return parcel("sms", address="+5511912345678", text="KeepAI: worker perdido", tries=tries)


async def test_an_sms_is_handed_over_with_the_address_for_its_fate(server, settings):
    server.answer = lambda _asked: (201, json.dumps({"sid": SID, "status": "queued"}))
    assert await senders.send(settings, text_message()) == Sent("queued", SID)
    [asked] = server.asked
    assert asked.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"AC1:the token").decode()
    form = sent(asked)
    assert (form["To"], form["From"], form["Body"]) == (
        "+5511912345678",
        "+15550100",
        "KeepAI: worker perdido",
    )
    assert form["StatusCallback"] == sms.callback(settings, text_message().id.hex)


@pytest.mark.parametrize(
    ("status", "code", "error", "permanent"),
    [
        (400, 21211, "outbox.error.refused", True),
        (400, 21610, "outbox.error.refused", True),
        (401, 20003, "outbox.error.sign_in", False),
        (429, 20429, "outbox.error.later", False),
        (500, None, "outbox.error.later", False),
    ],
)
async def test_what_twilio_answers_says_whether_to_try_again(
    server, settings, status, code, error, permanent
):
    server.answer = lambda _asked: (status, json.dumps({"code": code, "message": "no", "status": status}))
    outcome = await senders.send(settings, text_message())
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.permanent) == (error, permanent)


async def test_an_sms_of_which_nobody_knows_is_looked_for_before_it_is_sent_again(server, settings):
    server.answer = lambda _asked: (0, "")
    outcome = await senders.send(settings, text_message())
    assert isinstance(outcome, Failed) and outcome.error == "outbox.error.unconfirmed"
    taken = [{"sid": SID, "status": "sent", "body": "KeepAI: worker perdido"}]

    def answer(asked):
        if asked.method == "GET":
            assert parse_qs(urlsplit(asked.path).query)["To"] == ["+5511912345678"]
            return 200, json.dumps({"messages": taken})
        return 201, json.dumps({"sid": SID, "status": "queued"})

    server.answer = answer
    assert await senders.send(settings, text_message(tries=2)) == Sent("sent", SID)
    assert [asked.method for asked in server.asked] == ["POST", "GET"]
    taken.clear()
    assert await senders.send(settings, text_message(tries=3)) == Sent("queued", SID)
    assert [asked.method for asked in server.asked] == ["POST", "GET", "GET", "POST"]


def test_what_twilio_signs_is_the_address_and_every_field():
    # The example of Twilio's documentation of webhook security.
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    form = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]
    signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert sms.is_signed("12345", url, form, signature)
    assert sms.is_signed("12345", url, reversed(form), signature)
    assert not sms.is_signed("12346", url, form, signature)
    assert not sms.is_signed("12345", url, [*form, ("More", "1")], signature)
    assert not sms.is_signed("12345", url.replace("foo=1", "foo=2"), form, signature)
