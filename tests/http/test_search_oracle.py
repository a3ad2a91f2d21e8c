"""Searches against an oracle: random filters, sorts, pages, facets, imports and deletes, answered by the server and by a
few lines of Python that look at every record. Records are read back through the list of each import, not through a
search. `MODES` lists what is asked of them; each mode says which records it finds and by which score."""

import functools
import hashlib
import json
import random
import threading
import time

import numpy
import pytest

from support.client import Client
from support.database import rows_of
from support.server import Server
from support.surroundings import LONG, PATIENCE_S

ROUNDS = 40 if LONG else 5
SEARCHES = 120 if LONG else 24
WORDS = ("ada", "Ada", "Žofia", "zoe", "Émile", "emil", "", " ", "=1", "x" * 300, "x" * 299 + "y", "日本", "🎾", "a\u0000b")
NUMBERS = (0, -0.0, 1, 1.0, 30, 30.5, -7, 1e3, 12345678901234567890, 12345678901234567891, 0.1, 1e-7, 2**53, 2**53 + 1)
FIELDS = ("name", "age", "tag", "rare", "never", "and")


def make_rows(chance, count):
    rows = []
    for _ in range(count):
        row = {"name": chance.choice(WORDS) or "n"}
        if chance.random() < 0.9:
            row["age"] = chance.choice(NUMBERS + WORDS[:3])
        if chance.random() < 0.6:
            row["tag"] = chance.choice((True, False, None, "t", 5, [1, 2], {"k": 1}))
        if chance.random() < 0.03:
            row["rare"] = chance.choice(WORDS)
        if chance.random() < 0.2:
            row["and"] = chance.randint(1, 5)
        rows.append(row)
    return rows


# ---- values: number < string < false < true < array, object; missing and null are no value ----


def kind(value):
    if isinstance(value, bool):
        return 2
    return 0 if isinstance(value, (int, float)) else 1 if isinstance(value, str) else 3


def order_key(text):
    """Longer texts are ordered by their first 255 bytes, and then in an order of no meaning."""
    data = text.encode()
    return data if len(data) <= 255 else data[:255] + hashlib.sha256(data).digest()[:16]


def compare(a, b):
    if kind(a) != kind(b):
        return -1 if kind(a) < kind(b) else 1
    if kind(a) == 1:
        a, b = order_key(a), order_key(b)
    return (a > b) - (a < b)


def equal(a, b):
    return kind(a) == kind(b) and a == b


# ---- filters ----

OWN = ("id", "import_id", "row", "status", "created_at", "embedded")


def value_of(record, name):
    if name in OWN:
        return record[name]
    data = record["data"] if isinstance(record["data"], dict) else {}
    return data.get(name.removeprefix("data."))


def meets(record, name, operator, wanted):
    value = value_of(record, name)
    if operator == "eq":
        return value is None if wanted is None else value is not None and equal(value, wanted)
    if operator == "ne":
        return not meets(record, name, "eq", wanted)
    if operator == "exists":
        return (value is not None and value != "") == wanted
    if operator == "in":
        return any(meets(record, name, "eq", item) for item in wanted)
    if value is None or kind(value) != kind(wanted):
        return False
    if operator == "prefix":
        return value.encode().startswith(wanted.encode())
    order = compare(value, wanted)
    return {"gt": order > 0, "gte": order >= 0, "lt": order < 0, "lte": order <= 0}[operator]


def passes(record, wanted):
    for name, condition in wanted.items():
        if name == "and":
            good = all(passes(record, one) for one in condition)
        elif name == "or":
            good = any(passes(record, one) for one in condition)
        elif name == "not":
            good = not passes(record, condition)
        elif isinstance(condition, dict):
            good = all(meets(record, name, operator, value) for operator, value in condition.items())
        else:
            good = meets(record, name, "eq", condition)
        if not good:
            return False
    return True


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


# ---- orders ----


def compare_by(keys):
    def order(a, b):
        for key in keys:
            name, sign = (key[1:], -1) if key.startswith("-") else (key, 1)
            left, right = value_of(a, name), value_of(b, name)
            if left is None or right is None:
                result = (left is None) - (right is None)
            else:
                result = sign * compare(left, right)
            if result:
                return result
        return (a["id"] > b["id"]) - (a["id"] < b["id"])

    return functools.cmp_to_key(order)


# ---- what is asked, and what the answer must be ----


