"""POST /api/upload?fixes={id}: a corrected rejects file repairs those very rows."""

import csv
import io
import json
import random
import time

import pytest

from support.expect import expect_problem
from support.workbook import workbook

CONTENT = (b"E-Mail;Name;Age;Note\nbad;A;30;x\nb@example.com;B;31;\"y;z\"\n;C;old;\nd@example.com;D;200;last\n")


def rejects(client, number):
    return client.get(f"/api/imports/{number}/rejects").content


def edited(content, changes, delimiter=";"):
    """The rejects file with cells of some rows changed: {row number: {column: text}}."""
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline=""), delimiter=delimiter))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0].keys(), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, **changes.get(row["_row"], {})})
    return out.getvalue().encode()


def ledger(item):
    return item["status"], item["total_records"], item["processed_records"], item["failed_records"], item["embedded_records"]


def test_corrected_rows_take_the_place_of_the_rejected_ones(client):
    number = client.finish_import(CONTENT, "people.csv")["id"]
    before = client.get_import(number)["records"]
    fixed = edited(rejects(client, number), {"1": {"E-Mail": "a@example.com"}, "4": {"Age": "20"}})
    fixes = client.finish_import(fixed, "people-rejects.csv", fixes=number)
    assert fixes["fixes"] == number and fixes["records"] == [] and ledger(fixes) == ("completed", 3, 2, 1, 2)
    target = client.get_import(number)
    assert ledger(target) == ("completed", 4, 3, 1, 3) and "fixes" not in target
    records = target["records"]
    assert [record["id"] for record in records] == [record["id"] for record in before]
    assert [record["status"] for record in records] == ["valid", "valid", "invalid", "valid"]
    assert records[0]["data"] == {"email": "a@example.com", "name": "A", "age": 30, "Note": "x"} and records[0]["embedded"]
    assert records[3]["data"]["age"] == 20 and records[3]["errors"] == []
    assert client.search(query="A a@example.com", import_id=number, mode="semantic")["page"]["total"] == 3
    found = {word: client.search(query=word, import_id=number, mode="keyword")["page"]["total"] for word in ("bad", '"a example"', "200", "20", "old")}
    assert found == {"bad": 0, '"a example"': 1, "200": 0, "20": 1, "old": 1}


def test_what_is_still_wrong_stays_invalid_with_its_new_errors_and_can_be_tried_again(client):
    number = client.finish_import(CONTENT.replace(b"D;", b"Dora;"), "people.csv")["id"]
    first = client.finish_import(edited(rejects(client, number), {"1": {"E-Mail": "still bad"}, "3": {"E-Mail": "c@example.com"}}),
                                 fixes=number)
    assert ledger(first) == ("completed", 3, 0, 3, 0)
    errors = client.get(f"/api/imports/{number}/errors").json()
    assert [(error["row"], error["field"], error["value"]) for error in errors["errors"]] == [
        (1, "email", "still bad"), (3, "age", "old"), (4, "age", "200")]
    assert errors["groups"][0]["count"] == 1 and errors["page"]["total"] == 3
    again = rejects(client, number)
    assert b"still bad;A;30;x;1;" in again and b"c@example.com;C;old;;3;" in again
    second = client.finish_import(edited(again, {"1": {"E-Mail": "a@example.com"}, "3": {"Age": "4"}, "4": {"Age": ""}}), fixes=number)
    assert ledger(second) == ("completed", 3, 3, 0, 3)
    assert ledger(client.get_import(number)) == ("completed", 4, 4, 0, 4)
    assert client.get(f"/api/imports/{number}/errors").json()["groups"] == []
    own = client.get(f"/api/imports/{first['id']}/errors").json()
    assert own["page"]["total"] == 3 and {error["record_id"] for error in own["errors"]} == {None}


