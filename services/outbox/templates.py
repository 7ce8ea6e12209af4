"""What a webhook's template may say: JSON with named places, without any logic that could run away."""

import json
from collections.abc import Mapping
from string import Template

PLACES = ("title", "text", "severity", "state", "link", "time")


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template of JSON with its places filled, each as the inside of a JSON text. Raises KeyError for a place that
    there is not, ValueError for a `$` that begins none."""
    return Template(template).substitute(
        {name: json.dumps(text, ensure_ascii=False)[1:-1] for name, text in values.items()}
    )
