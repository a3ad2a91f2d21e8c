"""GET /api/imports and /api/imports/{id}: lists, pages, cursors, one import with its records."""

import pytest

from support.client import Client
from support.expect import expect_import, expect_page, expect_problem, expect_record, next_link
from support.people import fresh_seed, people_csv, spoiled_csv
from support.server import Server

COUNT = 23


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A server with 23 small imports (every fifth of them failed) and one of 250 rows with 10 bad ones."""
    server = Server(tmp_path_factory.mktemp("library")).start()
    client = Client(server.url)
    for number in range(1, COUNT + 1):
        if number % 5 == 0:
            client.finish_import(b'[{"broken": %d' % number, f"{number}.json")
        else:
            client.finish_import(people_csv(2), f"{number}.csv")
    content, _ = spoiled_csv(250, bad=10, seed=fresh_seed())
    client.large = client.finish_import(content, "large.csv")["id"]
    yield client
    server.stop()


def pages(client, path, key, limit):
    """All items of a list, page by page, by the Link header."""
    items, target = [], f"{path}{'&' if '?' in path else '?'}limit={limit}"
    while target:
        response = client.get(target)
        assert response.status_code == 200, response.text
        assert len(response.json()[key]) <= limit
        assert (next_link(response) is None) == (response.json()["page"]["next"] is None)
        items += response.json()[key]
        target = next_link(response)
    return items


def test_the_list_is_newest_first(library):
    body = library.list_imports()
    expect_page(body, "imports", total=COUNT + 1)
    assert [item["id"] for item in body["imports"]] == sorted((item["id"] for item in body["imports"]), reverse=True)
    for item in body["imports"]:
        expect_import(item)


def test_an_empty_list_is_a_list(make_server):
    body = Client(make_server().start().url).list_imports()
    assert body == {"imports": [], "page": {"limit": 100, "offset": 0, "total": 0, "next": None}}


@pytest.mark.parametrize("limit", [1, 5, 7, 24, 1000])
def test_following_the_links_shows_every_import_once(library, limit):
    items = pages(library, "/api/imports", "imports", limit)
    assert [item["id"] for item in items] == [item["id"] for item in library.list_imports(limit=1000)["imports"]]


def test_there_is_a_next_page_exactly_when_something_follows(library):
    assert library.list_imports(limit=COUNT + 1)["page"]["next"] is None
    assert library.list_imports(limit=COUNT)["page"]["next"] is not None


def test_offset_skips_that_many(library):
    everything = library.list_imports()["imports"]
    body = library.list_imports(limit=4, offset=3)
    expect_page(body, "imports", limit=4, offset=3, total=COUNT + 1)
    assert body["imports"] == everything[3:7]


def test_an_offset_beyond_the_end_gives_an_empty_page(library):
    body = library.list_imports(offset=1000)
    assert body["imports"] == [] and body["page"]["next"] is None and body["page"]["total"] == COUNT + 1


def test_a_page_reached_by_offset_goes_on_by_cursor(library):
    everything = library.list_imports()["imports"]
    cursor = library.list_imports(limit=4, offset=3)["page"]["next"]
    assert library.list_imports(limit=4, cursor=cursor)["imports"] == everything[7:11]


@pytest.mark.parametrize("status, count", [("failed", 4), ("completed", COUNT - 4 + 1), ("pending", 0),
                                           ("processing", 0), ("cancelled", 0)])
def test_the_list_can_be_narrowed_to_a_status(library, status, count):
    body = library.list_imports(status=status)
    assert body["page"]["total"] == count
    assert [item["status"] for item in body["imports"]] == [status] * count


def test_a_narrowed_list_stays_narrowed_on_every_page(library):
    items = pages(library, "/api/imports?status=failed", "imports", 3)
    assert [item["status"] for item in items] == ["failed"] * 4


def test_a_cursor_is_stable_while_imports_are_added(server, client):
    for _ in range(6):
        client.finish_import(people_csv(1))
    before = client.list_imports()["imports"]
    first = client.list_imports(limit=3)
    client.finish_import(people_csv(1))
    second = client.list_imports(limit=3, cursor=first["page"]["next"])
    assert [item["id"] for item in first["imports"] + second["imports"]] == [item["id"] for item in before[:6]]


def test_an_import_shows_its_records_in_file_order(library):
    body = library.get_import(library.large)
    expect_import(body)
    expect_page(body, "records", total=250)
    assert [record["row"] for record in body["records"]] == list(range(1, 101))
    for record in body["records"]:
        expect_record(record)
        assert record["import_id"] == library.large


@pytest.mark.parametrize("limit", [1, 83, 250, 1000])
def test_following_the_links_shows_every_record_once(library, limit):
    if limit == 1:
        records = pages(library, f"/api/imports/{library.large}?offset=240", "records", limit)
        assert [record["row"] for record in records] == list(range(241, 251))
    else:
        records = pages(library, f"/api/imports/{library.large}", "records", limit)
        assert [record["row"] for record in records] == list(range(1, 251))


@pytest.mark.parametrize("status, count", [("valid", 240), ("invalid", 10)])
def test_the_records_of_an_import_can_be_narrowed_to_a_status(library, status, count):
    records = pages(library, f"/api/imports/{library.large}?status={status}", "records", 7)
    assert [record["status"] for record in records] == [status] * count


def test_an_import_in_the_list_holds_no_records(library):
    assert "records" not in library.list_imports()["imports"][0]


@pytest.mark.parametrize("path", ["/api/imports", "/api/imports/1"])
@pytest.mark.parametrize("query, name", [
    ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=-1", "limit"), ("limit=ten", "limit"), ("limit=", "limit"),
    ("limit=99999999999999999999", "limit"), ("limit=1.5", "limit"), ("limit=1&limit=2", "limit"),
    ("offset=-1", "offset"), ("offset=x", "offset"), ("cursor=%3F%3F", "cursor"), ("cursor=AAAA", "cursor"),
    ("status=unknown", "status"), ("colour=red", "colour"),
])
def test_a_parameter_that_is_wrong_is_refused_with_its_place(library, path, query, name):
    expect_problem(library.get(f"{path}?{query}"), 422, "invalid-parameter", ["query", name])


@pytest.mark.parametrize("path", ["/api/imports", "/api/imports/1"])
def test_offset_and_cursor_exclude_each_other(library, path):
    cursor = library.list_imports(limit=1)["page"]["next"]
    expect_problem(library.get(f"{path}?offset=1&cursor={cursor}"), 422, "invalid-parameter")


def test_a_cursor_of_another_list_is_refused(library):
    cursor = library.list_imports(limit=1)["page"]["next"]
    expect_problem(library.get(f"/api/imports/{library.large}?cursor={cursor}"), 422, "invalid-parameter")


@pytest.mark.parametrize("number", ["0", "999999", "-1", "x", "1x", "9223372036854775808", "%00"])
def test_an_import_that_is_not_there_is_not_found(library, number):
    expect_problem(library.get(f"/api/imports/{number}"), 404, "not-found")


def test_a_record_as_large_as_is_taken_is_shown_and_hides_no_other(client):
    large = "x" * (15 << 20)
    found = client.finish_import(f"name,email,age\n{large},bad,30\nB,b@example.com,31\n".encode())
    records = client.get_import(found["id"])["records"]
    assert records[0]["data"]["name"] == large and records[1]["data"]["name"] == "B"
    assert client.get(f"/api/records/{records[0]['id']}").status_code == 200
    client.delete(f"/api/imports/{found['id']}")
