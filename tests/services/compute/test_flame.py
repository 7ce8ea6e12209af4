"""A profile becomes bars that fit a page."""

from distributed.profile import create

from services.compute.flame import MAX_DEPTH, MAX_FRAMES, flame_graph


def node(name: str, count: int, *children: dict) -> dict:
    """A node of Dask's profile tree."""
    return {
        "identifier": name,
        "description": {"name": name, "filename": f"/app/{name}.py", "line_number": 3, "line": f"{name}()\n"},
        "count": count,
        "children": {child["identifier"]: child for child in children},
    }


def recorded(*stacks: tuple[str, ...]) -> dict:
    """A tree as Dask itself makes it of samples: each a stack of function names, outermost first."""
    state = create()
    for stack in stacks:
        at = state
        for name in stack:
            # As distributed.profile.process does: the innermost frame does not count itself.
            at["count"] += 1
            at = at["children"].setdefault(name, node(name, 0))
    return state


def test_bars_stand_on_each_other_the_widest_first():
    profile = flame_graph(
        recorded(*[("big", "inner")] * 100, *[("big", "other", "deep")] * 50, *[("small",)] * 50)
    )
    assert [(f.name, f.depth, f.left, f.width, f.seconds) for f in profile.frames] == [
        ("big", 0, 0.0, 0.75, 1.5),
        ("small", 0, 0.75, 0.25, 0.5),
        ("inner", 1, 0.0, 0.5, 1.0),
        ("other", 1, 0.5, 0.25, 0.5),
        ("deep", 2, 0.5, 0.25, 0.5),
    ]
    assert (profile.seconds, profile.cut) == (2.0, False)
    assert (profile.frames[0].file, profile.frames[0].line, profile.frames[0].source) == (
        "/app/big.py",
        3,
        "big()",
    )


def test_nothing_ran():
    assert flame_graph(node("root", 0)).frames == ()
    assert flame_graph(None).frames == ()
    assert flame_graph({"count": 5, "children": [1, 2]}).frames == ()


def test_narrow_bars_are_left_out_and_it_says_so():
    profile = flame_graph(node("root", 10_000, node("big", 9_999), node("dust", 1)))
    assert [f.name for f in profile.frames] == ["big"]
    assert profile.cut


def test_a_tree_without_bounds_is_bounded():
    deep = node("leaf", 1000)
    for level in range(500):
        deep = node(f"f{level}", 1000, deep)
    profile = flame_graph(node("root", 1000, deep))
    assert max(f.depth for f in profile.frames) == MAX_DEPTH - 1
    assert profile.cut
    wide = [node(f"w{i}", 500, *[node(f"w{i}-{j}", 5) for j in range(90)]) for i in range(100)]
    assert len(flame_graph(node("root", 50_000, *wide)).frames) <= MAX_FRAMES


def test_counts_that_lie_do_not_leave_the_page():
    profile = flame_graph(node("root", 10, node("a", 8), node("b", 90)))
    assert all(f.left + f.width <= 1.0001 for f in profile.frames)
