"""The language of a tab, and texts that follow it without a reload."""

import reflex as rx

from services.i18n import DEFAULT_LOCALE, count_key, words

Text = str | rx.Var[str]


class Words(rx.State):
    """The language this tab reads; set on load from the person's profile, and by the language switch."""

    language: str = DEFAULT_LOCALE


def t(key: str, **params: object) -> rx.Var[str]:
    """The text of `key` in the reader's language; Vars among the parameters are joined in.

    Both languages are part of the page, so nothing travels when the language changes.
    Raises KeyError where the page is built if the key or a parameter is missing.
    """
    return by_language(_fill(words("pt-BR")[key], params), _fill(words("en")[key], params))


def t_count(key: str, count: int | rx.Var[int], **params: object) -> rx.Var[str]:
    """The text of `key.one` when `count` is 1, else of `key.other`; {count} is `count` as it stands."""
    params = {"count": count, **params}
    if isinstance(count, int):
        return t(count_key(key, count), **params)
    return rx.cond(count == 1, t(f"{key}.one", **params), t(f"{key}.other", **params))


def t_state(state: Text) -> rx.Var[str]:
    """The word of a state (services.i18n "states.…"); a state without a word reads as unknown."""
    if isinstance(state, str):
        return t(f"states.{state}")
    known = [key.removeprefix("states.") for key in words(DEFAULT_LOCALE) if key.startswith("states.")]
    return rx.match(state, *[(name, t(f"states.{name}")) for name in known], t("states.unknown"))


def by_language(portuguese: Text, english: Text) -> rx.Var[str]:
    """One of two texts that are already in their language, such as a payload formatted once per language."""
    return rx.cond(Words.language == "en", english, portuguese)


def _fill(text: str, params: dict[str, object]) -> str:
    return text.format(**params)
