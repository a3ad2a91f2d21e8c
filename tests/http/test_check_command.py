"""`rowmill check`: what an upload would say, without a server, by its report and its exit status."""

import json
import os
import random
import subprocess

import pytest

from support.surroundings import BINARY
from support.people import fresh_seed

PEOPLE = b"name,email,age\nAda,ada@example.com,36\n"


def check(path, *options, input=None):
    return subprocess.run([str(BINARY), "check", str(path), *options], input=input, capture_output=True, timeout=60,
                          env={**os.environ, "ROWMILL_LOG_LEVEL": "error"})


def report(path, *options):
    done = check(path, "--output", "json", *options)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write


def test_the_exit_status_tells_valid_invalid_and_unreadable_apart(write, tmp_path):
    assert check(write("good.csv", PEOPLE)).returncode == 0
    assert check(write("bad.csv", PEOPLE + b"Bob,nowhere,1\n")).returncode == 1
    for path in (tmp_path / "none.csv", tmp_path, write("other.csv", b"a,b\n1,2\n"), write("broken.json", b"[1, 2")):
        done = check(path)
        assert done.returncode == 2 and (done.stdout or done.stderr), path


def test_a_wrong_line_is_told_and_checks_nothing(write):
    path = write("good.csv", PEOPLE)
    for options in (["--output", "xml"], ["--schema", "nowhere"], ["--map", "age"], ["--map", "a:b"], ["--header", "perhaps"],
                    ["--nonsense"], ["--rows", "0", "--propose"]):
        done = check(path, *options)
        assert done.returncode == 2 and not done.stdout and done.stderr.startswith(b"rowmill: "), options


def test_the_report_groups_errors_with_examples_and_places(write):
    content = PEOPLE + b"".join(b"P%d,nowhere%d,%d\n" % (i, i, 200 + i) for i in range(5))
    status, found = report(write("people.csv", content))
    assert status == 1
    assert (found["total_records"], found["processed_records"], found["failed_records"]) == (6, 1, 5)
    assert [(group["field"], group["code"], group["constraint"], group["count"]) for group in found["groups"]] == [
        ("email", "type-error", None, 5), ("age", "constraint-error", "maximum", 5)]
    example = found["groups"][0]["examples"][0]
    assert (example["row"], example["line"], example["value"]) == (2, 3, "nowhere0")
    assert content[example["byte"]:].startswith(b"nowhere0") and example["message"]
    assert len(found["groups"][0]["examples"]) == 3


def test_the_report_for_people_names_counts_and_places_and_no_control_characters(write):
    done = check(write("people.csv", PEOPLE + b'"Ada",\x1b[31mred\xe2\x80\xae,1\n'))
    text = done.stdout.decode()
    assert "1 valid, 1 invalid" in text and "row 2, line 3" in text and "\\u001b" in text
    assert "\x1b" not in text and "\u202e" not in text


def test_standard_input_is_read_too():
    done = check("-", input=PEOPLE)
    assert done.returncode == 0 and b"1 valid" in done.stdout


def test_the_readers_options_are_those_of_an_upload(write):
    path = write("odd.txt", "Ada;ada@example.com;36\nÜnal;u@example.com;37\n".encode("latin-1"))
    status, found = report(path, "--delimiter", ";", "--encoding", "latin1", "--header=false", "--map", "field1:name",
                           "--map", "field2:email", "--map", "field3:age")
    assert (status, found["total_records"], found["error"]) == (0, 2, None), found


@pytest.mark.parametrize("document, place", [(b"{", b""), ({"fields": [{"name": "a", "type": "x"}]}, b"/fields/0/type")])
def test_a_schema_that_is_none_is_told_with_its_place(write, document, place):
    done = check(write("a.csv", b"a\n1\n"), "--schema", str(write("schema.json", document)))
    assert done.returncode == 2 and place in done.stderr


def test_the_lowest_row_claims_a_value_even_if_it_is_invalid(write):
    schema = write("schema.json", {"fields": [
        {"name": "id", "type": "integer", "constraints": {"unique": True}}, {"name": "n", "type": "integer"}]})
    content = b"id,n\n1,x\n01.0,2\n2,3\n+2,4\n,5\n,6\nz,7\nz,8\n"
    status, found = report(write("a.csv", content), "--schema", str(schema))
    unique = next(group for group in found["groups"] if group["code"] == "unique-error")
    assert (unique["field"], unique["constraint"], unique["count"]) == ("id", "unique", 2)
    assert [(example["row"], example["value"]) for example in unique["examples"]] == [(2, "01.0"), (4, "+2")]
    assert "row 1" in unique["examples"][0]["message"]
    assert (status, found["processed_records"]) == (1, 3)


def test_unique_values_are_told_among_many(write):
    seed = fresh_seed()
    rows = list(range(30000)) + random.Random(seed).sample(range(30000), 50)
    random.Random(seed).shuffle(rows)
    schema = write("schema.json", {"fields": [{"name": "id", "constraints": {"unique": True}}]})
    status, found = report(write("a.csv", b"id\n" + b"".join(b"key-%d\n" % row for row in rows)), "--schema", str(schema))
    assert (status, found["failed_records"]) == (1, 50), seed


def test_a_proposal_is_a_schema_that_the_file_passes(write):
    path = write("a.csv", b"id,day,when\n1,2024-01-02,x\n2,2024-02-29,\n")
    proposed = check(path, "--propose")
    assert proposed.returncode == 0
    assert json.loads(proposed.stdout) == {"fields": [
        {"name": "id", "type": "integer", "constraints": {"required": True}},
        {"name": "day", "type": "date", "constraints": {"required": True}}, {"name": "when", "type": "string"}]}
    assert check(path, "--schema", str(write("schema.json", proposed.stdout))).returncode == 0


def test_it_says_what_an_import_says(client, write):
    content = (b"name,email,age,department,seed\n,x@example.com,1,a,%d\nBob,b@example.com,30.5\nC,c@example.com,,d,e,f\n"
               % fresh_seed())
    found = client.finish_import(content)
    expected = {(error["field"], error["code"], error["constraint"]) for record in client.all_records(found["id"])
                for error in record["errors"]}
    status, checked = report(write("people.csv", content))
    assert status == 1 and checked["failed_records"] == found["failed_records"]
    assert {(group["field"], group["code"], group["constraint"]) for group in checked["groups"]} == expected
