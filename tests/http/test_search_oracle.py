"""Searches against an oracle (support/search_oracle.py): random filters, sorts, pages and facets in every mode, over records that are
imported, corrected, repaired and deleted between the queries."""

import json
import os
import random
import time

import pytest

from support.client import Client
from support.database import rows_of
from support.search_oracle import FACETS, OWN, Answer, Oracle, counts_of_facets, facets_given, value_of
from support.server import Server
from support.surroundings import LONG, PATIENCE_S

ROUNDS = 60 if LONG else 6
SEARCHES = 120 if LONG else 24
WORDS = ("ada", "Ada", "Žofia", "zoe", "Émile", "emil", "", " ", "=1", "x" * 300, "x" * 299 + "y", "日本", "🎾", "a\u0000b")
NUMBERS = (0, -0.0, 1, 1.0, 30, 30.5, -7, 1e3, 12345678901234567890, 12345678901234567891, 0.1, 1e-7, 2**53, 2**53 + 1)
FIELDS = ("name", "age", "tag", "rare", "never", "and")
TEXTS = ("Accountant", "accounting", "Head of Sales", "head", "sales", "Søren", "soren", "Straße", "strasse", "東京タワー", "O'Neil", "finance",
         "Financial", "fin", "librarian", "007", "x1", "x12", "anna@example.com", "Łukasz")


def some_text(chance):
    return " ".join(chance.choices(TEXTS, k=chance.randint(1, 5)))


def make_row(chance):
    row = {"name": chance.choice(WORDS) or "n"}
    if chance.random() < 0.9:
        row["age"] = chance.choice(NUMBERS + WORDS[:3])
    if chance.random() < 0.6:
        row["tag"] = chance.choice((True, False, None, "t", 5, [1, 2], {"k": 1}))
    if chance.random() < 0.03:
        row["rare"] = chance.choice(WORDS)
    if chance.random() < 0.2:
        row["and"] = chance.randint(1, 5)
    if chance.random() < 0.7:
        row["note"] = some_text(chance)
    return row


# ---- what is asked ----


def make_condition(chance, records):
    name = chance.choice(FIELDS)
    name = "data." + name if name == "and" or chance.random() < 0.2 else name
    if chance.random() < 0.25:
        name = chance.choice(("id", "import_id", "row", "status", "embedded", "created_at"))
    if name == "status":
        return {name: chance.choice(("valid", "invalid", {"ne": "valid"}, {"in": ["valid"]}))}
    if name == "embedded":
        return {name: chance.choice((True, False, {"eq": True}))}
    if name in OWN:
        value = value_of(chance.choice(records), name)
        return {name: chance.choice((value, {chance.choice(("eq", "ne", "gt", "gte", "lt", "lte")): value}, {"in": [value]}))}
    number, word = chance.choice(NUMBERS), chance.choice(WORDS)
    value = chance.choice((number, word, word, number, True, False, None))
    return {name: chance.choice((
        value, {"eq": value}, {"ne": value}, {"in": [number, word, True]}, {"exists": chance.random() < 0.5},
        {"prefix": word[:chance.choice((1, 2, 200))]}, {"gt": number}, {"gte": number, "lt": chance.choice(NUMBERS)}, {"lte": word}, {"gt": word}))}


def make_filter(chance, records, depth=0):
    if depth < 3 and chance.random() < 0.4:
        several = [make_filter(chance, records, depth + 1) for _ in range(chance.randint(0, 3))]
        return chance.choice(({"and": several}, {"or": several}, {"not": make_filter(chance, records, depth + 1)}))
    wanted = {}
    for _ in range(chance.randint(1, 2)):
        wanted.update(make_condition(chance, records))
    return wanted


def make_term(chance):
    """A word as it stands in records, or nearly so; now and then a sign that means something."""
    term = chance.choice(TEXTS + ("ada", "zofia", "nobody", "the", "x" * 70))
    form = chance.random()
    if form < 0.15:
        term = f'"{term} {chance.choice(TEXTS)}"'
    elif form < 0.3:
        term = term[:chance.randint(1, len(term))] + "*"
    elif form < 0.5 and len(term) > 4:
        at = chance.randrange(1, len(term) - 1)
        term = chance.choice((term[:at] + term[at + 1:], term[:at] + term[at + 1] + term[at] + term[at + 2:], term[:at] + "o" + term[at:]))
    return "-" + term if chance.random() < 0.12 else term


