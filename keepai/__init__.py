"""KeepAI: the place from which a small team runs its AI."""

__version__ = "0.1.0"
