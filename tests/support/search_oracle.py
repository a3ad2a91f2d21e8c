"""What a search must find, by looking at every record: docs/SEARCHING.md in a few lines of Python. Words are in words_oracle.py."""

import functools
import hashlib
import json

import numpy

from support.database import rows_of
from support.words_oracle import Library, fuse

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


# ---- facets ----


def count_values(records, name):
    """The text of each value → how often it is there. Equal numbers are one value."""
    counts = {}
    for record in records:
        value = value_of(record, name)
        if value is not None and kind(value) < 3 and not (isinstance(value, str) and len(value.encode()) > 255):
            key = (kind(value), value + 0 if kind(value) == 0 else value)
            counts[key] = counts.get(key, 0) + 1
    return counts



def counts_of_facets(records):
    """What FACETS must give of these records."""
    ages = [value_of(record, "age") for record in records]
    numbers = [age for age in ages if age is not None and kind(age) == 0]
    ands = sorted(count_values(records, "data.and").items(), key=lambda item: (-item[1], item[0]))
    bars = {}
    for (_, value), count in ands:
        bars[value // 2 * 2] = bars.get(value // 2 * 2, 0) + count
    return {
        "age": count_values(records, "age"), "no age": sum(age is None for age in ages),
        "and": [key for key, _ in ands[:2]], "distinct": len(ands), "other": sum(count for _, count in ands[2:]),
        "status": {name: sum(record["status"] == name for record in records) for name in ("valid", "invalid")},
        "ranges": [sum(age < 0 for age in numbers), sum(0 <= age < 30.5 for age in numbers),
                   sum(isinstance(age, str) and age.encode() >= b"a" for age in ages)],
        "bars": bars}


FACETS = [{"field": "age", "limit": 1000}, {"field": "data.and", "limit": 2}, "status",
          {"field": "age", "name": "ranges", "ranges": [{"to": 0}, {"from": 0, "to": 30.5}, {"from": "a"}]},
          {"field": "data.and", "name": "bars", "histogram": {"interval": 2}}]


def facets_given(body):
    """The server's answer to FACETS in the same form."""
    return {
        "age": {(kind(item["value"]), item["value"]): item["count"] for item in body["age"]["values"] if not str(item["value"]).endswith("…")},
        "no age": body["age"]["missing"],
        "and": [(0, item["value"]) for item in body["data.and"]["values"]], "distinct": body["data.and"]["distinct"],
        "other": body["data.and"]["other"], "status": {item["value"]: item["count"] for item in body["status"]["values"]},
        "ranges": [item["count"] for item in body["ranges"]["ranges"]],
        "bars": {bar["from"]: bar["count"] for bar in body["bars"]["bars"] if bar["count"]}}


# ---- searches ----


class Answer:
    """What must be found: records in their order; scores by id where there are any; how many `total` says."""

    def __init__(self, records, scores=None, total=None, exact_order=True):
        self.records, self.scores, self.exact_order = records, scores, exact_order
        self.total = len(records) if total is None else total


class Oracle:
    """What the server has, read back through the list of each import, not through a search."""

    def __init__(self, client, database):
        self.client, self.database, self.imports = client, database, []

    def read(self):
        self.records = []
        for import_id in self.imports:
            self.records += self.client.all_records(import_id)
        self.records.sort(key=lambda record: record["id"])
        rows = rows_of(self.database, "SELECT id, embedding FROM records WHERE embedding IS NOT NULL")
        self.vectors = {number: numpy.frombuffer(vector, "<f4").astype(float) for number, vector in rows}
        shown = {record["id"] for record in self.records}
        stored = rows_of(self.database, "SELECT id, data FROM records")
        self.library = Library(self.records, [json.loads(data) for number, data in stored if number not in shown])

    def scores(self, query):
        answer = self.client.post("/v1/embeddings", json={"input": query}).json()
        return self.scores_by(numpy.array(answer["data"][0]["embedding"]))

    def scores_by(self, vector):
        return {record["id"]: float(self.vectors[record["id"]] @ vector) for record in self.records if record["id"] in self.vectors}

    def passing(self, members):
        return [record for record in self.records
                if passes(record, members.get("filter", {}))
                and members.get("import_id") in (None, record["import_id"])
                and members.get("status") in (None, record["status"])]

    def answer(self, members):
        """What a search must find; None where it hangs on a score that float32 and float64 may see differently."""
        found = self.passing(members)
        answer = getattr(self, "answer_" + members.get("mode", "list"))(members, found)
        if answer and "sort" in members:
            answer.records.sort(key=compare_by(members["sort"]))
            answer.total, answer.exact_order = len(answer.records), True
        return answer

    def answer_list(self, members, found):
        return Answer(found)

    def ranked_by_meaning(self, members, found):
        """Those that reach min_score, best first; None as above."""
        scores, border = self.scores(members["query"]), members.get("min_score", -2)
        if any(abs(score - border) < 1e-4 for score in scores.values()):
            return None, scores
        near = [record for record in found if scores.get(record["id"], -3) >= border]
        return sorted(near, key=lambda record: (-scores[record["id"]], record["id"])), scores

    def answer_semantic(self, members, found):
        near, scores = self.ranked_by_meaning(members, found)
        return None if near is None else Answer(near, scores, exact_order=False)

    def match(self, members, found, any_term=False):
        numbers = {record["id"] for record in found}
        return self.library.match(members["query"], lambda record: record["id"] in numbers, any_term)

    def answer_keyword(self, members, found):
        ranked, _ = self.match(members, found)
        by_id = {record["id"]: record for record in found}
        return Answer([by_id[number] for number, _ in ranked], dict(ranked), exact_order=False)

    def answer_hybrid(self, members, found):
        """The two rankings as the server gives them in the other modes, which are held against the oracle on their own, fused."""
        near, _ = self.ranked_by_meaning(members, found)
        if near is None:
            return None
        by_meaning = self.list_of({**members, "mode": "semantic"}, 1000)
        assert {number for number, _ in by_meaning} <= {record["id"] for record in near}
        ranked, full = self.match(members, found)
        any_term = not ranked
        if any_term:
            ranked, full = self.match(members, found, any_term)
        fused = fuse(ranked, full, [number for number, _ in by_meaning], any_term)
        by_id = {record["id"]: record for record in found}
        return Answer([by_id[number] for number, _ in fused], dict(fused), total=len(ranked), exact_order=False)

    def list_of(self, members, limit):
        asked = {name: value for name, value in members.items() if name != "sort"}
        return [(record["id"], record["score"]) for record in self.client.search(**asked, limit=limit)["records"]]
