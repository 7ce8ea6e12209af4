"""Alerts and rules as the page shows them, in the reader's words."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict
from urllib.parse import urlsplit
from uuid import UUID

from models import Account, Alert, AlertEvent, AlertRule, Silence
from services import alerts, format, measures
from services.alerts import outside, rules, words
from services.alerts.board import Board, Opened
from services.alerts.notices import Told
from services.i18n import has, translate, translate_count
from state import channel_views, silence_views
from state.session import initials

# The icon and the colour of what is not firing.
LOOKS: Mapping[str, tuple[str, str]] = {
    "no_data": ("s-unknown", "unknown"),
    "pending": ("hourglass", "pending"),
    "recovering": ("trending-down", "info"),
    "resolved": ("s-ok", "ok"),
}
# What a line of the story shows at its node: an icon, and the state whose colour it has.
NODES: Mapping[str, tuple[str, str]] = {
    "pending": ("hourglass", "pending"),
    "settled": ("s-ok", "ok"),
    "eased": ("trending-down", "info"),
    "recovering": ("trending-down", "info"),
    "no_data": ("s-unknown", "unknown"),
    "resolved": ("s-ok", "ok"),
    "resolved_by_hand": ("check", "ok"),
    "acknowledged": ("check", "info"),
    "assigned": ("user-plus", "unknown"),
    "unassigned": ("user-x", "unknown"),
    "commented": ("message-square", "unknown"),
    "silenced": ("bell-off", "unknown"),
    "rule_gone": ("bell", "unknown"),
    "tasked": ("list-checks", "unknown"),
}
LONGEST_LABEL = 80
SILENCED = ("bell-off", "unknown")
SEVERE = ("fired", "raised", "resumed")
SENT = ("fired", "raised", "eased", "resolved")  # with a name beside it somebody else found that


class AlertRow(TypedDict):
    """One alert in the list. `at` (unix seconds) is since when, or when it was over; `count` how many there are of its
    group, and `rest` says how many of them are not shown."""

    id: str
    group: str
    state: str
    severity: str
    look: str
    icon: str
    title: str
    second: str
    owner: str
    initials: str
    acknowledged: bool
    flaps: str
    at: float
    count: int
    rest: str


class AlertFacts(TypedDict):
    """The open alert. `at` is since when it is as `said` says."""

    id: str
    open: bool
    state: str
    severity: str
    look: str
    icon: str
    word: str
    said: str
    at: float
    title: str
    fact: str
    acknowledged: str
    silenced: str
    owner_id: str
    owner: str
    initials: str
    rule: str
    rule_id: str
    labels: list[str]
    runbook: str
    past: str
    worker: str
    subject: str
    link: str
    link_host: str


NO_ALERT = AlertFacts(
    id="",
    open=False,
    state="",
    severity="",
    look="unknown",
    icon="s-unknown",
    word="",
    said="",
    at=0.0,
    title="",
    fact="",
    acknowledged="",
    silenced="",
    owner_id="",
    owner="",
    initials="",
    rule="",
    rule_id="",
    labels=[],
    runbook="",
    past="",
    worker="",
    subject="",
    link="",
    link_host="",
)


class StoryLine(TypedDict):
    """One line of an alert's story: what happened, what was measured, what was written."""

    id: str
    at: float
    look: str
    icon: str
    title: str
    detail: str
    note: str


class RuleRow(TypedDict):
    """One rule. `critical` and `warning` say from where on it is that, `how` how it looks; `error` why it cannot."""

    id: str
    name: str
    measure: str
    critical: str
    warning: str
    how: str
    enabled: bool
    builtin: bool
    runbook: str
    owner: str
    error: str


class Person(TypedDict):
    """Somebody to whom an alert can be given."""

    id: str
    name: str


def look(alert: Alert) -> tuple[str, str]:
    """The icon of an alert, and the state whose colour it has."""
    return LOOKS.get(alert.state, (f"s-{alert.severity}", alert.severity))


def row(
    alert: Alert,
    locale: str,
    zone: str,
    now: datetime,
    names: Mapping[UUID, str],
    writers: Mapping[UUID, str],
    *,
    group: str = "",
    count: int = 0,
    rest: str = "",
    silence: Silence | None = None,
) -> AlertRow:
    """One alert as a row."""
    icon, state = look(alert) if silence is None else SILENCED
    owner = names.get(alert.assignee_id, "") if alert.assignee_id else ""
    writer = writers.get(alert.id, "")
    note = f"{writer}: {alert.last_note}" if writer else alert.last_note
    over = alert.state == "resolved"
    fact = words.known(locale, alert, now, zone)
    second = " · ".join(part for part in (fact, note) if part) if over else note or fact
    return AlertRow(
        id=alert.id.hex,
        group=group,
        state=alert.state,
        severity=alert.severity,
        look=state,
        icon=icon,
        title=words.title(locale, alert),
        second=second if silence is None else silence_views.short(silence, locale, zone, now),
        owner=owner,
        initials=initials(owner) if owner else "",
        acknowledged=not over and alerts.is_acknowledged(alert, now),
        flaps=words.flaps(locale, alert.flaps),
        at=_since(alert).timestamp(),
        count=count,
        rest=rest,
    )


