"""The big list of naughty strings, in every field: by JSON and CSV, out again, and through rejects and fixes."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from support.surroundings import skip

pytestmark = pytest.mark.once
PATH = Path(os.environ.get("ROWMILL_SHARED", "shared")) / "corpus" / "blns" / "blns.json"
RIGHT = {"name": "Ada", "email": "ada@example.com", "age": 30, "department": "Sales"}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@pytest.fixture(scope="module")
def strings():
    if not PATH.is_file():
        skip("the shared corpus is missing; ROWMILL_SHARED names it")
    found = json.loads(PATH.read_text())
    assert len(found) > 500
    return found


def as_csv(header, rows):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue().encode()


def csv_rows(content):
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def check_export(client, number, records):
    """No cell begins like a formula, and without the apostrophe it is what is stored."""
    rows = csv_rows(client.get(f"/api/imports/{number}/export", params={"format": "csv"}).content)
    assert len(rows) == len(records)
    for row, record in zip(rows, records):
        for name, value in record["data"].items():
            text = row[name]
            if isinstance(value, str):
                assert text in (value, "'" + value), (text, value)
            if text.startswith(FORMULA_STARTS):
                float(text)  # else it would be run


@pytest.mark.parametrize("field", list(RIGHT))
def test_in_a_field_of_people_nothing_of_it_is_lost(client, strings, field):
    rows = [{**RIGHT, field: text} for text in strings]
    number = client.finish_import(json.dumps(rows).encode(), f"{field}.json", embed="false")["id"]
    records = client.all_records(number)
    for row, record in zip(rows, records, strict=True):
        if field == "age" and record["status"] == "valid":
            text = row["age"].strip()
            assert record["data"] == {**RIGHT, "age": int(float(text)) if text else None}
        else:
            assert record["data"] == row
    check_export(client, number, records)
    given = {item["_row"]: item for item in client.get(f"/api/imports/{number}/rejects").json()}
    wrong = [record["row"] for record in records if record["status"] == "invalid"]
    assert list(given) == wrong
    assert [given[row][field] for row in wrong] == [strings[row - 1] for row in wrong]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_correction_of_another_field_leaves_it_as_it_is(client, strings, form):
    rows = [{"name": "n" + text[:199], "email": "x@example.com", "age": "wrong", "department": text} for text in strings]
    content = json.dumps(rows).encode() if form == "json" else as_csv(rows[0], [row.values() for row in rows])
    number = client.finish_import(content, f"departments.{form}", embed="false")["id"]
    rejects = client.get(f"/api/imports/{number}/rejects").content
    read = json.loads(rejects) if form == "json" else csv_rows(rejects)
    assert [(item["name"], item["department"]) for item in read] == [(row["name"], row["department"]) for row in rows]
    fixes = client.finish_import(rejects.replace(b'"wrong"' if form == "json" else b",wrong,", b'"30"' if form == "json" else b",30,"),
                                 f"departments.{form}", fixes=number)
    assert (fixes["processed_records"], fixes["failed_records"]) == (len(rows), 0)
    records = client.all_records(number)
    assert [record["data"] for record in records] == [{**row, "age": 30} for row in rows]
    check_export(client, number, records)


def test_under_any_it_is_kept_in_names_and_values_by_json(client, strings):
    rows = [{"text": text, "list": [text], text or "empty": {"inner": text}} for text in strings]
    number = client.finish_import(json.dumps(rows).encode(), "any.json", schema="any", embed="false")["id"]
    assert [record["data"] for record in client.all_records(number)] == rows


def test_under_any_it_comes_through_rejects_and_fixes_by_csv(client, strings):
    content = as_csv(["text", "note"], [[text, text, "surplus"] for text in strings])
    number = client.finish_import(content, "any.csv", schema="any", embed="false")["id"]
    rejects = client.get(f"/api/imports/{number}/rejects").content
    assert [(row["text"], row["note"]) for row in csv_rows(rejects)] == [(text, text) for text in strings]
    fixes = client.finish_import(rejects.replace(b",surplus\n", b"\n"), "any.csv", fixes=number)
    assert (fixes["processed_records"], fixes["failed_records"]) == (len(strings), 0)
    records = client.all_records(number)
    assert [record["data"] for record in records] == [{"text": text, "note": text} for text in strings]
    check_export(client, number, records)
