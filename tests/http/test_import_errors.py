"""GET /api/imports/{id}/errors and GET /api/records/{id}."""

import collections
import json

import pytest

from support.client import Client
from support.expect import expect_page, expect_problem, expect_record, next_link
from support.server import Server

WRONG = {"name": "x" * 201, "email": "nobody", "age": "thirty", "department": "d"}


def wrong_csv(rows, good_every=3):
    """Rows with three errors each, every third of them good."""
    lines = ["name,email,age,department"]
    for number in range(1, rows + 1):
        if number % good_every == 0:
            lines.append(f"Good {number},good{number}@example.com,30,Sales")
        else:
            lines.append(f"{WRONG['name']},nobody-{number},thirty,{number}")
    return ("\n".join(lines) + "\n").encode()


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("errors")).start()
    client = Client(server.url)
    client.number = client.finish_import(wrong_csv(400))["id"]
    yield client
    server.stop()


def all_errors(client, target):
    errors, last = [], None
    while target:
        last = client.get(target)
        assert last.status_code == 200, last.text
        assert (next_link(last) is None) == (last.json()["page"]["next"] is None)
        errors += last.json()["errors"]
        target = next_link(last)
    return errors


def expected(client, number, **filters):
    """The errors as the records show them."""
    found = []
    for record in client.all_records(number):
        for error in record["errors"]:
            if all(error[name] == value for name, value in filters.items()):
                found.append({"row": record["row"], **error, "record_id": record["id"]})
    return found


def test_an_error_has_its_place(library):
    error = library.get(f"/api/imports/{library.number}/errors?limit=1").json()["errors"][0]
    assert list(sorted(error)) == sorted(["row", "line", "byte", "field", "code", "constraint", "message", "value", "record_id"])
    assert (error["row"], error["line"], error["byte"], error["field"], error["code"], error["constraint"], error["value"]) == (
        1, 2, 26, "name", "constraint-error", "maxLength", "x" * 201)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100, 801, 1000])
def test_pages_give_every_error_once_and_in_order(library, limit):
    if limit < 3:
        target = f"/api/imports/{library.number}/errors?limit={limit}&offset=780"
        assert all_errors(library, target) == expected(library, library.number)[780:]
        return
    errors = all_errors(library, f"/api/imports/{library.number}/errors?limit={limit}")
    assert errors == expected(library, library.number) and len(errors) == 267 * 3


@pytest.mark.parametrize("filters", [{"field": "age"}, {"code": "type-error"}, {"field": "age", "code": "type-error"},
                                     {"field": "age", "code": "constraint-error"}, {"field": "nothing"}])
@pytest.mark.parametrize("limit", [5, 1000])
def test_filters_narrow_the_list_on_every_page(library, filters, limit):
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    errors = all_errors(library, f"/api/imports/{library.number}/errors?limit={limit}&{query}")
    assert errors == expected(library, library.number, **filters)
    page = library.get(f"/api/imports/{library.number}/errors?limit=5&{query}").json()["page"]
    assert page["total"] == len(errors)
    skipped = library.get(f"/api/imports/{library.number}/errors?limit=5&offset=3&{query}").json()["errors"]
    assert skipped == errors[3:8]


def test_groups_count_by_field_and_code(library):
    body = library.get(f"/api/imports/{library.number}/errors?limit=1&field=age").json()
    assert body["groups"] == [{"field": "name", "code": "constraint-error", "count": 267},
                              {"field": "email", "code": "type-error", "count": 267},
                              {"field": "age", "code": "type-error", "count": 267}]
    assert body["page"]["total"] == 267


def test_rows_as_a_whole_group_under_null(library):
    number = library.finish_import(b'{"name": "A", "email": "a@example.com"}\n{broken\n[1]\n', "rows.ndjson")["id"]
    body = library.get(f"/api/imports/{number}/errors").json()
    assert collections.Counter((group["field"], group["count"]) for group in body["groups"]) == {(None, 1): 2}
    assert [error["row"] for error in body["errors"]] == [2, 3]


def test_a_field_whose_name_is_no_utf8_can_be_asked_for(library):
    number = library.finish_import(b"email,name,caf\xe9\na@example.com,A,\xff\n", "latin.csv")["id"]
    groups = library.get(f"/api/imports/{number}/errors").json()["groups"]
    for group in groups:
        body = library.get(f"/api/imports/{number}/errors", params={"field": group["field"], "code": group["code"]}).json()
        assert body["page"]["total"] == group["count"] == len(body["errors"])


def test_an_import_without_errors_has_an_empty_list(library):
    number = library.finish_import(b"name,email\nA,a@example.com\n")["id"]
    body = library.get(f"/api/imports/{number}/errors").json()
    expect_page(body, "errors", total=0)
    assert body["errors"] == [] and body["groups"] == []


def test_a_failed_import_keeps_no_errors(library):
    rows = ",".join(json.dumps(WRONG) for _ in range(3000))
    number = library.finish_import(f"[{rows}, oops".encode(), "broken.json")["id"]
    body = library.get(f"/api/imports/{number}/errors").json()
    assert body["errors"] == [] and body["groups"] == [] and body["page"]["total"] == 0


def test_what_is_not_there_is_not_found(library):
    expect_problem(library.get("/api/imports/999999/errors"), 404)
    expect_problem(library.get("/api/records/999999"), 404)
    number = library.finish_import(wrong_csv(5))["id"]
    record = library.get_import(number)["records"][0]
    library.delete(f"/api/imports/{number}")
    expect_problem(library.get(f"/api/imports/{number}/errors"), 404)
    expect_problem(library.get(f"/api/records/{record['id']}"), 404)


@pytest.mark.parametrize("query, name", [("limit=0", "limit"), ("cursor=AAAA", "cursor"), ("colour=red", "colour"), ("code=", "code"),
                                         ("field=age&offset=100001", "offset")])
def test_a_parameter_that_is_wrong_is_refused(library, query, name):
    expect_problem(library.get(f"/api/imports/{library.number}/errors?{query}"), 422, "invalid-parameter", ["query", name])


def test_a_cursor_belongs_to_its_filters(library):
    path = f"/api/imports/{library.number}/errors"
    cursor = library.get(f"{path}?limit=1").json()["page"]["next"]
    expect_problem(library.get(f"{path}?limit=1&field=age&cursor={cursor}"), 422, "invalid-parameter", ["query", "cursor"])


def test_one_record_is_shown_as_in_its_list(library):
    for record in library.get_import(library.number, limit=4)["records"]:
        response = library.get(f"/api/records/{record['id']}")
        expect_record(response.json())
        assert response.json() == record
