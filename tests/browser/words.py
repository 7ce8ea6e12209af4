"""The app's own texts, for tests that read them on a page."""

from services.i18n import translate


def pt(key: str, **params: object) -> str:
    """A text in Portuguese."""
    return translate("pt-BR", key, **params)


def en(key: str, **params: object) -> str:
    """A text in English."""
    return translate("en", key, **params)
