"""The words of the screen and of messages, in each language.

A catalogue is a folder (`pt_br`, `en`) with one module per page; each module holds `WORDS`, whose keys are
"page.name" and whose values may have {placeholders}. Both folders hold the same keys.
"""

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import Literal

Locale = Literal["pt-BR", "en"]

LOCALES: tuple[Locale, ...] = ("pt-BR", "en")
DEFAULT_LOCALE: Locale = "pt-BR"
_FOLDERS: dict[Locale, str] = {"pt-BR": "pt_br", "en": "en"}


def translate(locale: str, key: str, **params: object) -> str:
    """The text of `key` in `locale`, with its placeholders filled.

    A locale that is not one of ours gives the default one; a key that does not exist raises KeyError.
    """
    return words(known_locale(locale))[key].format(**params)


def has(key: str) -> bool:
    """Whether there is a text of that key."""
    return key in words(DEFAULT_LOCALE)


def translate_count(locale: str, key: str, count: int, **params: object) -> str:
    """The text of `key.one` or `key.other`, with {count} filled in as it stands."""
    return translate(locale, count_key(key, count), **{"count": count, **params})


def count_key(key: str, count: int) -> str:
    return f"{key}.one" if count == 1 else f"{key}.other"


def known_locale(locale: str) -> Locale:
    """`locale` when it is one of ours, by its language alone if need be ("en-GB" is "en"), else the default."""
    language = locale.split("-")[0].lower()
    return next((known for known in LOCALES if known.split("-")[0] == language), DEFAULT_LOCALE)


def best_locale(accept_language: str) -> Locale:
    """The first of our languages that a browser's Accept-Language header asks for."""
    for part in accept_language.split(","):
        language = part.split(";")[0].strip().lower().split("-")[0]
        for known in LOCALES:
            if known.split("-")[0] == language:
                return known
    return DEFAULT_LOCALE


@cache
def words(locale: Locale) -> MappingProxyType[str, str]:
    """Every text of one language by key. Two modules with the same key are a mistake (ValueError)."""
    package = importlib.import_module(f"{__name__}.{_FOLDERS[locale]}")
    merged: dict[str, str] = {}
    for module in pkgutil.iter_modules(package.__path__):
        page: dict[str, str] = importlib.import_module(f"{package.__name__}.{module.name}").WORDS
        if twice := merged.keys() & page.keys():
            raise ValueError(f"the same words in two modules of {locale}: {sorted(twice)}")
        merged.update(page)
    return MappingProxyType(merged)
