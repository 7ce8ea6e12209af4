"""Our app with the states of a product several times its size, none of which any page shows."""

import types

import reflex as rx

from keepai.keepai import app as ours

STATES = 60
VARS = {
    "open": (bool, False),
    "busy": (bool, False),
    "page": (int, 1),
    "total": (int, 0),
    "amount": (float, 0.0),
    "title": (str, ""),
    "search": (str, ""),
    "sorted_by": (str, "name"),
    "chosen": (list[str], []),
    "rows": (list[dict[str, str]], []),
    "errors": (dict[str, str], {}),
}


def _state(number: int) -> type[rx.State]:
    body = {name: default for name, (_, default) in VARS.items()}
    annotations = {name: kind for name, (kind, _) in VARS.items()}
    fields = {**body, "__annotations__": annotations, "__module__": __name__}
    return types.new_class(f"Further{number}", (rx.State,), exec_body=lambda space: space.update(fields))


further = [_state(number) for number in range(STATES)]
app = ours()  # what a web server calls; ours is called where it is made, here it is named
