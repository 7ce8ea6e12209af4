"""Short messages: three at most, and what offers something stays longest."""

import reflex as rx

from state.toasts import Toasts


async def test_what_can_still_be_undone_is_not_pushed_out_by_what_is_only_told():
    toasts = await rx.State(_reflex_internal_init=True).get_state(Toasts)
    kept = toasts._add("ok", "taken off", action="Undo", event="forget")
    for number in range(4):
        toasts._add("ok", f"told {number}")
    assert [item["title"] for item in toasts.items] == ["taken off", "told 2", "told 3"]
    for number in range(3):
        toasts._add("ok", f"also {number}", action="Undo", event="forget")
    assert [item["title"] for item in toasts.items] == ["also 0", "also 1", "also 2"]
    assert kept not in [item["id"] for item in toasts.items]
