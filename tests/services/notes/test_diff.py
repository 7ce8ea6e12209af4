"""What is different between two texts."""

from hypothesis import given
from hypothesis import strategies as st

from services.notes.diff import Piece, amounts, compare, shortened

TEXT = st.text(alphabet="ab \né", max_size=60)


@given(TEXT, TEXT)
def test_both_texts_are_in_the_pieces(old, new):
    pieces = compare(old, new)
    assert "".join(one.text for one in pieces if one.kind != "added") == old
    assert "".join(one.text for one in pieces if one.kind != "removed") == new
    assert all(one.text for one in pieces)


def test_only_the_words_that_changed_are_marked():
    assert compare("a fonte B é velha\n", "a fonte B é nova\n") == [
        Piece("same", "a fonte B é "),
        Piece("removed", "velha"),
        Piece("added", "nova"),
        Piece("same", "\n"),
    ]
    assert amounts(compare("um dois", "um três quatro")) == (2, 1)


def test_of_what_is_the_same_little_is_shown():
    pieces = shortened(compare("x" * 2000 + "\num\n" + "y" * 2000, "x" * 2000 + "\ndois\n" + "y" * 2000))
    assert sum(len(one.text) for one in pieces) < 500
    assert [one.kind for one in pieces] == ["same", "removed", "added", "same"]
