"""How alerts read on the page."""

from datetime import timedelta
from typing import get_args

from sqlmodel import select

from models import Alert
from services import db
from services.alerts import board, outside
from services.audit import Actor
from services.clock import now
from services.i18n import has
from services.outbox import Via
from state import alert_views, channel_views

LABELS = {"alertname": "DiskAlmostFull", "instance": "db-1:9100", "job": "node", "severity": "critical"}
LINK = "https://p.example.org:9090/graph?g0"


def take(firing, **more):
    told = outside.Told(firing, LABELS, now() - timedelta(minutes=10), link=LINK, **more)
    db.write_now(outside.take, now(), [told], Actor("key", None, "Ana (prometheus)"))


def test_the_panel_of_an_outside_alert_says_who_sent_it_and_leads_to_where_it_was_found(database):
    take(True, summary="Cheio")
    alert = db.read_now(lambda session: session.exec(select(Alert)).one())
    take(False, ended=now())
    opened = db.read_now(board.opened, alert.id, now())
    shown = alert_views.facts(opened, "pt-BR", "UTC", now())
    assert (shown["link"], shown["link_host"]) == (
        "https://p.example.org:9090/graph?g0",
        "p.example.org:9090",
    )
    assert (shown["rule"], shown["rule_id"]) == ("DiskAlmostFull", "")
    assert shown["labels"] == [f"{name}={value}" for name, value in sorted(LABELS.items())]
    assert [(line["title"], line["note"]) for line in alert_views.story(opened, "pt-BR", "UTC")] == [
        ("Ana (prometheus) enviou, como crítico", "Cheio"),
        ("Ana (prometheus) avisou que terminou", ""),
    ]
    row = alert_views.row(opened.alert, "pt-BR", "UTC", now(), {}, db.read_now(board.writers, [opened.alert]))
    assert "Cheio" in row["second"]
    assert "prometheus" not in row["second"]


def test_every_way_in_which_people_are_told_has_an_icon_and_words():
    for via in get_args(Via):
        assert via in channel_views.ICONS
        assert has(f"alerts.story.told.{via}")
