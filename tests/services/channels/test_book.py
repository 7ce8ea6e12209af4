"""Channels as they are kept: what opens one is sealed, what is wrong is said before it is saved."""

import json

import pytest
from sqlmodel import select

from models import AuditDetail, Channel, OutboxMessage
from services import channels, db, outbox, vault
from services.alerts import routes
from services.audit import Actor
from services.channels import kinds
from services.clock import now
from services.errors import Conflict, Invalid, NotFound
from services.settings import Settings

HOOK = {"url": "https://hooks.example.org/team/8f1c?key=opensesame", "secret": "a secret of many letters"}
ROOM = {"url": "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"}
BY = Actor("machine")


@pytest.fixture
def settings(tmp_path):
    return Settings(
        data_dir=tmp_path,
        smtp_host="smtp.example.org",
        smtp_from="KeepAI@example.org",
        twilio_account_sid="AC1",
        twilio_auth_token="x",
        twilio_from="+15550100",
    )


@pytest.fixture
def create(database, settings):
    def create_(kind="webhook", config=HOOK, name="Operação", **more):
        return db.write_now(channels.create, settings, now(), channels.Draft(kind, name, config, **more), BY)

    return create_


def wrong(call, *args):
    with pytest.raises(Invalid) as raised:
        call(*args)
    return raised.value.fields


def rows(model):
    return db.read_now(lambda session: list(session.exec(select(model))))


def test_what_opens_a_channel_is_neither_in_the_table_nor_in_the_audit_log(create, settings):
    channel = create()
    stored = json.dumps([one.model_dump(mode="json") for one in rows(Channel) + rows(AuditDetail)])
    assert "opensesame" not in stored and HOOK["secret"] not in stored and "hooks.example.org" in stored
    assert channels.opened(settings, channel) == {**HOOK, "template": ""}
    assert channels.shown("webhook", HOOK) == "https://hooks.example.org/…"
    assert channels.shown("chat", ROOM) == "Discord"
    assert channels.shown("sms", {"numbers": "+55 11 91234-5678"}) == "+55•••678"
    assert channels.shown("mail", {"address": "ops@example.org"}) == "o•••@example.org"


@pytest.mark.parametrize(
    ("kind", "config", "said"),
    [
        ("mail", {"address": "nobody"}, {"address": "channels.error.address"}),
        ("sms", {"numbers": "5511912345678"}, {"numbers": "channels.error.numbers"}),
        ("sms", {"numbers": ",".join(["+5511912345678"] * 11)}, {"numbers": "channels.error.numbers"}),
        ("chat", {"url": "json://example.org"}, {"url": "channels.error.room"}),
        ("chat", {"url": "syslog://"}, {"url": "channels.error.room"}),
        ("chat", {"url": "https://example.org"}, {"url": "channels.error.room"}),
        ("webhook", {**HOOK, "url": "ftp://example.org"}, {"url": "channels.error.url"}),
        ("webhook", {**HOOK, "url": "https://me:word@example.org"}, {"url": "channels.error.url"}),
        ("webhook", {**HOOK, "url": "https://example.org:99999"}, {"url": "channels.error.url"}),
        ("webhook", {**HOOK, "secret": "short"}, {"secret": "channels.error.secret"}),
        ("webhook", {**HOOK, "template": '{"a": $nothing}'}, {"template": "channels.error.template_place"}),
        ("webhook", {**HOOK, "template": '{"a": "${title}"'}, {"template": "channels.error.template"}),
        ("webhook", {**HOOK, "template": "5 $ each"}, {"template": "channels.error.template"}),
        (
            "webhook",
            {**HOOK, "template": '"' + "a" * 4000 + '"'},
            {"template": "channels.error.template_long"},
        ),
        ("mail", {"url": "x"}, {"config": "channels.error.config"}),
        ("pigeon", {}, {"kind": "channels.error.kind"}),
    ],
)
def test_what_is_wrong_with_a_channel_is_said_before_it_is_saved(create, kind, config, said):
    assert wrong(create, kind, config) == said
    assert not rows(Channel)


@pytest.mark.parametrize(
    "url",
    [
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "tgram://123456789:AABBCCDDEEFFGGHHIIJJKKLLMMNNOOPPQQR/12315544/",
        "workflows://prod-1.logic.azure.com:443/643d63c9/bcd9",
        "ntfys://ntfy.example.org/topic",
        ROOM["url"],
    ],
)
def test_the_addresses_of_the_usual_chats_are_known(url):
    assert kinds.check("chat", {"url": url}) == {}


