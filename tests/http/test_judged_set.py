"""Words and meaning together find whom a query means at least as well as the better of the two alone: on queries of which it is known whom
they mean (bench/search/judged_set.py)."""

import sys

import pytest

from support.client import Client
from support.surroundings import LONG, REPOSITORY, shared_path

sys.path.append(str(REPOSITORY / "bench/search"))

import judged  # noqa: E402
import judged_set  # noqa: E402

MRR, RECALL = 0, 1


def some_of_each_kind(asked):
    """Every third query, and of the kinds that have few every other; they stand kind by kind, or by turns."""
    few = ("job", "job-typo", "synonym", "foreign")
    return [query for kind in dict.fromkeys(kind for kind, _, _ in asked)
            for query in [query for query in asked if query[0] == kind][::1 if LONG else 2 if kind in few else 3]]


@pytest.mark.once
def test_both_are_as_good_as_the_better_of_words_and_meaning(server):
    rows = judged_set.people(shared_path("corpus/people/uk-500.csv"))
    found = judged.measure(Client(server.url), rows, some_of_each_kind(judged_set.queries(rows)))
    for kind in {kind for _, kind in found}:
        for place in (MRR, RECALL):
            both, *alone = (judged.mean(found[mode, kind], place) for mode in ("hybrid", "keyword", "semantic"))
            # Of a kind there are few queries: one of them may go the other way.
            assert both >= max(alone) - (0 if kind == "all" else 0.03), (kind, both, alone)
    assert judged.mean(found["hybrid", "synonym"], MRR) > 0.8 and judged.mean(found["hybrid", "place"], MRR) > 0.9