class Oracle:
    def __init__(self, client, database):
        self.client, self.database, self.imports = client, database, []

    def read(self):
        self.records = []
        for import_id in self.imports:
            self.records += self.client.all_records(import_id)
        self.records.sort(key=lambda record: record["id"])
        rows = rows_of(self.database, "SELECT id, embedding FROM records WHERE embedding IS NOT NULL")
        self.vectors = {number: numpy.frombuffer(vector, "<f4").astype(float) for number, vector in rows}

    def scores(self, query):
        answer = self.client.post("/v1/embeddings", json={"input": query}).json()
        vector = numpy.array(answer["data"][0]["embedding"])
        return {record["id"]: float(self.vectors[record["id"]] @ vector) for record in self.records
                if record["id"] in self.vectors}


MODES = ("list", "semantic")
QUERIES = ("somebody from Japan", "tennis", "thirty")


def make_search(chance, oracle):
    members = {"mode": chance.choice(MODES)}
    if chance.random() < 0.8:
        members["filter"] = make_filter(chance, oracle.records)
    if chance.random() < 0.3:
        members["import_id"] = chance.choice(oracle.imports)
    if chance.random() < 0.3:
        members["status"] = chance.choice(("valid", "invalid"))
    if members["mode"] == "list":
        del members["mode"]
    else:
        members["query"] = chance.choice(QUERIES)
        if chance.random() < 0.4:
            members["min_score"] = round(chance.uniform(-0.1, 0.5), 3)
    if chance.random() < 0.6:
        names = ("name", "age", "rare", "never", "row", "created_at", "import_id", "id")
        members["sort"] = [chance.choice(("", "-")) + name for name in chance.sample(names, chance.randint(1, 3))]
    return members


def expected_of(oracle, members):
    """The records in their order, with their scores."""
    found = [record for record in oracle.records
             if passes(record, members.get("filter", {}))
             and members.get("import_id") in (None, record["import_id"])
             and members.get("status") in (None, record["status"])]
    scores = {}
    if "query" in members:
        scores = oracle.scores(members["query"])
        # A score that is the border's own is not decided here: float32 and float64 may differ in it.
        border = members.get("min_score", -2)
        found = [record for record in found if scores.get(record["id"], -3) >= border]
        found.sort(key=lambda record: (-scores[record["id"]], record["id"]))
    if "sort" in members:
        found.sort(key=compare_by(members["sort"]))
    return found, scores


def too_near(scores, border):
    return any(abs(score - border) < 1e-5 for score in scores.values())


def check_pages(oracle, chance, members, expected):
    """Every page by cursors, and one by offset."""
    seen, cursor, limit = [], None, chance.choice((3, 7, 50, 1000))
    if len(expected) > 60 * limit:
        limit = 1000
    while True:
        body = oracle.client.search(**members, limit=limit, **({"cursor": cursor} if cursor else {}))
        assert body["page"]["total"] == len(expected) and body["page"]["offset"] == len(seen)
        seen += body["records"]
        cursor = body["page"]["next"]
        if cursor is None:
            break
        assert len(body["records"]) == limit
    skip = chance.randint(0, len(expected) + 3)
    body = oracle.client.search(**members, limit=10, offset=skip)
    assert [record["id"] for record in body["records"]] == [record["id"] for record in seen[skip:skip + 10]]
    return seen


def count_values(records, name):
    """The text of each value → how often it is there. Equal numbers are one value."""
    counts = {}
    for record in records:
        value = value_of(record, name)
        if value is not None and kind(value) < 3 and not (isinstance(value, str) and len(value.encode()) > 255):
            key = (kind(value), value + 0 if kind(value) == 0 else value)
            counts[key] = counts.get(key, 0) + 1
    return counts


