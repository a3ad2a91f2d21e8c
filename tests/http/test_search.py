"""POST /api/records/search: filters, pages, and finding by meaning."""

import numpy
import pytest

from support.client import Client
from support.database import rows_of
from support.expect import expect_page, expect_problem, expect_record, next_link
from support.people import fresh_seed, people_csv, spoiled_csv
from support.server import Server

STAFF = b"""name,email,age,department
Marie Curie,marie@example.com,36,Radiation physics laboratory
Gordon Ramsay,gordon@example.com,52,Restaurant kitchen and cooking
Ada Lovelace,ada@example.com,28,Computer programming
Serena Williams,serena@example.com,40,Tennis coaching
Broken Row,nowhere,99,Tennis coaching
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A server with an import of five well-known rows (one invalid) and one of 300 with 20 bad ones."""
    server = Server(tmp_path_factory.mktemp("library")).start()
    client = Client(server.url)
    client.database = server.database
    client.staff = client.finish_import(STAFF, "staff.csv")["id"]
    content, _ = spoiled_csv(300, bad=20, seed=fresh_seed())
    client.large = client.finish_import(content, "large.csv")["id"]
    yield client
    server.stop()


def brute_force(client, query, import_id=None):
    """Ids by cosine, computed in numpy from the vectors in the database: the best first, then the lower id."""
    where = "" if import_id is None else f"AND import_id = {int(import_id)}"
    rows = rows_of(client.database, f"SELECT id, embedding FROM records WHERE embedding IS NOT NULL {where}")
    vectors = numpy.stack([numpy.frombuffer(row[1], "<f4") for row in rows]).astype(float)
    answer = client.post("/v1/embeddings", json={"input": query}).json()
    scores = vectors @ numpy.array(answer["data"][0]["embedding"])
    order = sorted(range(len(rows)), key=lambda i: (-scores[i], rows[i][0]))
    return [(rows[i][0], scores[i]) for i in order]


def test_no_member_at_all_lists_every_record(library):
    body = library.search()
    expect_page(body, "records", total=305)
    for record in body["records"]:
        expect_record(record)


def test_an_empty_body_is_an_empty_request(library):
    response = library.post("/api/records/search", data=b"", headers={"Content-Type": "application/json"})
    assert response.status_code == 200 and response.json()["page"]["total"] == 305


@pytest.mark.parametrize("status, count", [("valid", 4), ("invalid", 1)])
def test_records_can_be_narrowed_to_an_import_and_a_status(library, status, count):
    body = library.search(import_id=library.staff, status=status)
    assert body["page"]["total"] == count
    assert {(record["import_id"], record["status"]) for record in body["records"]} == {(library.staff, status)}


@pytest.mark.parametrize("query, expected", [
    ("someone who cooks meals", "Gordon Ramsay"), ("scientist studying radioactivity", "Marie Curie"),
    ("software developer", "Ada Lovelace"), ("plays sports with a racket", "Serena Williams"),
])
def test_a_person_is_found_by_meaning(library, query, expected):
    for mode in ("semantic", "hybrid"):
        body = library.search(query=query, mode=mode, import_id=library.staff, limit=1)
        assert body["records"][0]["data"]["name"] == expected
        assert body["mode"] == mode


def test_semantic_results_are_all_embedded_records_by_score_then_id(library):
    body = library.search(query="finance people", mode="semantic", limit=1000)
    assert body["page"]["total"] == 284
    expected = brute_force(library, "finance people")
    assert {record["id"] for record in body["records"]} == {number for number, _ in expected}
    keys = [(-record["score"], record["id"]) for record in body["records"]]
    assert keys == sorted(keys)
    for record, (_, score) in zip(body["records"], expected):
        assert abs(record["score"] - score) < 1e-4


def test_the_answer_says_how_it_was_found(library):
    body = library.search(query="finance", mode="auto", limit=3)
    assert body["mode"] == "hybrid"
    assert body["embedding_coverage"] == 1.0
    assert body["took_ms"] >= 0
    assert all("score" in record and "highlights" in record for record in body["records"])


def test_min_score_leaves_out_what_is_further_away(library):
    everything = library.search(query="tennis", mode="semantic", limit=1000)["records"]
    border = everything[5]["score"]
    body = library.search(query="tennis", mode="semantic", min_score=border, limit=1000)
    assert [record["id"] for record in body["records"]] == [
        record["id"] for record in everything if record["score"] >= border]
    assert body["page"]["total"] == len(body["records"])


@pytest.mark.parametrize("members", [{}, {"query": "marketing in Lisbon"}, {"status": "invalid"},
                                     {"query": "marketing in Lisbon", "mode": "semantic"},
                                     {"query": "law", "mode": "semantic", "min_score": 0.1},
                                     {"query": "sales", "mode": "keyword"}])
@pytest.mark.parametrize("limit", [17, 100])
def test_following_the_cursors_shows_every_record_once_in_order(library, members, limit):
    everything = library.search(**members, limit=1000)
    seen, cursor = [], None
    while True:
        body = library.search(**members, limit=limit, **({"cursor": cursor} if cursor else {}))
        assert len(body["records"]) <= limit and body["page"]["total"] == everything["page"]["total"]
        seen += [record["id"] for record in body["records"]]
        cursor = body["page"]["next"]
        if cursor is None:
            break
    assert seen == [record["id"] for record in everything["records"]]


