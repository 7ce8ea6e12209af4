"""KeepAI: the place from which a small team runs its AI."""

from services import about

__version__ = about.VERSION
