"""PATCH /api/records/{id} corrects one record: merged, checked, embedded and stored, or nothing at all."""

import concurrent.futures
import json
import re

import pytest

from support.expect import expect_problem
from support.people import people_csv

CONTENT = (b"E-Mail;Name;Age;Note\nbad;Quentin;30;pelican\nb@example.com;Berta;31;walrus\n;Cora;old;\n")


def patch(client, number, data, **members):
    return client.request("PATCH", f"/api/records/{number}", json={"data": data, **members})


def patch_text(client, number, text):
    return client.request("PATCH", f"/api/records/{number}", data=text, headers={"Content-Type": "application/json"})


def patched(client, number, data):
    response = patch(client, number, data)
    assert response.status_code == 200, response.text
    record = response.json()
    assert record == client.get(f"/api/records/{number}").json()
    return record


def ledger(client, number):
    item = client.get_import(number)
    return item["status"], item["total_records"], item["processed_records"], item["failed_records"], item["embedded_records"]


def records_of(client, content=CONTENT, filename="people.csv", **parameters):
    item = client.finish_import(content, filename, on_duplicate="force", **parameters)
    return item["id"], client.all_records(item["id"])


def found(client, number, **members):
    return [record["id"] for record in client.search(import_id=number, **members)["records"]]


def test_an_invalid_record_becomes_valid_and_is_found_by_what_it_is_now(client):
    number, records = records_of(client)
    first = records[0]["id"]
    assert ledger(client, number) == ("completed", 3, 1, 2, 1)
    record = patched(client, first, {"email": "q@example.com", "Note": "ostrich"})
    assert record["data"] == {"email": "q@example.com", "name": "Quentin", "age": 30, "Note": "ostrich"}
    assert (record["status"], record["embedded"], record["errors"], record["error_message"]) == ("valid", True, [], None)
    assert (record["row"], record["line"], record["created_at"]) == tuple(records[0][key] for key in ("row", "line", "created_at"))
    assert ledger(client, number) == ("completed", 3, 2, 1, 2)
    assert found(client, number, query="ostrich", mode="keyword") == [first]
    assert found(client, number, query="pelican", mode="keyword") == []
    assert found(client, number, query="ostrich", mode="semantic")[0] == first
    assert found(client, number, filter={"age": 30}, status="valid") == [first]
    assert found(client, number, filter={"email": "q@example.com"}) == [first]
    assert found(client, number, filter={"email": "bad"}) == []
    errors = client.get(f"/api/imports/{number}/errors").json()
    assert {error["record_id"] for error in errors["errors"]} == {records[2]["id"]} and errors["page"]["total"] == 2
    rejects = client.get(f"/api/imports/{number}/rejects").text
    assert "Quentin" not in rejects and "Cora" in rejects


def test_a_valid_record_is_found_by_its_new_values_and_no_longer_by_the_old_ones(client):
    number, records = records_of(client)
    second = records[1]["id"]
    fresh = client.finish_import(b"email,name,age,Note\nb@example.com,Berta,77,submarine\n")["id"]
    record = patched(client, second, {"age": 77, "Note": "submarine"})
    assert record["data"] == {"email": "b@example.com", "name": "Berta", "age": 77, "Note": "submarine"}
    assert ledger(client, number) == ("completed", 3, 1, 2, 1)
    assert found(client, number, filter={"age": {"gte": 70}}) == [second] and found(client, number, filter={"age": 31}) == []
    assert found(client, number, query="submarine", mode="keyword") == [second]
    assert found(client, number, query="walrus", mode="keyword") == []
    # Its vector is that of a record which was uploaded so.
    scores = {record["import_id"]: record["score"] for record in client.search(query="b@example.com Berta 77 submarine", mode="semantic")["records"]
              if record["import_id"] in (number, fresh) and record["data"].get("age") == 77}
    assert set(scores) == {number, fresh} and scores[number] == pytest.approx(scores[fresh], abs=1e-6)


