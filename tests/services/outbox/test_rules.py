"""What becomes of a message after a try."""

from datetime import UTC, datetime, timedelta

import pytest

from services.i18n import has
from services.outbox.rules import CLAIM, LONGEST_PAUSE, TRIES, Failed, Sent, after, pause

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BUSY = Failed("outbox.error.later", "450 busy")
GONE = Failed("outbox.error.refused", "550 no such user", permanent=True)


def test_what_was_taken_is_sent():
    assert after(Sent("250 ok"), 1, NOW, None, 0.5).state == "sent"
    assert after(Sent(), TRIES, NOW, NOW - timedelta(days=1), 0.5).state == "sent"


def test_what_passes_is_tried_again_after_ever_longer_pauses():
    pauses = [after(BUSY, tries, NOW, None, 0.5).due_at - NOW for tries in range(1, TRIES)]
    assert pauses[:4] == [timedelta(seconds=seconds) for seconds in (10, 20, 40, 80)]
    assert pauses == sorted(pauses)
    assert timedelta(hours=5) < sum(pauses, timedelta()) < timedelta(days=1)
    assert after(BUSY, 1, NOW, None, 0.5).error == "outbox.error.later"


def test_pauses_are_spread_and_never_longer_than_the_longest():
    assert pause(3, 0.0) == timedelta(seconds=30)
    assert pause(3, 1.0) == timedelta(seconds=50)
    assert pause(40, 0.5) == LONGEST_PAUSE


def test_after_the_last_try_it_is_dead():
    assert after(BUSY, TRIES - 1, NOW, None, 0.5).state == "waiting"
    last = after(BUSY, TRIES, NOW, None, 0.5)
    assert (last.state, last.due_at, last.error) == ("dead", None, "outbox.error.later")


def test_what_is_refused_for_good_is_dead_at_once():
    assert after(GONE, 1, NOW, None, 0.5).state == "dead"


@pytest.mark.parametrize(("seconds", "state"), [(9, "dead"), (11, "waiting")])
def test_a_link_that_ends_before_the_next_try_is_not_sent_any_more(seconds, state):
    following = after(BUSY, 1, NOW, NOW + timedelta(seconds=seconds), 0.5)
    assert following.state == state
    assert has(following.error)


def test_a_try_takes_less_than_a_claim_lasts():
    from services.outbox import mail

    assert CLAIM.total_seconds() > mail.ATTEMPT
