"""POST /api/upload: what is taken, in which ways, and how it is acknowledged."""

import hashlib
import json

import pytest

from support.expect import expect_import, expect_problem
from support.people import as_csv, as_json, as_ndjson, people, people_csv, fresh_seed


def expect_acknowledged(response, content, filename):
    assert response.status_code == 202, response.text
    item = response.json()
    expect_import(item)
    assert response.headers["Location"].endswith(f"/api/imports/{item['id']}")
    assert item["filename"] == filename
    assert item["size_bytes"] == len(content)
    assert item["file_hash"] == hashlib.sha256(content).hexdigest()
    return item


def test_a_form_upload_is_acknowledged_with_the_import_and_its_location(client):
    content = people_csv(3)
    item = expect_acknowledged(client.upload_form(content, "staff.csv"), content, "staff.csv")
    assert client.wait_for_import(item["id"])["processed_records"] == 3


def test_a_raw_body_is_acknowledged_like_a_form(client):
    content = people_csv(3)
    item = expect_acknowledged(client.upload(content, "staff.csv"), content, "staff.csv")
    assert client.wait_for_import(item["id"])["processed_records"] == 3


def test_the_location_of_an_upload_leads_to_its_import(client):
    response = client.upload(people_csv(1))
    assert client.get(response.headers["Location"]).json()["id"] == response.json()["id"]


def test_a_chunked_body_is_taken(client):
    content = people_csv(200)
    pieces = (content[start:start + 1000] for start in range(0, len(content), 1000))
    item = expect_acknowledged(client.upload(pieces), content, "people.csv")
    assert client.wait_for_import(item["id"])["processed_records"] == 200


def test_a_form_field_that_is_not_known_is_refused(client):
    """Options are query parameters: one that is sent as a form field must not be ignored."""
    response = client.post("/api/upload", files={"file": ("a.csv", people_csv(2))}, data={"schema": "any"})
    expect_problem(response, 422, "invalid-parameter")


@pytest.mark.parametrize("filename", ["Größe Zürich.csv", "a \"quoted\" name.csv", "名前.csv",
                                      "no extension", "semi;colon.csv", "100%25.csv"])
def test_a_file_name_comes_back_as_it_was_sent(client, filename):
    assert client.add_import(people_csv(1), filename)["filename"] == filename


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "C:\\Users\\me\\passwd"])
def test_of_a_path_only_the_name_is_kept(client, path):
    assert client.add_import(people_csv(1), path)["filename"] == "passwd"