def test_what_is_not_given_stays_digit_for_digit_and_null_removes(client):
    content = json.dumps([{"a": {"b": 1, "c": {"d": [1, 2], "e": None}}, "keep": "x", "go": 1}]).replace('"keep"', '"n": 1.50e2, "keep"')
    number, [record] = records_of(client, content.encode(), "any.json", schema="any")
    response = patch_text(client, record["id"],
                          '{"data": {"a": {"b": null, "c": {"f": 12345678901234567890.10}}, "go": null, "new": {"z": null, "y": "\\u0000\\ud83d\\ude00"}}}')
    assert response.status_code == 200, response.text
    text = client.get(f"/api/records/{record['id']}").text
    assert '"data":{"a":{"c":{"d":[1, 2],"e":null,"f":12345678901234567890.10}},"n":1.50e2,"keep":"x","new":{"y":' in text, text
    assert client.get(f"/api/records/{record['id']}").json()["data"]["new"] == {"y": "\0😀"}
    assert patched(client, record["id"], {"a": [1], "new": {"q": {}}})["data"]["a"] == [1]


def test_a_result_that_is_not_valid_changes_nothing(client):
    number, records = records_of(client)
    before = (client.get_import(number), client.get(f"/api/imports/{number}/errors").json(), client.get(f"/api/imports/{number}/rejects").text)
    problem = expect_problem(patch(client, records[2]["id"], {"Note": "flamingo"}), 422, "invalid-record")
    assert [(error["loc"], error["type"]) for error in problem["errors"]] == [
        (["body", "data", "email"], "constraint-error"), (["body", "data", "age"], "type-error")]
    assert "stays as it is" in problem["detail"]
    problem = expect_problem(patch(client, records[1]["id"], {"email": None, "age": 500}), 422, "invalid-record")
    assert [error["loc"] for error in problem["errors"]] == [["body", "data", "email"], ["body", "data", "age"]]
    expect_problem(patch(client, records[0]["id"], {}), 422, "invalid-record")
    assert before == (client.get_import(number), client.get(f"/api/imports/{number}/errors").json(),
                      client.get(f"/api/imports/{number}/rejects").text)
    assert found(client, number, query="flamingo", mode="keyword") == []


def test_members_go_by_any_name_that_the_schema_takes(client):
    number, records = records_of(client, b'[{"E-Mail": "bad", "NAME": "Dora", "Years": "x"}]', "people.json",
                                 map="Years:age")
    assert records[0]["status"] == "invalid"
    record = patched(client, records[0]["id"], {"email": "d@example.com", "Years": 20})
    assert record["data"]["email"] == "d@example.com" and record["data"]["age"] == 20 and "E-Mail" not in record["data"]
    assert patched(client, record["id"], {"E-MAIL": "e@example.com"})["data"]["email"] == "e@example.com"
    problem = expect_problem(patch(client, record["id"], {"email": "e@example.com", "E-MAIL": "f@example.com"}), 422, "invalid-record")
    assert problem["errors"][0]["type"] == "duplicate-member"


def test_a_row_that_could_not_be_read_is_replaced_as_a_whole(client):
    number, records = records_of(client, b'{"email": "a@example.com", "name": "A"}\n[1, 2]\n{"email": \n', "people.ndjson")
    assert [record["status"] for record in records] == ["valid", "invalid", "invalid"]
    for record in records[1:]:
        assert patched(client, record["id"], {"email": "x@example.com", "name": "X"})["data"] == {"email": "x@example.com", "name": "X"}
    assert ledger(client, number) == ("completed", 3, 3, 0, 3)


SCHEMA = {"fields": [{"name": "code", "type": "integer", "constraints": {"unique": True}},
                     {"name": "email", "format": "email", "type": "string", "constraints": {"required": True}}]}