def rows(board: Board, locale: str, zone: str, now: datetime) -> list[AlertRow]:
    """The list, group after group; the last of a group says how many more there are."""
    found = []
    for group in board.groups:
        missing = group.total - len(group.alerts)
        shown = format.number(locale, missing)
        rest = translate_count(locale, "alerts.list.rest", missing, number=shown) if missing else ""
        for place, alert in enumerate(group.alerts):
            last = place == len(group.alerts) - 1
            one = row(
                alert,
                locale,
                zone,
                now,
                board.names,
                board.writers,
                group=group.name,
                count=group.total,
                rest=rest if last else "",
                silence=board.silenced.get(alert.id),
            )
            found.append(one)
    return found


def facts(found: Opened, locale: str, zone: str, now: datetime) -> AlertFacts:
    """One alert as the panel shows it."""
    alert = found.alert
    icon, state = look(alert)
    over = alert.state == "resolved"
    link = _link(found)
    owner = found.names.get(alert.assignee_id, "") if alert.assignee_id else ""
    return AlertFacts(
        id=alert.id.hex,
        open=not over,
        state=alert.state,
        severity=alert.severity,
        look=state,
        icon=icon,
        word=translate(locale, "alerts.state.resolved" if over else f"alerts.severity.{alert.severity}"),
        said=translate(locale, f"alerts.since.{alert.state}"),
        at=_since(alert).timestamp(),
        title=words.title(locale, alert),
        fact=words.fact(locale, alert, now, zone),
        acknowledged=_acknowledged(found, locale, zone, now),
        silenced=silence_views.whole(found.silence, locale, zone, now) if found.silence else "",
        owner_id=alert.assignee_id.hex if alert.assignee_id else "",
        owner=owner,
        initials=initials(owner) if owner else "",
        rule=words.rule_name(locale, alert.rule_builtin, alert.rule_name),
        rule_id=found.rule.id.hex if found.rule else "",
        labels=_labels(alert),
        runbook=found.rule.runbook if found.rule else "",
        past=_past(found, locale),
        worker=str(alert.labels.get("worker", "")) if alert.labels.get("kind") == "worker" else "",
        subject=words.subject_name(locale, alert),
        link=link,
        link_host=urlsplit(link).netloc,
    )


def _since(alert: Alert) -> datetime:
    """Since when it is as it is: a pending one since its first sign, one that is over since then, others since they
    fired."""
    if alert.state == "resolved":
        return alert.resolved_at or alert.since
    if alert.state in ("pending", "recovering"):
        return alert.since
    return alert.fired_at or alert.started_at


def _acknowledged(found: Opened, locale: str, zone: str, now: datetime) -> str:
    """Who said "mine", and until when."""
    alert = found.alert
    if alert.state == "resolved" or not alerts.is_acknowledged(alert, now):
        return ""
    who = found.names.get(alert.acknowledged_by, "") if alert.acknowledged_by else ""
    if alert.acknowledged_until is None:
        return translate(locale, "alerts.acknowledged_by", who=who)
    until = format.clock(locale, alert.acknowledged_until, zone)
    return translate(locale, "alerts.acknowledged_until", who=who, until=until)


def _past(found: Opened, locale: str) -> str:
    times = found.past.times
    if not times:
        return translate(locale, "alerts.past.never")
    shown = format.number(locale, times)
    if found.past.typical is None:
        return translate_count(locale, "alerts.past", times, number=shown)
    typical = format.duration(locale, found.past.typical)
    return translate_count(locale, "alerts.past.typical", times, number=shown, typical=typical)


def _link(found: Opened) -> str:
    """The page of whoever found it, where it was sent to us."""
    return next((str(link) for event in found.story if (link := event.detail.get("link"))), "")


def _labels(alert: Alert) -> list[str]:
    """Its labels; what the subject is called stands in place of its id, and long ids are cut."""
    kind = str(alert.labels.get("kind", ""))
    if kind == outside.KIND:  # theirs are words, not ids
        shown = {name: str(value) for name, value in sorted(alert.labels.items()) if name != "kind"}
        return [f"{name}={value[:LONGEST_LABEL]}" for name, value in shown.items()]
    said = []
    for name, value in sorted(alert.labels.items()):
        if name == kind and alert.subject:
            said.append(f"{name}={alert.subject}")
        elif name != "kind":
            said.append(words.label(name, str(value)))
    return said


