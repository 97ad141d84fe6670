"""Records for the tests, and a strategy for any record."""

from __future__ import annotations

from hypothesis import strategies as st

from tutorial.engine.records import (
    Adopted,
    Announced,
    Closed,
    Found,
    Intent,
    Made,
    Outcome,
    PutBack,
    Record,
    Seen,
    Undone,
)
from tutorial.steps.model import ObjectReference

_text = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
_references = st.builds(ObjectReference, _text, _text, st.none() | _text)
_manifests = st.dictionaries(
    _text, st.none() | _text | st.integers() | st.lists(_text, max_size=2), max_size=3
)
_made = st.builds(Made, _references, _text, _manifests)


def _some(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


records: st.SearchStrategy[Record] = st.one_of(
    st.builds(
        Intent,
        step=_text,
        command=_text,
        server_time=st.floats(0, 2**40),
        absent=_some(_references),
        present=_some(_references),
        doomed=_some(_made),
        sent=_text,
        cleanup=_some(_text),
        by_hand=_text,
        seconds=st.floats(0, 2**20),
    ),
    st.builds(
        Outcome,
        _text,
        _text,
        st.integers(),
        made=_some(_made),
        removed=_some(_text),
        others=_some(_references),
        ended=st.floats(0, 2**40),
    ),
    st.builds(Announced, _some(_references)),
    st.builds(Adopted, _text, _some(_made), st.dictionaries(_text, _text, max_size=2)),
    st.builds(PutBack, _text, _references, _text),
    st.builds(Seen, _some(_made)),
    st.builds(Found, _text, _some(_made)),
    st.builds(Undone, _text, st.none() | _references, st.booleans(), _text),
    st.builds(Closed, _text, st.booleans()),
)

INTENT = Intent("one", "echo", 1.0, absent=(ObjectReference("service", "a", "default"),))
OUTCOME = Outcome("one", "passed", 0, made=(Made(ObjectReference("service", "a", "default"), "uid"),))
