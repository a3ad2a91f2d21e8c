"""Exports of searches and imports, and records that are similar to one."""

import csv
import io
import json
import re

import numpy
import pytest

from support.client import Client
from support.database import rows_of
from support.expect import check_answer, expect_problem, expect_record
from support.people import fresh_seed, people_csv, spoiled_csv
from support.server import Server
from support.surroundings import shared_path

NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?")
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("export")).start()
    client = Client(server.url)
    client.database = server.database
    content, _ = spoiled_csv(400, bad=30, seed=fresh_seed())
    client.large = client.finish_import(content, "large.csv")["id"]
    yield client
    server.stop()


def export(client, **members):
    response = client.post("/api/records/export", json=members)
    assert response.status_code == 200, response.text
    return response


def csv_rows(response):
    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.headers["Content-Disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(response.content.decode(), newline="")))


def everything(client, **members):
    records, cursor = [], None
    while True:
        body = client.search(limit=1000, **members, **({"cursor": cursor} if cursor else {}))
        records += body["records"]
        cursor = body["page"]["next"]
        if cursor is None:
            return records


def as_cell(value):
    return "" if value is None else json.dumps(value) if isinstance(value, (int, float, bool)) else value


@pytest.mark.parametrize("members", [
    {}, {"status": "invalid"}, {"filter": {"department": "Sales"}, "sort": ["-age", "name"]}, {"sort": ["name"]},
    {"query": "legal", "mode": "semantic", "filter": {"age": {"lt": 40}}}])
def test_an_export_holds_all_that_the_search_finds_in_its_order(library, members):
    expected = everything(library, **members)
    rows = csv_rows(export(library, **members, escape_formulas=False))
    assert [int(row["_id"]) for row in rows] == [record["id"] for record in expected]
    for row, record in zip(rows, expected):
        assert {name: row[name] for name in record["data"]} == {
            name: as_cell(value) for name, value in record["data"].items()}
        assert (int(row["_row"]), row["_status"]) == (record["row"], record["status"])
    lines = export(library, **members, format="ndjson").content.decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [record["id"] for record in expected]
    whole = export(library, **members, format="json").json()
    assert [record["data"] for record in whole] == [record["data"] for record in expected]
    for record in whole:
        expect_record(record)


def test_an_import_is_exported_as_it_was_uploaded(library):
    content = people_csv(300)
    made = library.finish_import(content)
    response = library.get(f"/api/imports/{made['id']}/export")
    assert [[row[name] for name in ("name", "email", "age", "department")] for row in csv_rows(response)] == list(
        csv.reader(io.StringIO(content.decode())))[1:]
    response = library.get(f"/api/imports/{made['id']}/export", params={"format": "json", "status": "invalid"})
    assert response.json() == []
    expect_problem(library.get("/api/imports/999999/export"), 404)
    expect_problem(library.get(f"/api/imports/{made['id']}/export", params={"format": "xls"}), 422)


def test_columns_are_all_fields_that_there_are_or_those_asked_for(library):
    rows = [{"name": "a", "k1": 1}, {"k2": [1, {"x": None}], "name": "b"}, {"k3": True, "k1": None}]
    made = library.finish_import(json.dumps(rows).encode(), "x.json", schema="any")["id"]
    got = csv_rows(export(library, import_id=made))
    assert [(row["name"], row["k1"], row["k2"], row["k3"]) for row in got] == [
        ("a", "1", "", ""), ("b", "", '[1, {"x": null}]', ""), ("", "", "", "true")]
    only = export(library, import_id=made, fields=["k3", "nothing"]).content.decode().splitlines()
    assert only[0].startswith("k3,nothing,_id,") and only[3].startswith("true,,")


def payloads():
    text = shared_path("corpus/csv-injection/Intruder/csv-payload.txt").read_text()
    return [line for line in text.splitlines() if line.strip()]


def check_formulas(library, texts):
    made = library.finish_import(json.dumps([{"cell": text, "n": -5} for text in texts]).encode(), "f.json",
                                 schema="any")["id"]
    safe = csv_rows(export(library, import_id=made, sort=["row"]))
    raw = csv_rows(export(library, import_id=made, sort=["row"], escape_formulas=False))
    assert [row["cell"] for row in raw] == texts
    for row, text in zip(safe, texts):
        assert not row["cell"].startswith(STARTS) or NUMBER.fullmatch(text), row
        assert row["cell"] in (text, "'" + text) and row["n"] == "-5"
        assert (row["cell"] != text) == (text.startswith(STARTS) and not NUMBER.fullmatch(text))
    kept = export(library, import_id=made, sort=["row"], format="json").json()
    assert [record["data"]["cell"] for record in kept] == texts


def test_no_cell_begins_like_a_formula_unless_asked_for(library):
    check_formulas(library, [
        "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠x", "=", "-", "'=1", "a=1",
        ";=1", ',"=1', "-5", "+49", "-5.5", "--5", "=cmd|' /C calc'!A0", '="x"', "plain", " =1"])


def test_payloads_of_others_are_harmless(library):
    check_formulas(library, payloads())


def test_field_names_are_no_formulas_either(library):
    made = library.finish_import(json.dumps([{"=1+1": 1}]).encode(), "h.json", schema="any")["id"]
    assert export(library, import_id=made).content.decode().startswith("'=1+1,_id,")


@pytest.mark.parametrize("members, name", [
    ({"limit": 5}, "limit"), ({"cursor": "x"}, "cursor"), ({"facets": ["age"]}, "facets"), ({"format": "xls"}, "format"),
    ({"filter": {"age": {"between": 1}}}, "filter"), ({"escape_formulas": 1}, "escape_formulas")])
def test_what_is_no_export_is_refused(library, members, name):
    problem = expect_problem(library.post("/api/records/export", json=members), 422, "invalid-parameter")
    assert problem["errors"][0]["loc"][:2] == ["body", name]


# ---- similar ----


def test_similar_records_are_the_nearest_by_vector(library):
    rows = rows_of(library.database, "SELECT id, embedding FROM records WHERE embedding IS NOT NULL ORDER BY id")
    vectors = numpy.stack([numpy.frombuffer(row[1], "<f4") for row in rows]).astype(float)
    chosen = rows[17][0]
    scores = vectors @ vectors[17]
    expected = sorted((-scores[i], rows[i][0]) for i in range(len(rows)) if rows[i][0] != chosen)
    body = library.get(f"/api/records/{chosen}/similar", params={"limit": 30}).json()
    assert body["page"]["total"] == len(expected)
    for record, (score, _) in zip(body["records"], expected):
        assert abs(record["score"] + score) < 1e-4
    assert {record["id"] for record in body["records"][:10]} <= {number for _, number in expected[:14]}
    onwards = library.get(f"/api/records/{chosen}/similar", params={"limit": 30, "cursor": body["page"]["next"]}).json()
    assert not {record["id"] for record in body["records"]} & {record["id"] for record in onwards["records"]}
    default = library.get(f"/api/records/{chosen}/similar").json()
    assert [r["id"] for r in default["records"]] == [r["id"] for r in body["records"][:10]]


def test_similar_records_can_be_filtered(library):
    chosen = everything(library, status="valid")[3]["id"]
    response = library.get(f"/api/records/{chosen}/similar",
                           params={"filter": json.dumps({"department": "Sales"}), "import_id": library.large, "limit": 50})
    check_answer(response)
    body = response.json()
    assert body["records"] and all(r["data"]["department"] == "Sales" for r in body["records"])
    problem = expect_problem(library.get(f"/api/records/{chosen}/similar", params={"filter": '{"a": {"b": 1}}'}), 422)
    assert problem["errors"][0]["loc"] == ["query", "filter", "a", "b"]
    expect_problem(library.get(f"/api/records/{chosen}/similar", params={"filter": "x"}), 422)


def test_what_has_no_vector_has_nothing_similar(library):
    invalid = everything(library, status="invalid")[0]["id"]
    expect_problem(library.get(f"/api/records/{invalid}/similar"), 409, "not-embedded")
    expect_problem(library.get("/api/records/99999999/similar"), 404)