def test_a_form_file_name_in_utf_8_comes_back_as_it_was_sent(client):
    body = (b'--x\r\nContent-Disposition: form-data; name="file"; filename="Gr\xc3\xb6\xc3\x9fe \\"x\\".csv"\r\n\r\n'
            + people_csv(1) + b"\r\n--x--\r\n")
    response = client.post("/api/upload", data=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert response.status_code == 202, response.text
    assert response.json()["filename"] == 'Größe "x".csv'


@pytest.mark.parametrize("write, name", [(as_csv, "csv"), (as_json, "json"), (as_ndjson, "ndjson")])
def test_the_format_is_told_by_content_not_by_name(client, write, name):
    found = client.finish_import(write(people(4, fresh_seed())), "table.txt")
    assert (found["format"], found["status"], found["processed_records"]) == (name, "completed", 4)


def test_json_named_csv_is_still_json(client):
    assert client.finish_import(as_json(people(2, fresh_seed())), "people.csv")["format"] == "json"


def test_a_single_json_object_is_one_record(client):
    found = client.finish_import(json.dumps(people(1, fresh_seed())[0]).encode(), "person.json")
    assert (found["format"], found["total_records"]) == ("json", 1)


def test_an_empty_file_completes_with_no_record(make_server):
    from support.client import Client
    client = Client(make_server().start().url)
    found = client.finish_import(b"", "empty.csv")
    assert (found["status"], found["total_records"], found["size_bytes"]) == ("completed", 0, 0)


def test_a_header_without_rows_completes_with_no_record(client):
    found = client.finish_import(b"name,email,age,department\n")
    assert (found["status"], found["total_records"]) == ("completed", 0)


def test_schema_any_takes_any_columns(client):
    found = client.finish_import(b"colour,weight\nred,%d\n" % fresh_seed(), schema="any")
    assert (found["schema"], found["status"], found["processed_records"]) == ("any", "completed", 1)


def test_wait_answers_when_the_import_has_ended(client):
    response = client.upload(people_csv(5), wait=60)
    assert response.status_code == 200
    item = response.json()
    expect_import(item)
    assert (item["status"], item["embedded_records"]) == ("completed", 5)


def test_prefer_wait_answers_when_the_import_has_ended(client):
    response = client.upload(people_csv(5), headers={"Prefer": "wait=60"})
    assert (response.status_code, response.json()["status"]) == (200, "completed")


def test_wait_answers_200_also_when_the_import_failed(client):
    response = client.upload(b'[{"name": "A"}, %d' % fresh_seed(), "broken.json", wait=60)
    assert (response.status_code, response.json()["status"]) == (200, "failed")


def test_wait_answers_202_when_the_time_is_up(client):
    response = client.upload(people_csv(20000), wait=0)
    assert response.status_code == 202
    client.delete(f"/api/imports/{response.json()['id']}")


@pytest.mark.parametrize("parameters, name", [
    ({"schema": "nobody"}, "schema"), ({"wait": "soon"}, "wait"), ({"wait": "-1"}, "wait"),
    ({"colour": "red"}, "colour"),
])
def test_an_option_that_is_not_known_or_out_of_range_is_refused_with_its_place(client, parameters, name):
    expect_problem(client.upload(people_csv(1), **parameters), 422, "invalid-parameter", ["query", name])


def test_a_refused_upload_leaves_nothing_behind(client):
    before = client.list_imports()["page"]["total"]
    client.upload(people_csv(1), colour="red")
    client.upload(b"\x89PNG\r\n\x1a\n" + bytes(100), "picture.png")
    assert client.list_imports()["page"]["total"] == before


def test_a_raw_body_needs_a_file_name(client):
    response = client.post("/api/upload", data=people_csv(1), headers={"Content-Type": "text/csv"})
    expect_problem(response, 422, "invalid-parameter", ["query", "filename"])


def test_a_form_needs_a_part_named_file(client):
    expect_problem(client.post("/api/upload", files={"document": ("a.csv", people_csv(1))}), 422)


def test_a_form_with_two_files_is_refused(client):
    files = [("file", ("a.csv", people_csv(1))), ("file", ("b.csv", people_csv(1)))]
    expect_problem(client.post("/api/upload", files=files), 422)


@pytest.mark.parametrize("content, kind", [
    (b"PK\x03\x04" + bytes(200), "a ZIP file"), (b"BZh91AY&SY" + bytes(200), "bzip2"),
    (b"\xfd7zXZ\x00" + bytes(200), "xz"), (b"\x89PNG\r\n\x1a\n" + bytes(200), "PNG"),
    (b"%PDF-1.7\n" + bytes(200), "PDF"), (b"SQLite format 3\0" + bytes(200), "SQLite"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_kind_of_file_that_is_not_read_is_refused(client, content, kind):
    expect_problem(client.upload(content, f"{kind}.csv"), 415)


def test_the_same_file_again_names_the_first_import(client):
    content = people_csv(2)
    first = client.add_import(content, "one.csv")
    again = client.upload(content, "another name.csv")
    problem = expect_problem(again, 409, "duplicate-upload")
    assert problem["import_id"] == first["id"]
    assert again.headers["Location"].endswith(f"/api/imports/{first['id']}")


def test_the_same_file_in_a_form_is_the_same_file(client):
    content = people_csv(2)
    first = client.add_import(content)
    assert expect_problem(client.upload_form(content), 409)["import_id"] == first["id"]


def test_the_same_file_with_another_schema_is_another_import(client):
    content = people_csv(2)
    client.add_import(content)
    assert client.upload(content, schema="any").status_code == 202


def test_wait_does_not_make_a_file_another_one(client):
    content = people_csv(2)
    client.add_import(content)
    expect_problem(client.upload(content, wait=5), 409)


def test_a_failed_import_does_not_stand_in_the_way_of_its_file(client):
    content = b'[{"name": %d' % fresh_seed()
    assert client.finish_import(content, "broken.json")["status"] == "failed"
    assert client.upload(content, "broken.json").status_code == 202


def test_a_deleted_import_does_not_stand_in_the_way_of_its_file(client):
    content = people_csv(2)
    first = client.finish_import(content)
    client.delete(f"/api/imports/{first['id']}")
    assert client.upload(content).status_code == 202