def story(found: Opened, locale: str, zone: str) -> list[StoryLine]:
    """What happened and who was told of it, oldest first."""
    lines = [_line(event, found.alert, locale, zone) for event in found.story]
    lines += [_told_line(told, locale, zone) for told in found.told]
    return sorted(lines, key=lambda line: line["at"])


def _told_line(told: Told, locale: str, zone: str) -> StoryLine:
    """Who was told by what, and whether it arrived; of what waits, until when."""
    notice = told.notice
    if notice.told_at is None:
        said = translate(locale, "alerts.story.waits", at=format.clock(locale, notice.due_at, zone))
        look = "pending"
    elif told.message is None:
        look, said = "unknown", ""
    else:
        look, said = channel_views.outcome(told.message, locale)
    return StoryLine(
        id=notice.id.hex,
        at=(notice.told_at or notice.at).timestamp(),
        look="unknown" if look == "ok" else look,
        icon=channel_views.ICONS[notice.channel],
        title=translate(locale, f"alerts.story.told.{notice.channel}", who=told.who),
        detail=said,
        note="",
    )


def _line(event: AlertEvent, alert: Alert, locale: str, zone: str) -> StoryLine:
    severity = str(event.detail.get("severity") or alert.severity)
    icon, state = NODES.get(event.kind, ("bell", "unknown"))
    if event.kind in SEVERE:
        icon, state = f"s-{severity}", severity
    return StoryLine(
        id=event.id.hex,
        at=event.at.timestamp(),
        look=state,
        icon=icon,
        title=_told(event, severity, locale, zone),
        detail=", ".join(filter(None, (_measured(event, alert, locale), _flaps(event, locale)))),
        note=event.note,
    )


def _told(event: AlertEvent, severity: str, locale: str, zone: str) -> str:
    """What happened, in one sentence."""
    key = f"alerts.story.{event.kind}"
    if event.kind in ("fired", "resumed"):
        key = f"{key}.{severity}"
    if event.actor and event.kind in SENT:
        key = f"alerts.story.sent.{'resolved' if event.kind == 'resolved' else severity}"
    until = event.detail.get("until")
    if event.kind == "acknowledged" and until:
        at = datetime.fromisoformat(str(until))
        until = format.clock(locale, at, zone)
        return translate(locale, "alerts.story.acknowledged_until", who=event.actor, until=until)
    if event.kind == "silenced" and until:
        until = silence_views.moment(locale, datetime.fromisoformat(str(until)), zone, event.at)
        return translate(locale, key, who=event.actor, until=until)
    to = str(event.detail.get("to", ""))
    if event.kind == "assigned" and to == event.actor:
        return translate(locale, "alerts.story.taken", who=event.actor)
    if not has(key):
        return translate(locale, "alerts.story.other")
    return translate(locale, key, who=event.actor, to=to)


def _flaps(event: AlertEvent, locale: str) -> str:
    times = event.detail.get("flaps")
    return words.flaps(locale, times) if isinstance(times, int) else ""


def _measured(event: AlertEvent, alert: Alert, locale: str) -> str:
    """The value at which it happened, where it says more than what happened."""
    number, measure = event.detail.get("value"), measures.by_key().get(alert.measure)
    if number is None or measure is None or measure.unit in words.STATE_UNITS:
        return ""
    return words.measured(locale, measure, alert.summary, float(number))


def rule_row(rule: AlertRule, owners: Mapping[UUID, str], locale: str) -> RuleRow:
    """One rule in words."""
    measure = measures.by_key().get(rule.measure)
    error = rules.error_of(rule)
    return RuleRow(
        id=rule.id.hex,
        name=words.rule_name(locale, rule.builtin or "", rule.name),
        measure=translate(locale, f"measures.{rule.measure}") if measure else rule.measure,
        critical="" if error else words.level(locale, rule, "critical"),
        warning="" if error else words.level(locale, rule, "warning"),
        how="" if error else _how(rule, locale),
        enabled=rule.enabled,
        builtin=rule.builtin is not None,
        runbook=rule.runbook,
        owner=owners.get(rule.owner_id, "") if rule.owner_id else "",
        error=translate(locale, "alerts.rules.error", why=translate(locale, error)) if error else "",
    )


def _how(rule: AlertRule, locale: str) -> str:
    """How it looks: over which window, for how long, in how many samples."""
    said = []
    if rule.window:
        window = format.duration(locale, rule.window)
        said.append(translate(locale, f"alerts.rules.window.{rule.summary}", window=window))
    if rule.pending:
        said.append(translate(locale, "alerts.rules.pending", time=format.duration(locale, rule.pending)))
    if rule.of > 1:
        said.append(translate(locale, "alerts.rules.hits", hits=rule.hits, of=rule.of))
    if rule.keep:
        said.append(translate(locale, "alerts.rules.keep", time=format.duration(locale, rule.keep)))
    return " · ".join(said)


def person(account: Account) -> Person:
    """Somebody of the team."""
    return Person(id=account.id.hex, name=account.name or account.email)