def test_rows_that_cannot_be_corrected_are_errors_of_the_fixes(client):
    number = client.finish_import(CONTENT.replace(b"A;", b"Anna;"), "people.csv")["id"]
    content = (b"_row;E-Mail;Name\n1;a@example.com;A\n1;a2@example.com;A\n2;b@example.com;B\n99;z@example.com;Z\n"
               b"x;y@example.com;Y\n;w@example.com;W\n3;still;C\n3;c@example.com;C\n")
    fixes = client.finish_import(content, fixes=number)
    assert ledger(fixes) == ("completed", 8, 1, 7, 1)
    errors = client.get(f"/api/imports/{fixes['id']}/errors").json()["errors"]
    assert [(error["row"], error["field"], error["code"]) for error in errors] == [
        (2, "_row", "row-error"), (3, "_row", "row-error"), (4, "_row", "row-error"), (5, "_row", "row-error"), (6, "_row", "row-error"),
        (7, "email", "type-error"), (8, "_row", "row-error")]
    assert "more than once" in errors[-1]["message"] and "valid already" in errors[0]["message"] and "no row 99" in errors[2]["message"]
    assert ledger(client.get_import(number)) == ("completed", 4, 2, 2, 2)


def test_json_comes_back_and_is_read_again(client):
    rows = [{"name": "A", "email": "bad", "more": [1, 2.50]}, 7, {"name": "B", "email": "b@example.com"}]
    number = client.finish_import(json.dumps(rows).encode(), "rows.json")["id"]
    items = json.loads(rejects(client, number))
    items[0]["email"] = "a@example.com"
    items[1]["_value"] = {"name": "Seven", "email": "seven@example.com"}
    fixes = client.finish_import(json.dumps(items).encode(), "rows.json", fixes=number)
    assert ledger(fixes) == ("completed", 2, 2, 0, 2)
    assert [record["data"] for record in client.get_import(number)["records"]] == [
        {"name": "A", "email": "a@example.com", "more": [1, 2.5]}, {"name": "Seven", "email": "seven@example.com"}, rows[2]]


def test_a_broken_file_corrects_nothing(client):
    rows = 9000  # in several batches, of which only the last is broken
    given = [{"name": f"Name {row}", "email": "bad"} for row in range(rows)]
    number = client.finish_import(json.dumps(given).encode(), "rows.json", embed="false")["id"]
    fixed = [{"_row": row + 1, **item, "email": "a@example.com"} for row, item in enumerate(given)]
    fixes = client.finish_import(json.dumps(fixed).encode()[:-1] + b", oops", "rows.json", fixes=number)
    assert fixes["status"] == "failed"
    assert ledger(client.get_import(number, limit=1)) == ("completed", rows, 0, rows, 0)


def test_the_target_must_be_there_and_completed(client):
    expect_problem(client.upload(b"_row,name\n1,A\n", fixes=999999), 404)
    failed = client.finish_import(b'[{"a": 1}, oops', "x.json")["id"]
    expect_problem(client.upload(b"_row,name\n1,A\n", fixes=failed), 409)
    number = client.finish_import(b"name,email\nAlone,bad\n")["id"]
    fixes = client.finish_import(b"_row,name,email\n1,Alone,alone@example.com\n", fixes=number)["id"]
    expect_problem(client.upload(b"_row,name\n7,A\n", fixes=fixes), 409)
    for query in ("schema=any", "dry_run=true", "map=a:name", "header=false"):
        expect_problem(client.post(f"/api/upload?filename=x.csv&fixes={number}&{query}", data=b"_row\n1\n"), 422)


def test_deleting_the_fixes_keeps_what_was_repaired(client):
    number = client.finish_import(b"name,email\nKept,bad\n")["id"]
    fixes = client.finish_import(b"_row,name,email\n1,Kept,kept@example.com\n", fixes=number)["id"]
    assert client.delete(f"/api/imports/{fixes}").status_code == 200
    assert ledger(client.get_import(number)) == ("completed", 1, 1, 0, 1)


