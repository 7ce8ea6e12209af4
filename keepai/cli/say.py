"""What the command line says, in the language of the terminal."""

import os
import sys
from collections.abc import Iterable, Mapping
from typing import NoReturn

from services.i18n import translate

WRONG_USE = 2


def locale(environment: Mapping[str, str] | None = None) -> str:
    """`pt-BR` or `en`, from LC_ALL, LC_MESSAGES and LANG in their usual order."""
    given = os.environ if environment is None else environment
    chosen = next((given[n] for n in ("LC_ALL", "LC_MESSAGES", "LANG") if given.get(n)), "")
    return "pt-BR" if chosen.lower().startswith("pt") else "en"


def say(key: str, **params: object) -> str:
    """The words of a key in the language of the terminal."""
    return translate(locale(), key, **params)


def tell(key: str, **params: object) -> None:
    """Say it on stderr at once, where logs go too."""
    print(say(key, **params), file=sys.stderr, flush=True)


class Stop(Exception):
    """This cannot go on; the sentences say why. Ends the program with exit code 2 and no traceback."""

    def __init__(self, sentences: Iterable[str]):
        self.sentences = list(sentences)
        super().__init__(" ".join(self.sentences))


def stop(key: str, **params: object) -> NoReturn:
    """Raise Stop with one sentence."""
    raise Stop([say(key, **params)])
