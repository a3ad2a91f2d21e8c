"""Keyword and hybrid search: against a brute force of their own, with whatever people type."""

import json
import os
import random

import pytest

from support.client import Client
from support.expect import expect_problem
from support.people import as_csv, fresh_seed, people
from support.server import Server
from support.surroundings import LONG, shared_path
from support.words_oracle import check_highlights, parse, search

NAMES = ("Émile", "emile", "Søren", "Soren", "Ana", "ANA", "Lévi-Strauss", "O'Neil", "Müller", "Muller", "Straße", "Łukasz",
         "李小龍", "小龍", "東京タワー", "Finance", "financial", "fin", "head", "Head of Sales", "sales", "<b>sales</b>", "a&b",
         "x1", "x12", "007", "3.14", "anna@example.com", "no", "or", "and", "NEAR", "NOT")
SEED = int(os.environ.get("ROWMILL_SEED", fresh_seed()))


def some_rows(count, chance):
    rows = []
    for _ in range(count):
        row = {field: " ".join(chance.choices(NAMES, k=chance.randint(0, 4))) for field in ("name", "department", "city")}
        row["email"] = chance.choice(("ana@example.com", "emile@example.org", "nobody"))
        row["age"] = str(chance.choice((7, 30, 31)))
        rows.append(row)
    return rows


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Three imports of which one is deleted; what the API lists of the others is what is searched."""
    print(f"ROWMILL_SEED={SEED}")
    chance = random.Random(SEED)
    server = Server(tmp_path_factory.mktemp("words")).start()
    client = Client(server.url)
    client.imports = []
    for number in range(3):
        rows = some_rows(60, chance)
        content = as_csv(rows, ("name", "email", "age", "department", "city"))
        client.imports.append(client.finish_import(content, f"{number}.csv")["id"])
    client.delete(f"/api/imports/{client.imports.pop(1)}")
    client.records = [record for one in client.imports for record in client.all_records(one)]
    yield client
    server.stop()


def some_query(chance):
    """A few terms; now and then a sign that means something."""
    pieces = []
    for _ in range(chance.randint(1, 3)):
        term = chance.choice(NAMES)
        kind = chance.random()
        if kind < 0.2:
            term = f'"{term} {chance.choice(NAMES)}"'
        elif kind < 0.4:
            term = term[:chance.randint(1, len(term))] + "*"
        if chance.random() < 0.15:
            term = "-" + term
        pieces.append(term)
    return " ".join(pieces)


def test_matches_totals_and_ranks_are_those_of_a_brute_force(library):
    chance = random.Random(SEED + 1)
    found_any = 0
    for _ in range(100):
        query = some_query(chance)
        expected = search(library.records, query)
        body = library.search(query=query, mode="keyword", limit=1000)
        scores = {record["id"]: record["score"] for record in body["records"]}
        assert scores.keys() == {number for number, _ in expected}, (query, parse(query))
        assert body["page"]["total"] == len(expected)
        found_any += bool(expected)
        for number, score in expected:
            # While words of the deleted import are still being erased, they count in the frequencies.
            assert scores[number] == pytest.approx(score, rel=0.2), query
        keys = [(-record["score"], record["id"]) for record in body["records"]]
        assert keys == sorted(keys)
    assert found_any > 20


def test_an_import_and_a_status_narrow_what_is_found(library):
    for one in library.imports:
        for status in ("valid", "invalid"):
            body = library.search(query="sales", mode="keyword", import_id=one, status=status, limit=1000)
            expected = search(library.records, "sales", lambda r: r["import_id"] == one and r["status"] == status)
            assert [record["id"] for record in body["records"]] == [number for number, _ in expected]
            assert body["page"]["total"] == len(expected) > 0


def test_highlights_mark_the_words_and_escape_the_rest(library):
    chance = random.Random(SEED + 2)
    for _ in range(30):
        query = some_query(chance)
        for record in library.search(query=query, mode="keyword", highlight=True, limit=50)["records"]:
            check_highlights(record, query)
    body = library.search(query="SORE*", mode="keyword", highlight=True, limit=1)
    assert "<mark>Søren</mark>" in json.dumps(body["records"][0]["highlights"], ensure_ascii=False) or \
        "<mark>Soren</mark>" in json.dumps(body["records"][0]["highlights"])


def test_without_highlight_there_are_none(library):
    assert all(record["highlights"] == {} for record in library.search(query="sales")["records"])


def test_a_long_value_is_shown_around_its_first_word(client):
    text = "before " * 100 + "<needle> " + "behind " * 100
    client.finish_import(as_csv([{"name": "Long Value", "email": "long@example.com", "age": "1", "department": text}]))
    shown = client.search(query="needle", mode="keyword", highlight=True)["records"][0]["highlights"]["department"]
    assert "&lt;<mark>needle</mark>&gt;" in shown and len(shown) < 600
    assert shown.startswith("…") and shown.endswith("…")


def test_a_slip_in_a_longer_word_still_finds_it(client):
    content = as_csv([{"name": "Zbigniew Kowalczyk", "email": "z@example.com", "age": "33", "department": "Accountancy"}])
    found = client.finish_import(content)
    for query in ("acountancy", "Kowalczik", "kowalcyzk", "akcountanzy", "Zbigniev accountancy"):
        body = client.search(query=query, mode="keyword", highlight=True)
        assert [record["import_id"] for record in body["records"]] == [found["id"]], query
        assert "<mark>" in json.dumps(body["records"][0]["highlights"])
    assert client.search(query="zbig", mode="keyword")["page"]["total"] == 0
    assert client.search(query='"acountancy"', mode="keyword")["page"]["total"] == 0


def test_whatever_is_typed_is_a_query(library):
    chance = random.Random(SEED + 3)
    signs = '"*-+()^:{}[]~\\/&|!<>=,;\'` \t\n\u0000\u3000' + "aé東\u0301\U0001F600"
    typed = ["".join(chance.choices(signs, k=chance.randint(1, 40))) for _ in range(60)]
    typed += [bytes(chance.randrange(256) for _ in range(30)).decode("utf-8", "replace") for _ in range(20)]
    typed += ["NEAR(a b)", "a AND", "text:ana", "rowid:1", "^ana", "{text}: x", '"', '"""', "-", "*", '-"', "x" * 16000,
              "a " * 8000, '"' + "a " * 8000, "-a " * 100]
    for query in typed:
        for mode in ("keyword", "hybrid"):
            response = library.post("/api/records/search", json={"query": query, "mode": mode, "limit": 5, "highlight": True})
            assert response.status_code == 200, (query, response.text)