def test_a_value_that_must_be_unique_is_not_taken_from_another_row(client):
    assert client.request("PUT", "/api/schemas/coded-patch", json=SCHEMA).status_code in (200, 201)
    number, records = records_of(client, b"code,email\n1,a@example.com\n2,b@example.com\n1,c@example.com\n", schema="coded-patch")
    ids = [record["id"] for record in records]
    for wrong in (ids[1], ids[2]):
        problem = expect_problem(patch(client, wrong, {"code": 1.0}), 422, "invalid-record")
        assert [(error["loc"], error["type"]) for error in problem["errors"]] == [(["body", "data", "code"], "unique-error")]
        assert "row 1" in problem["errors"][0]["msg"]
    # What did not change holds its value still; what did gives it free.
    assert patched(client, ids[1], {"email": "bb@example.com"})["data"]["code"] == 2
    assert patched(client, ids[1], {"code": 5})["data"]["code"] == 5
    assert patched(client, ids[2], {"code": 2})["data"] == {"code": 2, "email": "c@example.com"}
    expect_problem(patch(client, ids[0], {"code": 5}), 422, "invalid-record")
    assert ledger(client, number) == ("completed", 3, 3, 0, 3)


def test_at_once_each_is_applied_whole_or_refused(client, server):
    from support.client import Client
    number, records = records_of(client)
    record_id = records[1]["id"]

    def attempt(i):
        return patch(Client(server.url), record_id, {"age": i, "Note": f"animal{i}", f"extra{i}": i}).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(attempt, range(1, 25)))
    assert set(codes) <= {200, 409} and 200 in codes
    data = client.get(f"/api/records/{record_id}").json()["data"]
    # Each that was answered with 200 left its own member, and the two others belong together.
    assert {int(name[5:]) for name in data if name.startswith("extra")} == {i for i, code in enumerate(codes, 1) if code == 200}
    assert data["Note"] == f"animal{data['age']}"
    assert found(client, number, filter={"age": data["age"]}) == [record_id]
    assert found(client, number, query=data["Note"], mode="keyword") == [record_id]
    assert ledger(client, number) == ("completed", 3, 1, 2, 1)


def test_an_import_without_vectors_stays_so_and_gets_them_later(client):
    number, records = records_of(client, embed="false")
    record = patched(client, records[0]["id"], {"email": "q@example.com", "Note": "heron"})
    assert not record["embedded"] and ledger(client, number) == ("completed", 3, 2, 1, 0)
    assert found(client, number, query="heron", mode="keyword") == [record["id"]]
    assert client.post(f"/api/imports/{number}/embed").status_code == 202
    client.wait_for_import(number)
    assert ledger(client, number) == ("completed", 3, 2, 1, 2)
    assert found(client, number, query="heron", mode="semantic")[0] == record["id"]


def test_texts_that_are_cut_are_counted_as_they_are_now(client):
    number, records = records_of(client)
    record_id = records[1]["id"]
    for note, cut in (("word " * 400, 1), ("other " * 400, 1), ("short", 0), ("long " * 400, 1)):
        patched(client, record_id, {"Note": note})
        assert client.get_import(number)["truncated_texts"] == cut


def test_a_server_that_starts_anew_knows_the_record_as_it_is(make_server):
    from support.client import Client
    server = make_server().start()
    client = Client(server.url)
    number, records = records_of(client)
    patched(client, records[0]["id"], {"email": "q@example.com", "Note": "ostrich"})
    server.restart()
    client = Client(server.url)
    assert ledger(client, number) == ("completed", 3, 2, 1, 2)
    assert found(client, number, query="ostrich", mode="semantic")[0] == records[0]["id"]
    assert found(client, number, filter={"email": "q@example.com"}) == [records[0]["id"]]


def test_what_is_no_patch_is_refused_with_its_place(client):
    _, records = records_of(client)
    record_id = records[1]["id"]
    problem = expect_problem(patch(client, record_id, {}, status="valid"), 422, "invalid-parameter")
    assert [error["loc"] for error in problem["errors"]] == [["body", "status"]]
    for text in ("{}", '{"data": []}', '{"data": null}'):
        assert expect_problem(patch_text(client, record_id, text), 422, "invalid-parameter")["errors"][0]["loc"] == ["body", "data"]
    expect_problem(patch_text(client, record_id, "[]"), 422, "invalid-parameter")
    for text in ("", "{", '{"data": {"a": 1, "a": 2}}', '{"data": {}} x'):
        expect_problem(patch_text(client, record_id, text), 400, "malformed-json")
    expect_problem(client.request("PATCH", f"/api/records/{record_id}", data="{}", headers={"Content-Type": "text/plain"}), 415)


