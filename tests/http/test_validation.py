"""The schema `people` over HTTP: what is valid, what is reported, and that nothing is changed unseen."""

import json

import pytest

from support.expect import expect_record
from support.people import as_csv, fresh_seed, people, spoiled_csv


def import_rows(client, *rows):
    """The records that these rows (dictionaries, as JSON) become."""
    marked = [{**row, "seed": fresh_seed()} for row in rows]
    found = client.finish_import(json.dumps(marked).encode(), "rows.json")
    assert found["status"] == "completed", found
    return client.all_records(found["id"])


def import_cells(client, header, *lines):
    """The records that these lines of CSV become."""
    content = "\n".join([f"{header},seed", *(f"{line},{fresh_seed()}" for line in lines)]) + "\n"
    found = client.finish_import(content.encode())
    assert found["status"] == "completed", found
    return client.all_records(found["id"])


def wrong(record):
    return [(error["field"], error["code"], error["constraint"]) for error in record["errors"]]


PERSON = {"name": "Ada", "email": "ada@example.com"}


def test_a_valid_row_has_the_types_of_the_schema(client):
    record, = import_cells(client, "name,email,age,department", "John Doe,john@example.com,30,Engineering")
    expect_record(record)
    assert record["status"] == "valid" and record["embedded"]
    data = {name: record["data"][name] for name in ("name", "email", "age", "department")}
    assert data == {"name": "John Doe", "email": "john@example.com", "age": 30, "department": "Engineering"}


def test_every_error_of_a_row_is_reported(client):
    record, = import_cells(client, "name,email,age,department", ",not an address,thirty,Sales")
    assert sorted(error["field"] for error in record["errors"]) == ["age", "email", "name"]
    for field in ("age", "email", "name"):
        assert field in record["error_message"]


def test_an_invalid_row_is_kept_as_it_was_sent(client):
    record, = import_cells(client, "name,email,age,department", "  Bob ,bob@example.com,thirty, Sales")
    assert record["status"] == "invalid" and not record["embedded"]
    assert record["data"]["name"] == "  Bob " and record["data"]["age"] == "thirty"
    assert record["errors"][0]["value"] == "thirty"


@pytest.mark.parametrize("age", ["0", "30", "30.0", " 42 ", "150"])
def test_an_age_that_is_an_integer_is_valid(client, age):
    record, = import_cells(client, "name,email,age", f"Ada,ada@example.com,{age}")
    assert record["status"] == "valid"
    assert record["data"]["age"] == float(age)


def test_an_empty_age_is_valid_and_is_not_zero(client):
    record, = import_cells(client, "name,email,age", "Ada,ada@example.com,")
    assert record["status"] == "valid"
    assert record["data"]["age"] is None


@pytest.mark.parametrize("age", ["30.5", "thirty", "3O", "1e999", "0x1F", "+", "NaN", "३०"])
def test_an_age_that_is_no_integer_is_a_type_error(client, age):
    record, = import_cells(client, "name,email,age", f"Ada,ada@example.com,{age}")
    assert wrong(record) == [("age", "type-error", None)]


@pytest.mark.parametrize("age, constraint", [("-1", "minimum"), ("151", "maximum"), ("99999999999999999999", "maximum")])
def test_an_age_out_of_range_is_a_constraint_error(client, age, constraint):
    record, = import_cells(client, "name,email,age", f"Ada,ada@example.com,{age}")
    assert wrong(record) == [("age", "constraint-error", constraint)]


@pytest.mark.parametrize("row, expected", [
    ({"email": "a@example.com"}, ("name", "constraint-error", "required")),
    ({"name": "", "email": "a@example.com"}, ("name", "constraint-error", "required")),
    ({"name": "   ", "email": "a@example.com"}, ("name", "constraint-error", "required")),
    ({"name": None, "email": "a@example.com"}, ("name", "constraint-error", "required")),
    ({"name": "n" * 201, "email": "a@example.com"}, ("name", "constraint-error", "maxLength")),
    ({"name": 5, "email": "a@example.com"}, ("name", "type-error", None)),
    ({"name": "Ada"}, ("email", "constraint-error", "required")),
    ({"name": "Ada", "email": 7}, ("email", "type-error", None)),
    ({**PERSON, "department": ["Sales"]}, ("department", "type-error", None)),
    ({**PERSON, "age": True}, ("age", "type-error", None)),
    ({**PERSON, "age": 30.5}, ("age", "type-error", None)),
])
def test_each_rule_is_reported_with_its_field_code_and_constraint(client, row, expected):
    record, = import_rows(client, row)
    assert wrong(record) == [expected]


