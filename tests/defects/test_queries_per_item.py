"""Defect 4 of the original: the list asked the database once more for each import that it showed.

The statements that SQLite runs are counted: a page of 200 must take as many as a page of 2.

Shown to fail by broken/queries-per-item.patch: list_imports looks each import up again."""

import pytest

from support.client import Client
from support.people import people_csv

IMPORTS = 200


@pytest.fixture
def library(probed_server):
    """A client of a server with 200 imports of one row and one of 300."""
    client = Client(probed_server.url)
    numbers = [client.add_import(people_csv(1))["id"] for _ in range(IMPORTS)]
    client.large = client.finish_import(people_csv(300))["id"]
    for number in numbers:
        client.wait_for_import(number)
    client.probe = probed_server.probe
    return client


def statements(client, ask):
    """The least number of statements that a request takes: others' work may come between, but not every time."""
    return min(client.probe.during("statements", ask) for _ in range(7))


def test_a_longer_page_takes_no_more_statements(library):
    def imports(limit):
        assert len(library.list_imports(limit=limit)["imports"]) == limit

    def records(limit):
        assert len(library.get_import(library.large, limit=limit)["records"]) == limit

    def listed(limit):
        assert len(library.search(limit=limit)["records"]) == limit

    def ranked(limit):
        assert len(library.search(query="finance", limit=limit)["records"]) == limit

    for ask in (imports, records, listed, ranked):
        short, long = (statements(library, lambda size=size: ask(size)) for size in (2, IMPORTS))
        assert 1 <= short <= 20, f"{ask.__name__}: {short} statements for 2"
        assert long <= short + 2, f"{ask.__name__}: {short} statements for 2 and {long} for {IMPORTS}"
