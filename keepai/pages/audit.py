"""`/settings/audit`: who did what."""

import reflex as rx

from components import audit as parts
from keepai.pages.sections import section
from services.audit import OUTCOMES
from state.audit import DEFAULT_SPAN, GROUPS, SPANS, AuditState
from state.dashboard import DashboardState
from state.session import SessionState
from state.words import t

ON_LOAD = [DashboardState.show_frame, AuditState.load]


def page() -> rx.Component:
    """The audit page."""
    filtered = (
        (AuditState.actor != "")
        | (AuditState.object != "")
        | (AuditState.action != "")
        | (AuditState.outcome != "")
        | (AuditState.span != DEFAULT_SPAN)
    )
    return section(
        parts.filters(
            actor=AuditState.actor,
            actor_name=AuditState.actor_name,
            object=AuditState.object,
            object_name=AuditState.object_name,
            action=AuditState.action,
            outcome=AuditState.outcome,
            span=AuditState.span,
            filtered=filtered,
            key=AuditState.key,
            groups=GROUPS,
            outcomes=OUTCOMES,
            spans=list(SPANS),
            on_search=AuditState.search,
            on_narrow=AuditState.narrow,
            on_clear=AuditState.clear,
        ),
        parts.events(
            AuditState.rows,
            ready=AuditState.ready,
            filtered=filtered,
            more=AuditState.next,
            on_more=AuditState.more,
            on_narrow=AuditState.narrow,
            on_clear=AuditState.clear,
            downloads=(
                f"/api/v1/audit?{AuditState.query}&format=csv",
                f"/api/v1/audit?{AuditState.query}&limit=200",
            ),
            chain=parts.chain(
                verdict=AuditState.verdict,
                text=AuditState.verdict_text,
                checking=AuditState.checking,
                on_check=AuditState.check,
            ),
        ),
        title=t("audit.title"),
        name="audit",
        allowed=SessionState.may_audit,
    )
