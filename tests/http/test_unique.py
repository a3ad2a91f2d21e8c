"""The constraint `unique`: the lowest row number of an import has a value, however large the file is."""

import json

import pytest

SCHEMA = {"fields": [{"name": "code", "type": "integer", "constraints": {"unique": True}},
                     {"name": "email", "format": "email", "type": "string", "constraints": {"required": True}},
                     {"name": "note", "type": "string"}]}


@pytest.fixture(scope="module", autouse=True)
def schema(server):
    from support.client import Client
    response = Client(server.url).request("PUT", "/api/schemas/coded", json=SCHEMA)
    assert response.status_code in (200, 201), response.text


def statuses(client, number):
    return [record["status"] for record in client.all_records(number)]


def unique_errors(client, number):
    return {error["row"]: error for error in client.get(f"/api/imports/{number}/errors?code=unique-error&limit=1000").json()["errors"]}


def test_the_lowest_row_has_a_value_even_if_it_is_invalid(client):
    content = (b"code,email,note\n1,a@example.com,first\n2,not an address,has 2\n1,b@example.com,late\n2,c@example.com,late\n"
               b"3,d@example.com,\n 3.0 ,e@example.com,the same number\n,f@example.com,empty\n,g@example.com,empty\n")
    number = client.finish_import(content, schema="coded")["id"]
    assert statuses(client, number) == ["valid", "invalid", "invalid", "invalid", "valid", "invalid", "valid", "valid"]
    errors = unique_errors(client, number)
    assert set(errors) == {3, 4, 6}
    assert (errors[3]["field"], errors[3]["constraint"], errors[3]["value"], errors[3]["line"]) == ("code", "unique", "1", 4)
    assert "row 1" in errors[3]["message"] and "row 2" in errors[4]["message"]


def test_a_row_that_lost_keeps_its_data_as_sent(client):
    number = client.finish_import(b"code,email,note\n7,a@example.com,\n 7.0,b@example.com,x\n", schema="coded")["id"]
    record = client.get_import(number)["records"][1]
    assert record["data"] == {"code": " 7.0", "email": "b@example.com", "note": "x"}
    lines = client.get(f"/api/imports/{number}/rejects").content.split(b"\n")
    assert lines[1].startswith(b'" 7.0",b@example.com,x,2,3,')


def test_json_rows_that_lost_keep_their_text(client):
    rows = b'[{"code": 5, "email": "a@example.com"}, {"code": 5.0e0, "email": "b@example.com"}]'
    number = client.finish_import(rows, "rows.json", schema="coded")["id"]
    assert statuses(client, number) == ["valid", "invalid"]
    assert client.get(f"/api/imports/{number}/rejects").content.startswith(
        b'[\n{"code": 5.0e0, "email": "b@example.com","_row":2,"_line":1,"_errors":[')


def test_it_holds_across_batches_and_only_within_an_import(client):
    rows = "".join(f"{row % 2500},p{row}@example.com,\n" for row in range(5000))
    content = ("code,email,note\n" + rows).encode()
    first = client.finish_import(content, schema="coded", embed="false")
    assert (first["processed_records"], first["failed_records"]) == (2500, 2500)
    again = client.finish_import(content.replace(b"note", b"more"), schema="coded", embed="false")
    assert (again["processed_records"], again["failed_records"]) == (2500, 2500)
    assert statuses(client, again["id"]) == ["valid"] * 2500 + ["invalid"] * 2500


def test_words_of_a_row_that_lost_can_be_found_and_go_with_it(client):
    number = client.finish_import(b"code,email,note\n9,a@example.com,\n9.0,b@example.com,zyxwvut\n", schema="coded")["id"]
    found = client.post("/api/records/search", json={"query": "zyxwvut", "mode": "keyword", "import_id": number})
    if found.status_code == 200:
        assert [record["row"] for record in found.json()["records"]] == [2]
    assert client.delete(f"/api/imports/{number}").status_code == 200