def test_a_name_of_200_characters_is_counted_in_characters_not_bytes(client):
    record, = import_rows(client, {**PERSON, "name": "é" * 200})
    assert record["status"] == "valid"


@pytest.mark.parametrize("email", ["john@example.com", "o'connor+tag@mail.example.co.uk", "a@b.cd", "用户@例子.广告",
                                   "müller@bücher.example", "x" * 64 + "@example.com"])
def test_an_address_by_the_rule_is_valid(client, email):
    record, = import_rows(client, {**PERSON, "email": email})
    assert record["status"] == "valid", record
    assert record["data"]["email"] == email


@pytest.mark.parametrize("email", ["@", "a@", "@b.com", "a@b", "a b@example.com", "a..b@example.com", ".a@example.com",
                                   "a.@example.com", "a@example..com", "a@-example.com", "a@example.123", "a@@example.com",
                                   "\"quoted\"@example.com", "a@[127.0.0.1]", "x" * 65 + "@example.com",
                                   "a@" + "b" * 64 + ".com", "a@example.com, b@example.com"])
def test_an_address_against_the_rule_is_a_type_error(client, email):
    record, = import_rows(client, {**PERSON, "email": email})
    assert wrong(record) == [("email", "type-error", None)]
    assert record["errors"][0]["value"] == email


@pytest.mark.parametrize("header", ["NAME,E-Mail,Age", "Name,e_mail,AGE", " name , e mail ,age", "Na_Me,EMAIL,a-g-e"])
def test_header_names_match_without_case_spaces_hyphens_and_underscores(client, header):
    record, = import_cells(client, header, "Ada,ada@example.com,36")
    assert record["status"] == "valid", record
    assert (record["data"]["name"], record["data"]["email"], record["data"]["age"]) == ("Ada", "ada@example.com", 36)


def test_further_columns_are_kept(client):
    record, = import_cells(client, "name,email,shoe size", "Ada,ada@example.com,39")
    assert record["data"]["shoe size"] == "39"


def test_the_bad_rows_of_a_file_are_exactly_the_ones_reported(client):
    content, wrong_fields = spoiled_csv(2000, bad=40, seed=fresh_seed())
    found = client.finish_import(content, embed="false")
    assert (found["total_records"], found["processed_records"], found["failed_records"]) == (2000, 1960, 40)
    records = client.all_records(found["id"])
    assert [record["row"] for record in records] == list(range(1, 2001))
    reported = {record["row"]: record["errors"][0]["field"] for record in records if record["status"] == "invalid"}
    assert reported == wrong_fields


def test_a_file_of_bad_rows_alone_completes_with_none_embedded(client):
    rows = people(5, fresh_seed())
    for row in rows:
        row["email"] = "nowhere"
    found = client.finish_import(as_csv(rows))
    assert (found["status"], found["failed_records"], found["embedded_records"]) == ("completed", 5, 0)


def test_a_number_out_of_range_is_an_error_with_its_place(client):
    schema = {"fields": [{"name": "n", "type": "number"}, {"name": "i", "type": "integer"}, {"name": "free", "type": "any"}]}
    assert client.request("PUT", "/api/schemas/ranges", json=schema).status_code in (200, 201)
    huge = "9" * 400
    lines = ['{"n": 1e400, "i": 1, "free": 1e400}', '{"n": 1e308, "i": -1e400}', '{"n": ' + huge + ', "i": 3}', '{"n": 1e-400, "free": -1e400}']
    files = {"numbers.ndjson": "\n".join(lines), "numbers.json": "[\n" + ",\n".join(lines) + "]",
             "numbers.csv": f"n,i,free\n1e400,1,1e400\n1e308,-{huge},\n{huge},3,\n1e-400,,-1e400\n"}
    for name, text in files.items():
        number = client.finish_import(text.encode(), name, schema="ranges", embed="false")["id"]
        errors = client.get(f"/api/imports/{number}/errors").json()["errors"]
        first = 1 if name == "numbers.ndjson" else 2
        assert [(error["row"], error["line"], error["field"], error["code"]) for error in errors] == [
            (1, first, "n", "type-error"), (2, first + 1, "i", "type-error"), (3, first + 2, "n", "type-error")], name
        for error in errors:
            assert text[error["byte"]:].startswith(error["value"]) and "out of range" in error["message"]
        shown = client.get(f"/api/imports/{number}", params={"status": "valid"}).text
        assert '"n":1e-400' in shown and ('"free":"-1e400"' if name == "numbers.csv" else '"free":-1e400') in shown
        free = client.finish_import(text.encode(), name, schema="any", embed="false")
        assert (free["processed_records"], free["failed_records"]) == (4, 0)
