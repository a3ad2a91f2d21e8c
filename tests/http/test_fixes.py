"""POST /api/upload?fixes={id}: a corrected rejects file repairs those very rows."""

import csv
import io
import json
import time

import pytest

from support.expect import expect_problem

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
    number = client.finish_import(b'[{"name": "A", "email": "bad"}]', "rows.json")["id"]
    broken = b'[{"_row": 1, "name": "A", "email": "a@example.com"}, oops'
    fixes = client.finish_import(broken, "rows.json", fixes=number)
    assert fixes["status"] == "failed"
    assert ledger(client.get_import(number)) == ("completed", 1, 0, 1, 0)


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


@pytest.mark.parametrize("rows", [1300])
def test_many_rows_are_repaired_in_batches(client, rows):
    content = b"name,email,age\n" + b"".join(b"N%d,%s,1\n" % (i, b"bad" if i % 2 else b"n%d@example.com" % i) for i in range(rows))
    number = client.finish_import(content)["id"]
    fixed = rejects(client, number).replace(b",bad,", b",good@example.com,")
    fixes = client.finish_import(fixed, fixes=number)
    assert (fixes["processed_records"], fixes["failed_records"]) == (rows // 2, 0)
    target = client.get_import(number)
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
    if found["status"] == "failed":  # else all of it was read before; "not-found": none of it was
        assert found["error"]["code"] in ("fixed-import-gone", "not-found")
    expect_problem(client.post(f"/api/imports/{fixes}/retry"), 404 if found["status"] == "failed" else 409)
    assert client.search(import_id=number)["page"]["total"] == 0