def make_search(chance, oracle):
    mode = chance.choice(("list", "semantic", "keyword", "keyword", "hybrid", "hybrid"))
    members = {} if mode == "list" else {"mode": mode, "query": " ".join(make_term(chance) for _ in range(chance.randint(1, 3)))}
    if chance.random() < 0.6:
        members["filter"] = make_filter(chance, oracle.records)
    if chance.random() < 0.2:
        members["import_id"] = chance.choice(oracle.imports)
    if chance.random() < 0.2:
        members["status"] = chance.choice(("valid", "invalid"))
    if mode in ("semantic", "hybrid") and chance.random() < 0.4:
        members["min_score"] = round(chance.uniform(-0.1, 0.5), 3)
    if chance.random() < (0.6 if mode == "list" else 0.25):
        names = ("name", "age", "rare", "never", "row", "created_at", "import_id", "id")
        members["sort"] = [chance.choice(("", "-")) + name for name in chance.sample(names, chance.randint(1, 3))]
    return members


# ---- checking ----


def check_pages(ask, chance, expected):
    """Every page by cursors, and one by offset."""
    seen, cursor, limit = [], None, chance.choice((3, 7, 50, 1000))
    if len(expected.records) > 40 * limit:
        limit = 1000
    while True:
        body = ask(limit=limit, **({"cursor": cursor} if cursor else {}))
        assert body["page"]["total"] == expected.total and body["page"]["offset"] == len(seen)
        seen += body["records"]
        cursor = body["page"]["next"]
        if cursor is None:
            break
        assert len(body["records"]) == limit
    skip = chance.randint(0, len(expected.records) + 3)
    body = ask(limit=10, offset=skip)
    assert [record["id"] for record in body["records"]] == [record["id"] for record in seen[skip:skip + 10]]
    return seen


def check_records(expected, seen, by_score):
    """Where scores are nearly equal, float32 and float64 may put records in another order."""
    ids = [record["id"] for record in seen]
    assert sorted(ids) == sorted(record["id"] for record in expected.records)
    if expected.exact_order:
        assert ids == [record["id"] for record in expected.records]
    elif by_score:
        assert [(-r["score"], r["id"]) for r in seen] == sorted((-r["score"], r["id"]) for r in seen)
    shown = {record["id"]: record for record in expected.records}
    for record in seen:
        assert (record["data"], record["import_id"]) == (shown[record["id"]]["data"], shown[record["id"]]["import_id"])
        if expected.scores is not None:
            assert record["score"] == pytest.approx(expected.scores[record["id"]], rel=1e-4, abs=1e-4 if by_score == "semantic" else 1e-6)


def check_search(oracle, chance):
    members = make_search(chance, oracle)
    try:
        expected = oracle.answer(members)
        if expected is None:
            return
        seen = check_pages(lambda **page: oracle.client.search(**members, **page), chance, expected)
        check_records(expected, seen, members.get("mode"))
        if chance.random() < 0.3:
            body = oracle.client.search(**members, limit=1, facets=FACETS)
            assert facets_given(body["facets"]) == counts_of_facets(expected.records)
    except AssertionError as failure:
        raise AssertionError(f"{json.dumps(members)}: {failure}") from failure


def check_similar(oracle, chance):
    """The nearest to a record are those nearest to its vector, without itself."""
    if not oracle.vectors:
        return
    number = chance.choice(sorted(oracle.vectors))
    members = {"filter": make_filter(chance, oracle.records)} if chance.random() < 0.6 else {}
    scores = oracle.scores_by(oracle.vectors[number])
    near = [record for record in oracle.passing(members) if record["id"] in scores and record["id"] != number]
    near.sort(key=lambda record: (-scores[record["id"]], record["id"]))
    parameters = {"filter": json.dumps(members["filter"])} if members else {}

    def ask(**page):
        response = oracle.client.get(f"/api/records/{number}/similar", params={**parameters, **page})
        assert response.status_code == 200, response.text
        return response.json()

    expected = Answer(near, scores, exact_order=False)
    check_records(expected, check_pages(ask, chance, expected), "semantic")