def test_naughty_strings_are_queries(library):
    for number, query in enumerate(json.loads(shared_path("corpus/blns/blns.json").read_text())):
        if query and (LONG or number % 3 == 0):
            body = library.search(query=query, mode="keyword", limit=3, highlight=True)
            assert body["mode"] == "keyword"


def test_words_are_found_before_anything_is_embedded(library):
    """Invalid rows never are: words find them, in hybrid search too."""
    for mode in ("keyword", "hybrid"):
        body = library.search(query="sales", mode=mode, status="invalid", limit=1000)
        assert [record["id"] for record in body["records"]] == [
            number for number, _ in search(library.records, "sales", lambda r: r["status"] == "invalid")]
        assert body["records"] and not any(record["embedded"] for record in body["records"])


def test_hybrid_gives_what_either_gives_and_counts_the_words(library):
    for query in ("head of sales", "emile finance", "somebody with money"):
        words = library.search(query=query, mode="keyword", limit=1000)
        meaning = library.search(query=query, mode="semantic", limit=1000)
        both = library.search(query=query, mode="hybrid", limit=1000)
        ids = [record["id"] for record in both["records"]]
        assert len(ids) == len(set(ids))
        assert set(ids) >= {record["id"] for found in (words, meaning) for record in found["records"]}
        if words["page"]["total"]:
            assert both["page"]["total"] == words["page"]["total"]
        keys = [(-record["score"], record["id"]) for record in both["records"]]
        assert keys == sorted(keys)


def test_min_score_leaves_the_words_of_hybrid_alone(library):
    words = library.search(query="sales", mode="keyword", limit=1000)
    both = library.search(query="sales", mode="hybrid", min_score=0.999, limit=1000)
    assert {record["id"] for record in both["records"]} == {record["id"] for record in words["records"]}


@pytest.mark.parametrize("mode", ["keyword", "hybrid"])
def test_a_cursor_names_a_list_that_data_does_not_change(make_server, mode):
    client = Client(make_server().start().url)
    client.finish_import(as_csv(people(60, fresh_seed())))
    everything = client.search(query="sales example", mode=mode, limit=1000)
    ids = [record["id"] for record in everything["records"]]
    first = client.search(query="sales example", mode=mode, limit=4)
    client.finish_import(as_csv(people(60, fresh_seed())))
    seen, body = [record["id"] for record in first["records"]], first
    while body["page"]["next"]:
        body = client.search(query="sales example", mode=mode, limit=4, cursor=body["page"]["next"])
        assert body["page"]["total"] == first["page"]["total"] and body["page"]["offset"] == len(seen)
        seen += [record["id"] for record in body["records"]]
    assert seen == ids


def test_a_kept_list_leaves_out_what_is_deleted_meanwhile(make_server):
    client = Client(make_server().start().url)
    kept = client.finish_import(as_csv(people(20, fresh_seed())))["id"]
    gone = client.finish_import(as_csv(people(20, fresh_seed())))["id"]
    body = client.search(query="example", mode="keyword", limit=15)
    client.delete(f"/api/imports/{gone}")
    seen = {record["import_id"] for record in body["records"]}
    while body["page"]["next"]:
        body = client.search(query="example", mode="keyword", limit=15, cursor=body["page"]["next"])
        seen |= {record["import_id"] for record in body["records"]}
    assert seen == {kept}
    assert client.search(query="example", mode="keyword")["page"]["total"] == 20


def test_a_cursor_of_a_list_that_is_gone_is_refused(make_server):
    server = make_server().start()
    client = Client(server.url)
    client.finish_import(as_csv(people(20, fresh_seed())))
    cursor = client.search(query="example", mode="keyword", limit=5)["page"]["next"]
    client = Client(server.restart().url)
    response = client.post("/api/records/search", json={"query": "example", "mode": "keyword", "limit": 5, "cursor": cursor})
    expect_problem(response, 422, "invalid-parameter", ["body", "cursor"])
