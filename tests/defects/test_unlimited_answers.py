"""Defect 11 of the original: lists came whole, however long they were.

Shown to fail by broken/unlimited-answers.patch: a page has 100,000 items, and may have a million."""

import pytest

from support.client import Client
from support.expect import expect_problem
from support.people import people_csv
from support.server import Server

ROWS = 1200
IMPORTS = 130


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A client of a server with 130 imports, the last of 1,200 rows."""
    server = Server(tmp_path_factory.mktemp("library")).start()
    client = Client(server.url)
    for _ in range(IMPORTS - 1):
        client.add_import(people_csv(1))
    client.large = client.finish_import(people_csv(ROWS))["id"]
    yield client
    server.stop()


def pages(client, limit=None):
    """A page of every list there is, with its items' member."""
    parameters = {} if limit is None else {"limit": limit}
    yield client.list_imports(**parameters), "imports"
    yield client.get_import(client.large, **parameters), "records"
    yield client.search(**parameters), "records"
    yield client.search(query="finance", mode="semantic", **parameters), "records"


def test_every_list_has_at_most_100_items_unless_told_otherwise(library):
    for body, key in pages(library):
        assert len(body[key]) == 100 and body["page"]["limit"] == 100 and body["page"]["next"]


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_every_list_keeps_to_its_limit(library, limit):
    for body, key in pages(library, limit):
        assert len(body[key]) == min(limit, body["page"]["total"])


@pytest.mark.parametrize("limit", [0, 1001, -1, 2**63 - 1])
def test_no_list_can_be_asked_for_more_than_1000(library, limit):
    expect_problem(library.get(f"/api/imports?limit={limit}"), 422)
    expect_problem(library.get(f"/api/imports/{library.large}?limit={limit}"), 422)
    expect_problem(library.post("/api/records/search", json={"limit": limit}), 422)
    expect_problem(library.post("/api/records/search", json={"limit": limit, "query": "a"}), 422)