def check_facets(oracle, members, expected):
    body = oracle.client.search(**members, limit=1, facets=[
        {"field": "age", "limit": 1000}, {"field": "data.and", "limit": 2}, "status",
        {"field": "age", "name": "ranges", "ranges": [{"to": 0}, {"from": 0, "to": 30.5}, {"from": "a"}]},
        {"field": "data.and", "name": "bars", "histogram": {"interval": 2}}])["facets"]
    got = {(kind(item["value"]), item["value"]): item["count"] for item in body["age"]["values"]
           if not str(item["value"]).endswith("…")}
    assert got == count_values(expected, "age")
    assert body["age"]["missing"] == sum(value_of(record, "age") is None for record in expected)
    ands = sorted(count_values(expected, "data.and").items(), key=lambda item: (-item[1], item[0]))
    assert [(0, item["value"]) for item in body["data.and"]["values"]] == [key for key, _ in ands[:2]]
    assert body["data.and"]["distinct"] == len(ands)
    assert body["data.and"]["other"] == sum(count for _, count in ands[2:])
    statuses = {item["value"]: item["count"] for item in body["status"]["values"]}
    assert statuses == {name: sum(record["status"] == name for record in expected) for name in ("valid", "invalid")}
    ages = [value_of(record, "age") for record in expected]
    numbers = [age for age in ages if age is not None and kind(age) == 0]
    assert [item["count"] for item in body["ranges"]["ranges"]] == [
        sum(age < 0 for age in numbers), sum(0 <= age < 30.5 for age in numbers),
        sum(isinstance(age, str) and age.encode() >= b"a" for age in ages)]
    bars = {bar["from"]: bar["count"] for bar in body["bars"]["bars"] if bar["count"]}
    assert bars == {start: sum(count for (_, value), count in ands if value // 2 * 2 == start)
                    for start in {value // 2 * 2 for (_, value), _ in ands}}


def check_search(oracle, chance):
    members = make_search(chance, oracle)
    expected, scores = expected_of(oracle, members)
    if "min_score" in members and too_near(scores, members["min_score"]):
        return
    try:
        seen = check_pages(oracle, chance, members, expected)
        assert {record["id"] for record in seen} == {record["id"] for record in expected}
        if "query" in members and "sort" not in members:
            assert [(-r["score"], r["id"]) for r in seen] == sorted((-r["score"], r["id"]) for r in seen)
        else:
            assert [record["id"] for record in seen] == [record["id"] for record in expected]
        for record in seen:
            if "query" in members:
                assert abs(record["score"] - scores[record["id"]]) < 1e-4
        if chance.random() < 0.3:
            check_facets(oracle, members, expected)
    except AssertionError as failure:
        raise AssertionError(f"{json.dumps(members)}: {failure}") from failure


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("oracle")).start()
    made = Oracle(Client(server.url), server.database)
    made.server = server
    yield made
    server.stop()


def change_something(oracle, chance):
    if len(oracle.imports) > 3 and chance.random() < 0.4:
        gone = oracle.imports.pop(chance.randrange(len(oracle.imports)))
        assert oracle.client.delete(f"/api/imports/{gone}").status_code == 200
        return
    rows = make_rows(chance, chance.choice((1, 5, 80)))
    schema = "any"
    if chance.random() < 0.3:
        schema, rows = "people", [{"name": row["name"], "email": f"p{i}@example.com" if i % 3 else "none",
                                   "age": row.get("age")} for i, row in enumerate(rows)]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    oracle.imports.append(oracle.client.finish_import(content, "o.ndjson", schema=schema, on_duplicate="force")["id"])


def test_searches_find_what_the_oracle_finds(oracle):
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    for _ in range(3):
        change_something(oracle, chance)
    for number in range(ROUNDS):
        change_something(oracle, chance)
        if number == ROUNDS // 2:
            oracle.client = Client(oracle.server.restart().url)
        oracle.read()
        if oracle.records:
            for _ in range(SEARCHES):
                check_search(oracle, chance)


def test_a_search_during_imports_and_deletes_shows_only_whole_records_of_their_own(oracle):
    """Every record that is shown belongs to an import that was not gone when the search began, is whole, and meets the
    filter."""
    client, stop, gone, faults = oracle.client, threading.Event(), set(), []

    def search():
        mine = Client(oracle.server.url)
        while not stop.is_set():
            before = set(gone)
            for members in ({"filter": {"batch": {"exists": True}}, "sort": ["-n"]}, {"filter": {"n": {"gte": 100}}},
                            {"query": "batch", "mode": "semantic", "filter": {"batch": {"gt": 0}}}):
                for record in mine.search(limit=200, **members)["records"]:
                    data = record["data"]
                    if record["import_id"] in before or data.keys() != {"batch", "n", "text"} or (
                            data["text"] != f"{data['batch']}/{data['n']}"):
                        faults.append((members, record))

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + PATIENCE_S
    for batch in range(1, 13 if LONG else 5):
        rows = "".join(json.dumps({"batch": batch, "n": n, "text": f"{batch}/{n}"}) + "\n" for n in range(2500))
        made = client.add_import(rows.encode(), "b.ndjson", schema="any")["id"]
        while batch % 2 and client.get_import(made)["total_records"] < 1500 and time.monotonic() < deadline:
            time.sleep(0.01)
        if batch % 2:
            assert client.delete(f"/api/imports/{made}").status_code == 200
            gone.add(made)
    stop.set()
    for thread in threads:
        thread.join()
    assert not faults, faults[:3]