# ---- what changes ----


def import_rows(oracle, chance):
    if oracle.files and chance.random() < 0.25:
        content, schema = chance.choice(oracle.files)  # the same once more
    else:
        rows, schema = [make_row(chance) for _ in range(chance.choice((1, 5, 80)))], "any"
        if chance.random() < 0.35:
            schema, rows = "people", [{"name": row["name"], "email": f"p{i}@example.com" if i % 3 else "none", "age": row.get("age"),
                                       "note": row.get("note", "")} for i, row in enumerate(rows)]
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        oracle.files.append((content, schema))
    oracle.imports.append(oracle.client.finish_import(content, "o.ndjson", schema=schema, on_duplicate="force")["id"])


def delete_import(oracle, chance):
    """Until its rows are gone from the file they count in the frequencies of words; so this waits for that."""
    gone = oracle.imports.pop(chance.randrange(len(oracle.imports)))
    assert oracle.client.delete(f"/api/imports/{gone}").status_code == 200
    deadline = time.monotonic() + PATIENCE_S
    while rows_of(oracle.database, f"SELECT 1 FROM records WHERE import_id = {gone} LIMIT 1") or rows_of(
            oracle.database, "SELECT 1 FROM words_upkeep WHERE erase <> 0"):
        assert time.monotonic() < deadline, "the rows of a deleted import are not purged"
        time.sleep(0.02)


def patch_records(oracle, chance):
    oracle.read()
    for record in chance.sample(oracle.records, min(5, len(oracle.records))):
        data = make_row(chance)
        if "email" in record["data"]:
            data = {"note": some_text(chance), "age": chance.randint(1, 90), "email": chance.choice(("new@example.com", "wrong"))}
        data = {name: value for name, value in data.items() if value is not None}
        response = oracle.client.request("PATCH", f"/api/records/{record['id']}", json={"data": data})
        refused = response.status_code == 422 and "email" in record["data"]  # a person may stay invalid; under `any` nothing is
        assert response.status_code == 200 or refused, response.text


def repair_import(oracle, chance):
    """The rejects of an import with some of their addresses put right."""
    oracle.read()
    wrong = {record["import_id"] for record in oracle.records if record["status"] == "invalid"}
    if not wrong:
        return
    number = chance.choice(sorted(wrong))
    text = oracle.client.get(f"/api/imports/{number}/rejects").content.decode()
    rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    for row in rows:
        if chance.random() < 0.6:
            row["email"], row["age"], row["note"] = f"r{row['_row']}@example.com", 30, some_text(chance)
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    assert oracle.client.finish_import(content, "o-rejects.ndjson", fixes=number)["status"] == "completed"


def change_something(oracle, chance):
    changes = [import_rows]
    if oracle.imports:
        changes += [patch_records, repair_import, patch_records]
    if len(oracle.imports) > 3:
        changes += [delete_import, delete_import]
    chance.choice(changes)(oracle, chance)


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("oracle")).start()
    made = Oracle(Client(server.url), server.database)
    made.server, made.files = server, []
    yield made
    server.stop()


def test_searches_find_what_the_oracle_finds(oracle):
    seed = int(os.environ.get("ROWMILL_SEED", random.randrange(2**32)))
    print(f"ROWMILL_SEED={seed}")
    chance = random.Random(seed)
    for _ in range(3):
        import_rows(oracle, chance)
    for number in range(ROUNDS):
        for _ in range(3):
            change_something(oracle, chance)
        if number == ROUNDS // 2:
            oracle.client = Client(oracle.server.restart().url)
        oracle.read()
        for _ in range(SEARCHES if oracle.records else 0):
            check_search(oracle, chance)
            if chance.random() < 0.15:
                check_similar(oracle, chance)