def test_a_record_that_is_not_there_or_not_finished(client):
    number, records = records_of(client)
    expect_problem(patch(client, 10**12, {}), 404)
    assert client.delete(f"/api/imports/{number}").status_code == 200
    expect_problem(patch(client, records[1]["id"], {"age": 1}), 404)


def test_records_of_an_import_under_way_wait_for_its_end(client):
    number = client.add_import(people_csv(4000))["id"]
    while not (records := client.get_import(number, limit=1)["records"]):
        pass
    expect_problem(patch(client, records[0]["id"], {"age": 20}), 409, "import-not-completed")
    assert client.delete(f"/api/imports/{number}").status_code == 200


def patch_if(client, number, if_match, data):
    return client.request("PATCH", f"/api/records/{number}", json={"data": data}, headers={"If-Match": if_match})


def test_if_match_keeps_from_overwriting_what_was_not_seen(client):
    _, records = records_of(client)
    first = records[0]["id"]
    seen = client.get(f"/api/records/{first}").headers["ETag"]
    assert seen.startswith('"') and seen == client.get(f"/api/records/{first}").headers["ETag"]
    assert seen != client.get(f"/api/records/{records[1]['id']}").headers["ETag"]
    answer = patch_if(client, first, seen, {"email": "q@example.com"})
    assert answer.status_code == 200
    now = client.get(f"/api/records/{first}")
    assert answer.headers["ETag"] == now.headers["ETag"] != seen and answer.json() == now.json()
    for stale in (seen, "W/" + now.headers["ETag"], now.headers["ETag"].strip('"'), '"x", "y"', ""):
        expect_problem(patch_if(client, first, stale, {"age": 77}), 412, "precondition-failed")
    assert client.get(f"/api/records/{first}").headers["ETag"] == now.headers["ETag"]
    assert patch_if(client, first, f'"x" , {now.headers["ETag"]},"y"', {"age": 78}).status_code == 200
    assert patch_if(client, first, "*", {"age": 79}).status_code == 200
    expect_problem(patch_if(client, 10**12, "*", {"age": 79}), 404)
    # What would be refused all the same says why.
    expect_problem(patch_text(client, first, "{"), 400, "malformed-json")
    expect_problem(patch_if(client, first, "*", {"age": 790}), 422, "invalid-record")


def test_of_those_who_saw_the_same_state_one_wins(client, server):
    from support.client import Client
    _, records = records_of(client)
    seen = client.get(f"/api/records/{records[1]['id']}").headers["ETag"]

    def attempt(i):
        return patch_if(Client(server.url), records[1]["id"], seen, {f"extra{i}": i}).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(attempt, range(16)))
    assert codes == [200] + 15 * [412]
    assert sum(name.startswith("extra") for name in client.get(f"/api/records/{records[1]['id']}").json()["data"]) == 1


def computed(client):
    return int(re.search(r"^rowmill_texts_computed_total (\d+)", client.get("/metrics").text, re.MULTILINE)[1])


def test_the_vector_of_a_known_text_is_not_computed_again(client):
    number, records = records_of(client, b"name,email,age,Note\nZelda,zelda@example.com,31,known\nZelda,zelda@example.com,31,other\n"
                                         + b"Yan,yan@example.com,3," + b"cut " * 400 + b"\nYan,yan@example.com,3,short\n")
    before = computed(client)
    patched(client, records[1]["id"], {"Note": "known"})
    patched(client, records[3]["id"], {"Note": records[2]["data"]["Note"]})
    patched(client, records[0]["id"], {})
    assert computed(client) == before
    assert client.get_import(number)["truncated_texts"] == 2
    hits = client.search(query="Zelda zelda@example.com 31 known", mode="semantic", import_id=number, limit=2)["records"]
    assert {hit["id"] for hit in hits} == {records[0]["id"], records[1]["id"]} and hits[0]["score"] == pytest.approx(hits[1]["score"], abs=1e-6)
    patched(client, records[0]["id"], {"Note": "never seen before"})
    assert computed(client) == before + 1
