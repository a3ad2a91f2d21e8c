"""Schemas of one's own: put, listed, deleted, used by imports, and proposed from files."""

import json
import time
import uuid

import pytest

from support.client import Client
from support.database import rows_of
from support.expect import expect_problem
from support.people import fresh_seed
from support.surroundings import PATIENCE_S

STOCK = {
    "fields": [
        {"name": "sku", "aliases": ["article number"],
         "constraints": {"required": True, "unique": True, "pattern": "[A-Z]{2}[0-9]{4}"}},
        {"name": "price", "type": "number", "decimalChar": ",", "groupChar": ".", "constraints": {"minimum": 0}},
        {"name": "added", "type": "date", "format": "%d.%m.%Y", "constraints": {"minimum": "2000-01-01"}},
        {"name": "size", "constraints": {"enum": ["S", "M", "L"]}},
        {"name": "sold", "type": "boolean", "trueValues": ["yes"], "falseValues": ["no"]},
        {"name": "page", "type": "string", "format": "uri"},
    ],
    "missingValues": ["", "-"],
    "embedding_template": "{sku} in {size}",
}


def put(client, document, name=None):
    """The name under which the document was put."""
    name = name or f"s-{uuid.uuid4().hex[:12]}"
    text = document if isinstance(document, (str, bytes)) else json.dumps(document)
    answer = client.request("PUT", f"/api/schemas/{name}", data=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == json.loads(text)
    return name


def refuse(client, document, name="refused"):
    text = document if isinstance(document, (str, bytes)) else json.dumps(document)
    return client.request("PUT", f"/api/schemas/{name}", data=text, headers={"Content-Type": "application/json"})


def import_rows(client, schema, *rows, **parameters):
    found = client.finish_import(json.dumps([{**row, "seed": fresh_seed()} for row in rows]).encode(), "rows.json",
                                 schema=schema, **parameters)
    assert found["status"] == "completed", found
    return found, client.all_records(found["id"])


def errors(record):
    return [(error["field"], error["code"], error["constraint"]) for error in record["errors"]]


def test_a_schema_is_put_read_replaced_and_deleted(client):
    name = put(client, STOCK)
    answer = client.get(f"/api/schemas/{name}")
    assert answer.status_code == 200 and answer.json() == STOCK
    put(client, {"fields": [{"name": "other"}]}, name)
    assert client.get(f"/api/schemas/{name}").json() == {"fields": [{"name": "other"}]}
    receipt = client.delete(f"/api/schemas/{name}").json()
    assert receipt["name"] == name and receipt["deleted_at"]
    expect_problem(client.get(f"/api/schemas/{name}"), 404)
    expect_problem(client.delete(f"/api/schemas/{name}"), 404)


def test_the_document_comes_back_digit_for_digit(client):
    text = '{"fields": [ {"name": "n", "type": "number", "constraints": {"maximum": 1e400, "minimum": 0.10000000000000000001}}]}'
    name = f"s-{uuid.uuid4().hex[:12]}"
    answer = client.request("PUT", f"/api/schemas/{name}", data=text, headers={"Content-Type": "application/json"})
    assert answer.text == text and client.get(f"/api/schemas/{name}").text == text


@pytest.mark.parametrize("name", ["people", "any"])
def test_built_in_schemas_are_read_and_not_changed(client, name):
    document = client.get(f"/api/schemas/{name}").json()
    assert isinstance(document["fields"], list)
    expect_problem(refuse(client, STOCK, name), 409, "built-in-schema")
    expect_problem(client.delete(f"/api/schemas/{name}"), 409, "built-in-schema")


@pytest.mark.parametrize("name", ["a" * 65, ".hidden", "a%20b", "a%00b", "%C3%BC"])
def test_a_name_that_no_schema_can_have_is_refused(client, name):
    problem = expect_problem(refuse(client, STOCK, name), 422)
    assert problem["errors"][0]["loc"] == ["path", "name"]
    expect_problem(client.get(f"/api/schemas/{name}"), 404)


def test_the_list_is_paged_with_the_built_in_ones_first(client):
    names = [put(client, {"fields": [{"name": "a"}]}) for _ in range(5)]
    whole = client.get("/api/schemas", params={"limit": 1000}).json()
    listed = [schema["name"] for schema in whole["schemas"]]
    assert listed[:2] == ["people", "any"] and [name for name in listed if name in names] == names
    assert whole["page"]["total"] == len(listed) and whole["page"]["next"] is None
    assert [schema["built_in"] for schema in whole["schemas"][:3]] == [True, True, False]
    for limit in (1, 2, 3):
        seen, cursor = [], None
        while True:
            page = client.get("/api/schemas", params={"limit": limit, **({"cursor": cursor} if cursor else {})}).json()
            seen += [schema["name"] for schema in page["schemas"]]
            assert page["page"]["total"] == len(listed)
            cursor = page["page"]["next"]
            if not cursor:
                break
        assert seen == listed
    for offset in range(len(listed) + 1):
        page = client.get("/api/schemas", params={"limit": 2, "offset": offset}).json()
        assert [schema["name"] for schema in page["schemas"]] == listed[offset:offset + 2]


@pytest.mark.parametrize("document, loc", [
    ([], ["body"]),
    ({}, ["body", "fields"]),
    ({"fields": []}, ["body", "fields"]),
    ({"fields": [{"type": "string"}]}, ["body", "fields", 0, "name"]),
    ({"fields": [{"name": "a"}, {"name": "a"}]}, ["body", "fields", 1, "name"]),
    ({"fields": [{"name": "a", "type": "geopoint"}]}, ["body", "fields", 0, "type"]),
    ({"fields": [{"name": "a", "type": "magical_unicorn"}]}, ["body", "fields", 0, "type"]),
    ({"fields": [{"name": "a", "constraints": {"pattern": "[a-"}}]}, ["body", "fields", 0, "constraints", "pattern"]),
    ({"fields": [{"name": "a", "required": True}]}, ["body", "fields", 0, "required"]),
    ({"fields": [{"name": "a", "contraints": {}}]}, ["body", "fields", 0, "contraints"]),
    ({"fields": [{"name": "a", "x/y": 1}]}, ["body", "fields", 0, "x/y"]),
    ({"fields": [{"name": "a", "type": "date", "constraints": {"maximum": "2024-02-30"}}]},
     ["body", "fields", 0, "constraints", "maximum"]),
    ({"fields": [{"name": "a", "type": "integer", "constraints": {"enum": [1, "x"]}}]},
     ["body", "fields", 0, "constraints", "enum", 1]),
    ({"fields": [{"name": "a"}], "embedding_template": "{b}"}, ["body", "embedding_template"]),
    ({"fields": [{"name": "a"}], "primaryKey": "b"}, ["body", "primaryKey"]),
    ({"fields": [{"name": "a"}], "foreignKeys": []}, ["body", "foreignKeys"]),
])
def test_what_is_wrong_is_told_with_its_place(client, document, loc):
    problem = expect_problem(refuse(client, document), 422)
    assert loc in [error["loc"] for error in problem["errors"]]


def test_all_faults_are_told_at_once(client):
    problem = expect_problem(refuse(client, {"fields": [{"name": "a", "type": "x"}, {"type": "y"}]}), 422)
    assert len(problem["errors"]) == 3


@pytest.mark.parametrize("text", ["", "{", '{"fields": [}', "nonsense", '{"fields": [{"name": "a"}]} {}', b'{"fields": "\xff"}',
                                  '{"fields": ' + "[" * 200])
def test_what_is_no_json_is_400(client, text):
    expect_problem(refuse(client, text), 400, "malformed-json")


def test_values_get_the_types_of_the_schema(client):
    _, records = import_rows(client, put(client, STOCK), {
        "Article-Number": "AB1234", "price": "1.234,50", "added": "29.02.2024", "size": "M", "sold": "yes",
        "page": " https://example.com/a?b#c "})
    data = {name: value for name, value in records[0]["data"].items() if name != "seed"}
    assert data == {"sku": "AB1234", "price": 1234.5, "added": "2024-02-29", "size": "M", "sold": True,
                    "page": "https://example.com/a?b#c"}
    assert records[0]["status"] == "valid"


def test_every_constraint_has_its_error(client):
    _, records = import_rows(
        client, put(client, STOCK),
        {"sku": "AB1234x", "price": "-1", "added": "31.12.1999", "size": "XL", "sold": "perhaps", "page": "/relative"},
        {"price": "1,5,0", "added": "30.02.2024"}, {"sku": "AB1235", "price": "-", "size": "-", "sold": "-"})
    assert errors(records[0]) == [
        ("sku", "constraint-error", "pattern"), ("price", "constraint-error", "minimum"),
        ("added", "constraint-error", "minimum"), ("size", "constraint-error", "enum"), ("sold", "type-error", None),
        ("page", "type-error", None)]
    assert errors(records[1]) == [("sku", "constraint-error", "required"), ("price", "type-error", None),
                                  ("added", "type-error", None)]
    assert records[2]["status"] == "valid"
    assert [records[2]["data"][name] for name in ("price", "size", "sold")] == [None, None, None]


def test_numbers_are_exact_at_any_size(client):
    name = put(client, '{"fields": [{"name": "n", "type": "number", "constraints": {"maximum": 100000000000000000000.5}}]}')
    _, records = import_rows(client, name, {"n": "100000000000000000000.5"}, {"n": "100000000000000000000.50000000001"})
    assert [record["status"] for record in records] == ["valid", "invalid"]


def test_an_explosive_pattern_costs_a_row_and_not_the_server(client):
    name = put(client, {"fields": [{"name": "a", "constraints": {"pattern": "(a+)+"}}]})
    _, records = import_rows(client, name, {"a": "a" * 5000 + "!"}, {"a": "aaa"})
    assert errors(records[0]) == [("a", "constraint-error", "pattern")] and "too long" in records[0]["error_message"]
    assert records[1]["status"] == "valid"


def test_an_import_keeps_the_schema_that_it_was_made_with(client):
    name = put(client, {"fields": [{"name": "a", "type": "integer"}]})
    found, records = import_rows(client, name, {"a": "x"})
    assert records[0]["status"] == "invalid"
    client.delete(f"/api/schemas/{name}")
    assert client.get_import(found["id"])["schema"] == name
    expect_problem(client.upload(b"a\n1\n", schema=name), 422)


def test_the_same_file_under_another_document_is_no_duplicate(client):
    name = put(client, {"fields": [{"name": "a", "type": "integer"}]})
    content = f"a,seed\n1,{fresh_seed()}\n".encode()
    first = client.finish_import(content, schema=name)
    expect_problem(client.upload(content, schema=name), 409)
    put(client, {"fields": [{"name": "a", "type": "string"}]}, name)
    second = client.finish_import(content, schema=name)
    assert [client.all_records(one["id"])[0]["data"]["a"] for one in (first, second)] == [1, "1"]


def test_map_renames_columns(client):
    content = f"Voller Name,Mail: privat,Alter\nAda,ada@example.com,36\n".encode()
    maps = [("map", "voller name:name"), ("map", "Mail: privat:email"), ("map", "Alter:age")]
    found = client.request("POST", "/api/upload", params=[("filename", "a.csv"), ("wait", 60), *maps], data=content).json()
    assert (found["status"], found["failed_records"]) == ("completed", 0), found
    assert client.all_records(found["id"])[0]["data"] == {"name": "Ada", "email": "ada@example.com", "age": 36}


@pytest.mark.parametrize("maps, code", [
    (["Alter:years"], "unknown-field"), (["Alter:age", "Jahre:age"], "repeated-map"), (["Alter"], "wrong-type")])
def test_a_map_that_leads_nowhere_is_refused(client, maps, code):
    answer = client.request("POST", "/api/upload", params=[("filename", "a.csv"), *(("map", one) for one in maps)],
                            data=b"Alter\n1\n")
    problem = expect_problem(answer, 422)
    assert problem["errors"][0]["loc"] == ["query", "map"] and problem["errors"][0]["type"] == code


@pytest.mark.parametrize("header, code", [("name,email", "no-such-column"), ("Alter,age,name", "repeated-column")])
def test_a_map_that_does_not_fit_the_file_fails_it(client, header, code):
    content = f"{header},{fresh_seed()}\n1,2,3\n".encode()
    found = client.request("POST", "/api/upload", params={"filename": "a.csv", "wait": 60, "map": "Alter:age"}, data=content)
    assert found.json()["status"] == "failed" and found.json()["error"]["code"] == code


def test_a_proposal_is_taken_as_it_is_and_fits_its_file(client):
    content = ("id,zip,amount,price,day,when,mail,page,open,note,state\n"
               '1,00501,12.5,"1.234,5",31/12/2023,2024-01-02T03:04:05Z,a@example.com,https://example.com/,true,x,NA\n'
               '2,90210,7,"2,75",01/02/2024,2024-01-03T03:04:05Z,b@example.com,https://example.com/b,false,,5\n').encode()
    proposed = client.request("POST", "/api/schemas/infer", params={"filename": "a.csv"}, data=content)
    assert proposed.status_code == 200, proposed.text
    fields = {field["name"]: field for field in proposed.json()["fields"]}
    kinds = {name: (field["type"], field.get("format")) for name, field in fields.items()}
    assert kinds == {
        "id": ("integer", None), "zip": ("string", None), "amount": ("number", None), "price": ("number", None),
        "day": ("date", "%d/%m/%Y"), "when": ("datetime", None), "mail": ("string", "email"),
        "page": ("string", "uri"), "open": ("boolean", None), "note": ("string", None), "state": ("integer", None)}
    assert fields["id"]["constraints"] == {"required": True} and "constraints" not in fields["note"]
    assert fields["state"]["missingValues"] == ["", "NA"]
    name = put(client, proposed.text)
    found = client.finish_import(content, schema=name)
    assert (found["processed_records"], found["failed_records"]) == (2, 0)


def test_a_proposal_looks_at_no_more_rows_than_asked(client):
    content = b"a\n1\n2\nx\n"
    ask = lambda rows: client.request("POST", "/api/schemas/infer", params={"filename": "a.csv", "rows": rows}, data=content)
    assert ask(2).json()["fields"][0]["type"] == "integer"
    assert ask(3).json()["fields"][0]["type"] == "string"


def test_a_file_without_columns_has_no_proposal(client):
    expect_problem(client.request("POST", "/api/schemas/infer", params={"filename": "a.csv"}, data=b""), 422)
    expect_problem(client.request("POST", "/api/schemas/infer", params={"filename": "a.csv"}, data=b"\x89PNG\r\n\x1a\n\0\0"), 415)


def test_resuming_and_retrying_read_by_the_document_that_the_import_was_made_with(make_server):
    """Whatever becomes of the schema meanwhile: replaced before a kill, deleted before a retry."""
    rows, server = 20000, make_server().start()
    long = b"embedding takes a while " * 4  # so that the import is under way until the end of this test
    content = b"a,text\n" + b"".join(b"%d,%s\n" % (row, long) for row in range(rows - 1)) + b"x,\n"

    def kill_half_way():
        """The import's number and its schema's name, and whether it was killed with some of its rows stored, but not all."""
        client = Client(server.url)
        name = put(client, {"fields": [{"name": "a", "type": "integer"}]})
        number = client.add_import(content, schema=name, on_duplicate="force")["id"]
        put(client, {"fields": [{"name": "a", "constraints": {"minLength": 3}}]}, name)
        while not client.get_import(number, limit=1)["total_records"]:
            time.sleep(0.005)
        server.kill()
        stored = rows_of(server.database, "SELECT total_records FROM imports WHERE id = ?", number)[0][0]
        server.start()
        return number, name, 0 < stored < rows

    def check():
        deadline = time.monotonic() + PATIENCE_S
        while (found := client.get_import(number, limit=1))["total_records"] < rows:
            assert time.monotonic() < deadline, found
            time.sleep(0.01)
        assert found["status"] == "processing" and found["schema"] == name
        records = client.all_records(number)
        assert [record["data"]["a"] for record in records] == [*range(rows - 1), "x"]
        assert errors(records[-1]) == [("a", "type-error", None)] and found["failed_records"] == 1

    for _ in range(20):
        number, name, half_way = kill_half_way()
        client = Client(server.url)
        if half_way:
            break
        client.delete(f"/api/imports/{number}")
    assert half_way
    check()
    assert client.post(f"/api/imports/{number}/cancel").status_code == 202
    client.delete(f"/api/schemas/{name}")
    assert client.post(f"/api/imports/{number}/retry").status_code == 202
    check()
    assert client.delete(f"/api/imports/{number}").status_code == 200
