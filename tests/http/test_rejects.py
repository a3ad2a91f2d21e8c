"""GET /api/imports/{id}/rejects: what was rejected comes back as it was sent."""

import csv
import io
import json

import pytest

from support.expect import expect_problem

BLNS_LIKE = ['', ' ', '"', '""', "'", ',', ';', 'a,b', 'a"b', '=1+1', '+1', '-1', '@x', '\t', 'a\nb', 'a\r\nb', 'caf\u00e9', '\u202e', '\U0001f4a9',
             'NULL', 'undefined', '0x0', '\\', '\\"', '\u0000'[:0] or 'x', '#', ' lead', 'trail ']


def rejects(client, number):
    response = client.get(f"/api/imports/{number}/rejects")
    assert response.status_code == 200, response.text
    return response


def as_rows(content, delimiter=","):
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), delimiter=delimiter))


def test_rejected_csv_rows_come_back_with_their_errors(client):
    number = client.finish_import(b"E-Mail,Name,Age,Extra\nbad,A,30,x\na@example.com,B,31,y\n,C,old,z\n", "people.csv")["id"]
    response = rejects(client, number)
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == (
        "attachment; filename=\"people-rejects.csv\"; filename*=UTF-8''people-rejects.csv")
    rows = as_rows(response.content)
    assert rows[0] == ["E-Mail", "Name", "Age", "Extra", "_row", "_line", "_errors"]
    assert [row[:6] for row in rows[1:]] == [["bad", "A", "30", "x", "1", "2"], ["", "C", "old", "z", "3", "4"]]
    messages = [record["error_message"] for record in client.get_import(number, status="invalid")["records"]]
    assert [row[6] for row in rows[1:]] == messages


@pytest.mark.parametrize("delimiter, media", [(",", "csv"), (";", "csv"), ("\t", "tsv"), ("|", "csv")])
def test_every_cell_comes_back_byte_for_byte_in_the_uploaded_dialect(client, delimiter, media):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["name", "email", "age", "note"])
    for text in BLNS_LIKE:
        writer.writerow([text, "not an address", "x", text])
    number = client.finish_import(out.getvalue().encode(), f"strings.{media}")["id"]
    response = rejects(client, number)
    assert f"-rejects.{media}" in response.headers["Content-Disposition"]
    rows = as_rows(response.content, delimiter)
    assert [(row[0], row[3]) for row in rows[1:]] == [(text, text) for text in BLNS_LIKE]


def test_bytes_that_are_no_utf8_come_back_raw(client):
    line = b"\xff\xfe name,caf\xe9@example.com,30"
    number = client.finish_import(b"name,email,age\n" + "Zo\u00eb,zoe@example.com,x\n".encode() + line + b"\n", "bytes.csv", )["id"]
    found = [record for record in client.get_import(number)["records"] if record["row"] == 2][0]
    if found["status"] == "valid":
        pytest.skip("read in another encoding than UTF-8")
    lines = rejects(client, number).content.split(b"\n")
    assert any(text.startswith(line + b",2,3,") for text in lines), lines


def test_ragged_and_damaged_rows_keep_their_cells(client):
    content = (b"name,email,age\n"
               b"short\n"
               b"long,long@example.com,30,extra one,\"extra, two\"\n"
               b"da\"maged,a@example.com,1\n"
               b"B,b@example.com,2\n")
    number = client.finish_import(content)["id"]
    rows = as_rows(rejects(client, number).content)
    assert [row[:5] for row in rows[1:]] == [
        ["short", "", "", "1", "2"], ["long", "long@example.com", "30", "2", "3"], ['da"maged', "a@example.com", "1", "3", "4"]]
    assert rows[2][6:] == ["extra one", "extra, two"]


def test_ndjson_comes_back_as_it_was_sent(client):
    lines = [b'{ "name" : "A", "email":"bad", "age": 1.50e1, "more": {"x": [1, 2]} }', b'[1, "two"]', b'{"broken":', b'{}', b'"text"',
             b'{"name": "B", "email": "b@example.com"}', b'{"name": "\\u00e9\\ud83d\\ude00", "email": "", "name2": null}']
    number = client.finish_import(b"\n".join(lines) + b"\n", "rows.ndjson")["id"]
    response = rejects(client, number)
    assert response.headers["Content-Type"] == "application/x-ndjson"
    given = response.content.split(b"\n")[:-1]
    assert given[0].startswith(lines[0][:-2] + b',"_row":1,"_line":1,"_errors":[{')
    objects = [json.loads(line) for line in given]
    assert [item["_row"] for item in objects] == [1, 2, 3, 4, 5, 7]
    assert objects[1]["_value"] == [1, "two"] and objects[2]["_raw"] == '{"broken":' and objects[4]["_value"] == "text"
    assert list(objects[3]) == ["_row", "_line", "_errors"] and objects[5]["name"] == "\u00e9\U0001f600"
    errors = client.get_import(number, status="invalid")["records"][0]["errors"]
    assert objects[0]["_errors"] == errors


def test_a_json_array_comes_back_as_one(client):
    content = json.dumps([{"name": "A"}, {"name": "B", "email": "b@example.com"}, 7, {"email": "x", "name": "C\nD"}], indent=2).encode()
    number = client.finish_import(content, "rows.json")["id"]
    response = rejects(client, number)
    assert response.headers["Content-Type"] == "application/json"
    items = json.loads(response.content)
    assert [item["_row"] for item in items] == [1, 3, 4] and items[1]["_value"] == 7 and items[2]["name"] == "C\nD"


@pytest.mark.parametrize("content, name, empty", [(b"name,email\nA,a@example.com\n", "a.csv", b"name,email,_row,_line,_errors\n"),
                                                  (b'[{"name":"A","email":"a@example.com"}]', "a.json", b"[]\n"),
                                                  (b"", "empty.csv", b"_row,_line,_errors\n")])
def test_without_rejected_rows_there_is_an_empty_file(client, content, name, empty):
    number = client.finish_import(content, name)["id"]
    response = rejects(client, number)
    assert response.content == empty


def test_many_rejects_are_streamed_in_order(client):
    rows = 30000
    content = b"name,email,age\n" + b"".join(b"Name %d,nobody,%d\n" % (i, i) for i in range(rows))
    number = client.finish_import(content, "many.csv")["id"]
    response = rejects(client, number)
    assert response.headers.get("Transfer-Encoding") == "chunked"
    given = as_rows(response.content)
    assert [int(row[3]) for row in given[1:]] == list(range(1, rows + 1))
    assert [row[0] for row in given[1:]] == [f"Name {i}" for i in range(rows)]


def test_a_rejects_file_uploaded_as_such_is_not_widened(client):
    number = client.finish_import(b"name,email\nA,bad\n")["id"]
    again = client.finish_import(rejects(client, number).content, "again.csv")["id"]
    assert as_rows(rejects(client, again).content)[0] == ["name", "email", "_row", "_line", "_errors"]


def test_rejects_of_what_is_not_there_are_not_found(client):
    expect_problem(client.get("/api/imports/999999/rejects"), 404)


def test_a_name_in_any_script_names_the_download(client):
    number = client.finish_import(b"name,email\nA,bad2\n", 'Gr\u00fc\u00dfe "1".csv')["id"]
    header = rejects(client, number).headers["Content-Disposition"]
    assert header == ("attachment; filename=\"Gr__e _1_-rejects.csv\"; "
                      "filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%22-rejects.csv")
