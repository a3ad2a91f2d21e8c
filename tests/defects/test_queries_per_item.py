"""Defect 4 of the original: the list asked the database once more for each import that it showed.

The statements that SQLite runs are counted: a page of 200 imports must take as many as a page of 2, and a page of 200
records of an import, or of a ranked search, too. What a page takes must not grow with what else is stored.

Shown to fail by broken/queries-per-item.patch: list_imports looks each import up again."""

import pytest

from support.client import Client
from support.people import people_csv
from support.probe import Probe
from support.server import Server

IMPORTS = 200


@pytest.fixture(scope="module")
def library(probe_library, tmp_path_factory):
    """A client of a server with 200 imports of one row and one of 300."""
    folder = tmp_path_factory.mktemp("library")
    probe = Probe(probe_library, folder)
    server = Server(folder, environment=probe.environment).start()
    client = Client(server.url)
    numbers = [client.add_import(people_csv(1))["id"] for _ in range(IMPORTS)]
    client.large = client.finish_import(people_csv(300))["id"]
    for number in numbers:
        client.wait_for_import(number)
    client.probe = probe
    yield client
    server.stop()


def statements(client, ask):
    """The least number of statements that a request takes: others' work may come between, but not every time."""
    return min(client.probe.during("statements", ask) for _ in range(7))


def test_a_longer_page_of_imports_takes_no_more_statements(library):
    def ask(limit):
        assert len(library.list_imports(limit=limit)["imports"]) == limit

    short, long = (statements(library, lambda size=size: ask(size)) for size in (2, IMPORTS))
    assert 1 <= short <= 20, f"{short} statements for a page of 2"
    assert long <= short + 2, f"{short} statements for a page of 2 and {long} for one of {IMPORTS}"


@pytest.mark.parametrize("ask", [
    lambda client, size: client.get_import(client.large, limit=size),
    lambda client, size: client.search(query="finance", import_id=client.large, limit=size),
], ids=["records of an import", "ranked"])
def test_a_longer_page_of_records_takes_no_more_statements(library, ask):
    short, long = (statements(library, lambda size=size: ask(library, size)) for size in (2, 200))
    assert 1 <= short <= 20, f"{short} statements for a page of 2"
    assert long <= short + 2, f"{short} statements for a page of 2 and {long} for one of 200"


@pytest.mark.parametrize("ask", [
    lambda client: client.get_import(client.large, limit=10),
    lambda client: client.search(limit=10),
    lambda client: client.search(query="finance", limit=10),
], ids=["records of an import", "listed", "ranked"])
def test_a_page_of_records_takes_no_more_statements_where_more_is_stored(library, ask):
    before = statements(library, lambda: ask(library))
    for _ in range(20):
        library.finish_import(people_csv(20))
    after = statements(library, lambda: ask(library))
    assert 1 <= before <= 60 and after <= before + 2, f"{before} statements, and {after} with 20 more imports"
