"""Writes the settings table of README from services/settings.py: `python -m docs.readme_settings`."""

from pathlib import Path

from services.settings import table

README = Path(__file__).parents[1] / "README.md"
BEGIN = "<!-- settings: written by `python -m docs.readme_settings` -->"
END = "<!-- end of settings -->"


def with_table(text: str) -> str:
    """The text with the table as it is now between the two marks. Raises ValueError when a mark is missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("README has lost the marks around its settings table")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
