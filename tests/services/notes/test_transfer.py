"""A note as a file, and back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Note
from models.base import new_id
from services.errors import Invalid
from services.notes import transfer

AT = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
LINE = st.text(
    alphabet=st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=60
).map(lambda text: " ".join(text.split()))


def note(**more):
    given = {"title": "Título", "body": "", "tags": [], "folder": ""} | more
    return Note(id=new_id(), owner_id=new_id(), created_at=AT, updated_at=AT, **given)


@given(
    title=LINE.filter(bool), body=st.text(alphabet=st.characters(blacklist_categories=("Cs",)), max_size=300)
)
def test_what_is_written_is_read_back_without_loss(title, body):
    body = body.replace("\x00", "").replace("\r", "")
    made = note(title=title, body=body, tags=["runbook", "ação 2"], folder="A/B", archived_at=AT)
    page = transfer.read(transfer.written(made, pinned=True), "other")
    assert (page.draft.title, page.draft.body, page.draft.folder) == (title, body, "A/B")
    assert page.draft.tags == ["runbook", "ação 2"]
    assert (page.created_at, page.updated_at, page.pinned, page.archived) == (AT, AT, True, True)
    assert page.front == {}


def test_a_text_that_begins_with_a_line_is_no_front_matter():
    made = note(title="Um", body="---\nfoo: [\n---\nx")
    assert transfer.read(transfer.written(made), "x").draft.body == made.body
    assert transfer.read("---\njust text\n---\nx", "Nome").draft.body == "---\njust text\n---\nx"


def test_files_of_other_programs_are_read():
    page = transfer.read(
        "---\ntags: casa, obra\ndate: 2024-02-03\naliases: [x]\n---\n# Oi", "Minha nota", "Pessoal"
    )
    assert page.draft.title == "Minha nota"
    assert (page.draft.tags, page.draft.folder) == (["casa", "obra"], "Pessoal")
    assert page.created_at == datetime(2024, 2, 3, tzinfo=UTC)
    assert page.front == {"aliases": ["x"]}
    assert transfer.read("\ufeffsem nada", "").draft.title == "sem nada"


@given(st.text(max_size=200))
def test_no_file_breaks_the_reader(text):
    transfer.read(f"---\n{text}\n---\n{text}", "x")


def test_what_is_too_long_is_refused():
    with pytest.raises(Invalid):
        transfer.read("x" * 400_000, "x")


def test_its_file_has_a_name_that_every_system_takes():
    assert transfer.file_name(note(title='a/b\\c:d*?"<>|\n..')) == "a b c d.md"
    assert transfer.file_name(note(title="..", body="")).endswith(".md")
    assert len(transfer.file_name(note(title="x" * 200))) <= 103