@pytest.mark.parametrize("rows", [1300, 12000])
def test_many_rows_are_repaired_in_batches_in_any_order(client, rows):
    content = b"name,email,age\n" + b"".join(b"N%d,%s,1\n" % (i, b"bad" if i % 2 else b"n%d@example.com" % i) for i in range(rows))
    options = {"embed": "true" if rows < 2000 else "false"}
    number = client.finish_import(content, **options)["id"]
    header, *lines = rejects(client, number).splitlines(keepends=True)
    lines = [line.replace(b",bad,", b",good%d@example.com," % place) for place, line in enumerate(lines)]
    random.Random(rows).shuffle(lines)
    fixes = client.finish_import(header + b"".join(lines), fixes=number)
    assert (fixes["processed_records"], fixes["failed_records"]) == (rows // 2, 0)
    for place in range(0, rows // 2, rows // 40):
        found = client.search(filter={"email": f"good{place}@example.com"}, import_id=number)["records"]
        assert [(record["row"], record["data"]["name"]) for record in found] == [(2 * place + 2, f"N{2 * place + 1}")]
    assert client.search(import_id=number, status="invalid")["page"]["total"] == 0
    target = client.get_import(number, limit=1)
    assert (target["status"], target["processed_records"], target["failed_records"]) == ("completed", rows, 0)


def test_a_repair_of_an_import_without_vectors_counts_none(client):
    number = client.finish_import(CONTENT + b"e@example.com;E;32;\n", "people.csv", embed="false")["id"]
    fixed = edited(rejects(client, number), {"1": {"E-Mail": "a@example.com"}})
    fixes = client.finish_import(fixed, "people-rejects.csv", fixes=number)
    assert fixes["processed_records"] > 0 and fixes["embedded_records"] == 0
    assert client.get_import(number)["embedded_records"] == 0


# ---- corrections that are stopped, repeated, or lose their target


def add_wrong(client, rows=120):
    """An import whose rows are all wrong, and the file that corrects them: long texts, whose vectors take a while."""
    wrong = b"name,email,Note\n" + b"".join(b"Stopped %d,bad,%s\n" % (row, b"long and longer " * 50) for row in range(rows))
    number = client.finish_import(wrong, on_duplicate="force")["id"]
    return number, rejects(client, number).replace(b",bad,", b",good@example.com,")


def test_a_second_correction_waits_its_turn(client):
    number, fixed = add_wrong(client)
    first = client.add_import(fixed, fixes=number)["id"]
    expect_problem(client.upload(fixed + b"\n", fixes=number), 409, "not-completed")
    expect_problem(client.post(f"/api/imports/{number}/cancel"), 409)
    assert ledger(client.wait_for_import(first)) == ("completed", 120, 120, 0, 120)
    assert ledger(client.get_import(number, limit=1)) == ("completed", 120, 120, 0, 120)
    assert ledger(client.finish_import(b"_row,name,email\n1,A,a@example.com\n", fixes=number)) == ("completed", 1, 0, 1, 0)


def test_a_correction_that_is_cancelled_and_retried_counts_its_own_work(client):
    number, fixed = add_wrong(client)
    fixes = client.add_import(fixed, fixes=number)["id"]
    while client.get_import(fixes)["processed_records"] == 0:
        time.sleep(0.005)
    assert client.post(f"/api/imports/{fixes}/cancel").status_code == 202
    target = client.wait_for_import(number)
    assert target["status"] == "completed" and target["processed_records"] == target["embedded_records"] > 0
    assert client.post(f"/api/imports/{fixes}/retry").status_code == 202
    assert ledger(client.wait_for_import(fixes)) == ("completed", 120, 120, 0, 120)
    assert ledger(client.wait_for_import(number)) == ("completed", 120, 120, 0, 120)
    assert client.get(f"/api/imports/{fixes}/errors").json()["page"]["total"] == 0
    assert client.search(query="Stopped 7", mode="semantic", import_id=number, limit=1)["page"]["total"] == 120


def test_a_correction_ends_with_the_import_that_it_corrects(client):
    number, fixed = add_wrong(client)
    fixes = client.add_import(fixed, fixes=number)["id"]
    assert client.delete(f"/api/imports/{number}").status_code == 200
    found = client.wait_for_import(fixes)
    if found["status"] == "failed":  # else all of it was read before
        assert found["error"]["code"] == "fixed-import-gone"
    expect_problem(client.post(f"/api/imports/{fixes}/retry"), 404 if found["status"] == "failed" else 409)
    assert client.search(import_id=number)["page"]["total"] == 0


def errors_of(client, number):
    return [(error["row"], error["field"], error["code"], error["message"], error["line"], error["byte"])
            for error in client.get(f"/api/imports/{number}/errors").json()["errors"]]


UNCHANGED = {
    "ragged.csv": (b"name,email,note\nShort,short@example.com\nB,b@example.com,ok\nLong,long@example.com,x,\"extra, one\",two\n"
                   b"Da\"maged,da@example.com,y\nOpen,open@example.com,\"never closed\n"),
    "none.csv": b"name|email|note\nA \"B\"|a@example.com\nC|c@example.com|x|y\n",
    "bytes.csv": "name,email,note\nZo\u00eb,zoe@example.com,\u00e9\u00e8\u00ea\n".encode() + b"Caf\xe9,cafe@example.com,x\n",
    "rows.json": b'[7, null, "text\\ud800", [1, {"a": 2}], true, {"name": "A", "email": "a@example.com"}, {"_value": 7}, {"_raw": "{}"}, '
                 b'{"name": "D", "email": "d@example.com", "name": "E"}]',
    "rows.ndjson": b'{"name": "A", "email": "a@example.com"}\n{"broken":\n[1, "two"]\n-1.50e400\n{"name": "\xff\xfe"}\n',
}


@pytest.mark.parametrize("name", UNCHANGED)
@pytest.mark.parametrize("schema", ["people", "any"])
def test_a_row_that_comes_back_unchanged_stays_as_it_is(client, name, schema):
    options = {"quote": "none"} if name == "none.csv" else {}
    number = client.finish_import(UNCHANGED[name], name, schema=schema, embed="false", **options)["id"]
    before, given = errors_of(client, number), rejects(client, number)
    records = client.all_records(number)
    item = client.get_import(number)
    assert item["status"] == "completed" and item["failed_records"] >= 1
    fixes = client.finish_import(given, name, fixes=number)
    assert (fixes["processed_records"], fixes["failed_records"]) == (0, item["failed_records"])
    assert [error[1:4] for error in errors_of(client, fixes["id"])] == [error[1:4] for error in before]
    assert [error[:4] for error in errors_of(client, number)] == [error[:4] for error in before]
    if name.endswith(".csv"):  # it was not touched
        assert errors_of(client, number) == before and rejects(client, number) == given
    assert [(record["id"], record["status"], record["data"]) for record in client.all_records(number)] == [
        (record["id"], record["status"], record["data"]) for record in records]


def test_half_a_character_comes_back_as_it_was_sent_however_often(client):
    sent = [rb'"text\ud800"', rb'{"name": "A\ud800", "email": "bad\uDC01"}', rb'{"name": ["\udfff"], "email": "x"}',
            rb'{"name": "B", "email": "b@example.com", "n\udbff": 1}']
    number = client.finish_import(b"[" + b", ".join(sent) + b"]", "halves.json")["id"]
    changed = rejects(client, number).replace(rb"bad\uDC01", rb"worse\uDC01")
    assert client.finish_import(changed, "halves.json", fixes=number)["failed_records"] == 4
    given = rejects(client, number)
    for row in (sent[0], sent[1][:-1].replace(b"bad", b"worse"), sent[2][:-1], sent[3][:-1]):
        assert row + b"," in given or b'{"_value":' + row + b"," in given, given
    assert [record["data"] for record in client.all_records(number)] == [
        "text\ud800", {"name": "A\ud800", "email": "worse\udc01"}, {"name": ["\udfff"], "email": "x"},
        {"name": "B", "email": "b@example.com", "n\udbff": 1}]
    assert {error["value"] for error in client.get(f"/api/imports/{number}/errors").json()["errors"]} >= {
        '"text\\ud800"', '"A\\ud800"', '"worse\\uDC01"', '["\\udfff"]', "n\\udbff"}


def test_a_file_with_columns_named_like_ours_keeps_the_rest_as_sent(client):
    number = client.finish_import(rb'[{"_row": 7, "name" : "A\ud800", "\u005fline": 1, "email":"x", "_errors": [","] }]', "own.json")["id"]
    assert rejects(client, number).startswith(b'[\n{ "name" : "A\\ud800", "email":"x","_row":1,')


def test_a_spreadsheet_that_quotes_otherwise_changes_nothing(client):
    number = client.finish_import(UNCHANGED["bytes.csv"] + UNCHANGED["ragged.csv"].split(b"\n", 1)[1], "people.csv", embed="false")["id"]
    before = errors_of(client, number)
    rows = list(csv.reader(io.StringIO(rejects(client, number).decode("utf-8", "replace"), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL).writerows(rows)
    fixes = client.finish_import(b"\xef\xbb\xbf" + out.getvalue().encode(), "saved.csv", fixes=number)
    assert fixes["processed_records"] == 0 and errors_of(client, number) == before


def test_emptied_errors_say_that_a_row_is_meant_as_it_stands(client):
    number = client.finish_import(b"name,email,note\nShort,short@example.com\nDa\"maged,da@example.com,x\nNo,wrong\n", embed="false")["id"]
    given = list(csv.reader(io.StringIO(rejects(client, number).decode())))
    for row in given[1:]:
        row[5] = ""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(given)
    fixes = client.finish_import(out.getvalue().encode(), fixes=number)
    assert (fixes["processed_records"], fixes["failed_records"]) == (2, 1)
    assert [record["data"] for record in client.get_import(number, status="valid")["records"]] == [
        {"name": "Short", "email": "short@example.com", "note": ""}, {"name": 'Da"maged', "email": "da@example.com", "note": "x"}]


def test_what_is_said_of_a_rows_width_counts_the_files_own_columns(client):
    number = client.finish_import(b"name,email,note\nA,wrong,x\nB,wrong,y\n", embed="false")["id"]
    content = b"_row,name,email,note,_errors\n1,A,a@example.com,x,e,more,and more\n2,B,b@example.com\n"
    assert client.finish_import(content, fixes=number)["failed_records"] == 2
    assert [error[3] for error in errors_of(client, number)] == [
        "The row has 5 cells, and there are 3 columns; put a cell with delimiters in quotes.",
        "The row has 2 cells, and there are 3 columns: this one is missing."]


def test_a_unique_value_that_was_given_up_is_free_for_a_row_that_comes_back_unchanged(client):
    schema = {"fields": [{"name": "code", "constraints": {"unique": True}}, {"name": "note"}]}
    assert client.request("PUT", "/api/schemas/given-up", json=schema).status_code in (200, 201)
    number = client.finish_import(b"code,note\n1,a\n1,b\n", schema="given-up", embed="false")["id"]
    given = rejects(client, number)
    assert client.finish_import(given, fixes=number)["failed_records"] == 1
    first = client.all_records(number)[0]["id"]
    assert client.request("PATCH", f"/api/records/{first}", json={"data": {"code": "2"}}).status_code == 200
    assert client.finish_import(given, "again.csv", fixes=number, on_duplicate="force")["processed_records"] == 1


def table_file(name):
    """A file of one kind: rows right, without @, too old and without a name; and the options it needs."""
    rows = [["name", "email", "age", "note"], ["Ada", "ada@example.com", "36", "plain"],
            ["Bob", "bob.example.com", "41", "tab\tand \"quote\", comma; pipe|"], ["Cyd", "cyd@example.com", "200", "back\\slash"],
            ["", "dan@example.com", "20", "two\nlines"]]
    if name == "book.xlsx":
        return workbook({"People": rows}), {}
    if name == "bare.csv":
        bare = [[cell.replace("|", "/").replace("\n", " ") for cell in row] for row in rows]
        return "".join("|".join(row) + "\n" for row in bare).encode(), {"quote": "none", "delimiter": "|"}
    if name == "bare-escape.csv":
        def escaped(cell):
            return "".join("\\" + c if c in "\\,\n" else c for c in cell)
        return "".join(",".join(map(escaped, row)) + "\n" for row in rows).encode(), {"quote": "none", "escape": "\\"}
    out = io.StringIO(newline="")
    style = {"escape.csv": {"doublequote": False, "escapechar": "\\"}, "tabs.tsv": {"delimiter": "\t"},
             "single.csv": {"quotechar": "'", "delimiter": ";"}}.get(name, {})
    csv.writer(out, lineterminator="\r\n", **style).writerows(rows)
    encoding = "utf-16" if name == "utf16.csv" else "utf-8"
    return out.getvalue().encode(encoding), {"escape": "\\"} if name == "escape.csv" else {}


DIALECTS = {"book.xlsx": {}, "bare.csv": {"delimiter": "|", "quoting": csv.QUOTE_NONE, "quotechar": None},
            "bare-escape.csv": {"quoting": csv.QUOTE_NONE, "escapechar": "\\", "quotechar": None},
            "escape.csv": {"doublequote": False, "escapechar": "\\"}, "tabs.tsv": {"delimiter": "\t"},
            "single.csv": {"quotechar": "'", "delimiter": ";"}, "utf16.csv": {}}


@pytest.mark.parametrize("name", DIALECTS)
def test_rejects_come_in_the_dialect_of_the_file_and_are_read_again_without_a_word(client, name):
    content, options = table_file(name)
    number = client.finish_import(content, name, **options)["id"]
    notes = [record["data"]["note"] for record in client.all_records(number)]
    assert "tab\tand" in notes[1] and "back\\slash" in notes[2]
    given = rejects(client, number).decode()
    rows = list(csv.reader(io.StringIO(given, newline=""), **DIALECTS[name]))
    assert rows[0] == ["name", "email", "age", "note", "_row", "_line", "_errors"]
    assert [(row[3], row[4], row[5]) for row in rows[1:]] == [(notes[1], "2", "3"), (notes[2], "3", "4"), (notes[3], "4", "5")]
    # Unchanged first: nothing happens.
    assert client.finish_import(given.encode(), name, fixes=number)["processed_records"] == 0
    rows[1][1], rows[2][2], rows[3][0] = "bob@example.com", "20", "Dan"
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", **DIALECTS[name]).writerows(rows)
    saved = {"text": out.getvalue().encode()}
    if name in ("book.xlsx", "utf16.csv", "tabs.tsv"):
        saved["utf-16"] = out.getvalue().encode("utf-16")
    if name == "book.xlsx":
        saved["workbook"] = workbook({"Sheet1": rows})
    for kind, text in saved.items():
        if kind != "text":
            number = client.finish_import(content, name, on_duplicate="force", **options)["id"]
        fixes = client.finish_import(text, name, fixes=number)
        assert (fixes["processed_records"], fixes["failed_records"]) == (3, 0), kind
        records = client.all_records(number)
        assert [record["data"]["note"] for record in records] == notes
        assert [(record["data"]["name"], record["data"]["email"], record["data"]["age"]) for record in records[1:]] == [
            ("Bob", "bob@example.com", 41), ("Cyd", "cyd@example.com", 20), ("Dan", "dan@example.com", 20)]
        assert [record["status"] for record in records] == ["valid"] * 4