def test_offset_and_cursor_lead_to_the_same_page(library):
    everything = [record["id"] for record in library.search(query="legal", limit=50)["records"]]
    by_offset = library.search(query="legal", limit=10, offset=20)
    assert [record["id"] for record in by_offset["records"]] == everything[20:30]
    onwards = library.search(query="legal", limit=10, cursor=by_offset["page"]["next"])
    assert [record["id"] for record in onwards["records"]] == everything[30:40]


def test_fields_narrow_the_data_of_each_record(library):
    body = library.search(import_id=library.staff, fields=["name", "age"])
    assert all(record["data"].keys() == {"name", "age"} for record in body["records"])
    assert body["records"][0]["data"]["name"] == "Marie Curie"


def test_invalid_records_are_never_found_by_meaning(library):
    body = library.search(query="tennis coaching", mode="semantic", status="invalid")
    assert (body["records"], body["page"]["total"]) == ([], 0)


def test_a_query_in_any_script_is_a_query(library):
    for query in ("财务部门的人", "люди из бухгалтерии", "🎾", "a" * 5000, "\u0000", "' OR 1=1 --", '"', "%_"):
        assert library.search(query=query, mode="semantic", limit=1)["page"]["total"] == 284


@pytest.mark.parametrize("members, name", [
    ({"limit": 0}, "limit"), ({"limit": 1001}, "limit"), ({"limit": "10"}, "limit"), ({"limit": True}, "limit"),
    ({"limit": 1.5}, "limit"), ({"limit": None}, "limit"), ({"limit": 2**64}, "limit"), ({"offset": -1}, "offset"), ({"offset": "0"}, "offset"),
    ({"status": "done"}, "status"), ({"status": 1}, "status"), ({"import_id": "1"}, "import_id"),
    ({"import_id": -1}, "import_id"), ({"query": 5}, "query"), ({"query": ["a"]}, "query"), ({"mode": "magic"}, "mode"),
    ({"cursor": 7}, "cursor"), ({"cursor": "??"}, "cursor"), ({"cursor": "AAAA"}, "cursor"), ({"fields": "name"}, "fields"),
    ({"query": "a", "mode": "keyword", "min_score": 0.3}, "min_score"), ({"query": "a", "highlight": 1}, "highlight"),
    ({"query": "a", "offset": 9901}, "offset"), ({"query": "a", "mode": "keyword", "limit": 1, "offset": 10000}, "offset"),
    ({"query": "a", "min_score": "0.3"}, "min_score"), ({"query": "a", "min_score": 1.5}, "min_score"),
    ({"colour": "red"}, "colour"),
])
def test_a_member_that_is_wrong_is_refused_with_its_place(library, members, name):
    expect_problem(library.post("/api/records/search", json=members), 422, "invalid-parameter", ["body", name])


@pytest.mark.parametrize("members, name", [
    ({"mode": "semantic"}, "query"), ({"mode": "keyword"}, "query"), ({"mode": "hybrid"}, "query"), ({"min_score": 0.5}, "min_score")])
def test_members_that_need_a_query_are_refused_without_one(library, members, name):
    expect_problem(library.post("/api/records/search", json=members), 422, "invalid-parameter", ["body", name])


def test_offset_and_cursor_exclude_each_other(library):
    cursor = library.search(limit=1)["page"]["next"]
    response = library.post("/api/records/search", json={"offset": 1, "cursor": cursor})
    expect_problem(response, 422, "invalid-parameter")


def test_a_cursor_of_another_query_is_refused(library):
    cursor = library.search(query="finance", limit=1)["page"]["next"]
    response = library.post("/api/records/search", json={"query": "legal", "limit": 1, "cursor": cursor})
    expect_problem(response, 422, "invalid-parameter", ["body", "cursor"])


@pytest.mark.parametrize("body", [b"{", b"[]", b"5", b'"text"', b'{"query": "a",}', b"{'query': 'a'}", b'{"limit": 1} x',
                                  b'{"query": "\xff"}', b'{"limit": 1, "limit": 2}', b"NaN"])
def test_a_body_that_is_no_json_object_is_refused(library, body):
    response = library.post("/api/records/search", data=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422), response.text
    if response.status_code == 400:
        expect_problem(response, 400, "malformed-json")


def test_a_body_of_another_kind_is_refused(library):
    response = library.post("/api/records/search", data="query=a", headers={"Content-Type": "text/plain"})
    expect_problem(response, 415)


def test_rows_are_found_as_soon_as_their_import_is_completed(client):
    content = people_csv(1).replace(b"p1.", b"zookeeper.")
    found = client.finish_import(content)
    assert client.search(query="zookeeper", limit=1)["records"][0]["import_id"] == found["id"]


def test_vectors_are_found_again_after_a_restart(make_server):
    server = make_server().start()
    staff = Client(server.url).finish_import(STAFF, "staff.csv")
    client = Client(server.restart().url)
    body = client.search(query="someone who cooks meals", mode="semantic", limit=1)
    assert (body["records"][0]["import_id"], body["records"][0]["data"]["name"]) == (staff["id"], "Gordon Ramsay")