def test_a_name_is_given_once_and_a_zone_must_be_one(create):
    create()
    assert wrong(create) == {"name": "channels.error.taken"}
    with pytest.raises(Invalid) as raised:
        create(name=" ", locale="xx", zone="Mars/Olympus")
    assert raised.value.fields.keys() == {"name", "locale", "zone"}


def test_a_secret_that_is_left_empty_stays(create, settings):
    channel = create()
    draft = channels.Draft(
        "webhook", "Plantão", {"url": "https://other.example.org", "secret": ""}, locale="en"
    )
    changed = db.write_now(channels.update, settings, now(), channel.id, draft, BY)
    assert (changed.name, changed.locale) == ("Plantão", "en")
    assert channels.opened(settings, changed)["secret"] == HOOK["secret"]
    with pytest.raises(Invalid):
        db.write_now(
            channels.update, settings, now(), channel.id, channels.Draft("webhook", "x", {"url": "x"}), BY
        )


def test_a_channel_to_which_a_route_leads_stays(create):
    channel = create()
    draft = routes.Draft("Noite", [{"after": 0, "targets": [{"kind": "channel", "id": channel.id.hex}]}])
    route = db.write_now(routes.create, now(), draft, BY)
    with pytest.raises(Conflict) as raised:
        db.write_now(channels.remove, now(), channel.id, BY)
    assert raised.value.params == {"route": "Noite"}
    db.write_now(routes.remove, now(), route.id, BY)
    db.write_now(channels.remove, now(), channel.id, BY)
    with pytest.raises(NotFound):
        db.read_now(channels.get, channel.id)


def claim(settings):
    return db.write_now(outbox.claim, vault.of(settings), now(), 10)


def test_a_test_goes_through_the_outbox_with_what_the_channel_is_made_of_then(create, settings):
    channel = create(config={**HOOK, "template": '{"text": "${title}: ${text}"}'})
    [put] = db.write_now(channels.test, settings, now(), channel.id, Actor("person", label='Ana "Lima"'))
    draft = channels.Draft("webhook", "Operação", {**HOOK, "url": "https://new.example.org"})
    db.write_now(channels.update, settings, now(), channel.id, draft, BY)
    [parcel] = claim(settings)
    assert (parcel.via, parcel.config["url"]) == ("webhook", "https://new.example.org")
    assert json.loads(parcel.letter.text)["text"].startswith("Teste do KeepAI: ")
    db.write_now(outbox.settle, parcel, outbox.Failed("outbox.error.refused", "404 no", True), now(), 0.5)
    [shown] = db.read_now(channels.deliveries, channel.id)
    assert (shown.id, shown.state, shown.error, shown.detail) == (
        put.id,
        "dead",
        "outbox.error.refused",
        "404 no",
    )
    assert db.read_now(channels.newest, [channel.id])[channel.id].id == put.id


def test_nothing_goes_to_a_channel_that_was_switched_off_meanwhile(create, settings):
    channel = create()
    db.write_now(channels.test, settings, now(), channel.id, BY)
    off = channels.Draft("webhook", "Operação", HOOK, enabled=False)
    db.write_now(channels.update, settings, now(), channel.id, off, BY)
    assert claim(settings) == []
    [message] = rows(OutboxMessage)
    assert (message.state, message.error) == ("dead", "outbox.error.not_allowed")
    with pytest.raises(Conflict):
        db.write_now(channels.test, settings, now(), channel.id, BY)


def test_phone_numbers_get_a_message_each(create, settings):
    channel = create("sms", {"numbers": "+55 11 91234-5678\n+15550101"})
    db.write_now(channels.test, settings, now(), channel.id, BY)
    assert sorted((one.via, one.address) for one in claim(settings)) == [
        ("sms", "+15550101"),
        ("sms", "+5511912345678"),
    ]


def test_a_test_needs_what_the_channel_needs(create, tmp_path):
    channel = create("sms", {"numbers": "+15550101"})
    with pytest.raises(Conflict) as raised:
        db.write_now(channels.test, Settings(data_dir=tmp_path), now(), channel.id, BY)
    assert raised.value.key == "channels.error.not_configured"


def test_how_a_message_arrived_is_noted_once_and_never_backwards(create, settings):
    channel = create()
    [put] = db.write_now(channels.test, settings, now(), channel.id, BY)
    said = [
        db.write_now(outbox.delivered, put.id, state, "", now())
        for state in ("sent", "queued", "delivered", "delivered", "sent")
    ]
    assert said == [True, False, True, False, False]
    assert db.read_now(outbox.get, put.id).delivery == "delivered"
