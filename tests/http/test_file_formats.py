"""What becomes of the rows of a file: every way to write one, and every way to break one."""

import json

import pytest

from support.expect import expect_record
from support.people import fresh_seed
from support.surroundings import shared_path


def import_any(client, content, filename="table.csv"):
    """The file's import under schema `any`, and its records; each call makes the content a new one."""
    found = client.finish_import(content, filename, schema="any")
    return found, client.all_records(found["id"])


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_lines_may_end_in_any_way(client, line_end):
    seed = fresh_seed()
    content = line_end.join(["a,b", f"1,{seed}", f"2,{seed}", ""]).encode()
    found, records = import_any(client, content)
    assert [r["data"] for r in records] == [{"a": "1", "b": str(seed)}, {"a": "2", "b": str(seed)}]
    assert [r["line"] for r in records] == [2, 3]


def test_the_last_line_needs_no_end(client):
    seed = fresh_seed()
    _, records = import_any(client, f"a,b\n1,{seed}".encode())
    assert records[0]["data"] == {"a": "1", "b": str(seed)}


def test_a_byte_order_mark_is_no_part_of_the_first_column(client):
    seed = fresh_seed()
    _, records = import_any(client, f"\ufeffa,b\n1,{seed}\n".encode())
    assert records[0]["data"] == {"a": "1", "b": str(seed)}


def test_a_byte_order_mark_before_json_is_passed_over(client):
    seed = fresh_seed()
    found, records = import_any(client, f'\ufeff[{{"a": {seed}}}]'.encode())
    assert (found["format"], records[0]["data"]) == ("json", {"a": seed})


def test_a_quoted_field_holds_commas_quotes_and_line_ends(client):
    seed = fresh_seed()
    content = f'a,b,c\n"x, y","say ""hi""","two\nlines {seed}"\nlast,row,here\n'.encode()
    _, records = import_any(client, content)
    assert records[0]["data"] == {"a": "x, y", "b": 'say "hi"', "c": f"two\nlines {seed}"}
    assert [(r["row"], r["line"]) for r in records] == [(1, 2), (2, 4)]


def test_an_unclosed_quote_is_an_error_of_its_row_and_no_row_before_it_is_lost(client):
    seed = fresh_seed()
    found, records = import_any(client, f'a,b\n1,{seed}\n2,"open\n3,x\n'.encode())
    assert (found["status"], found["failed_records"]) == ("completed", 1)
    assert records[0]["data"] == {"a": "1", "b": str(seed)}
    assert (records[1]["line"], records[1]["status"]) == (3, "invalid")


def test_a_row_with_too_few_cells_is_kept_and_reported(client):
    seed = fresh_seed()
    found, records = import_any(client, f"a,b\n1\n2,{seed}\n".encode())
    assert (found["processed_records"], found["failed_records"]) == (1, 1)
    assert [e["code"] for e in records[0]["errors"]] == ["missing-cell"]
    assert records[1]["status"] == "valid"


def test_a_row_with_too_many_cells_is_kept_and_reported(client):
    seed = fresh_seed()
    found, records = import_any(client, f"a,b\n1,2,3\n2,{seed}\n".encode())
    assert (found["processed_records"], found["failed_records"]) == (1, 1)
    assert "extra-cell" in [e["code"] for e in records[0]["errors"]]


def test_bytes_that_are_no_utf_8_are_reported_and_shown_as_replacement_characters(client):
    seed = fresh_seed()
    found, records = import_any(client, b"a,b\nok,%d\nbad \xff\xfe cell,x\n" % seed)
    assert (found["processed_records"], found["failed_records"]) == (1, 1)
    assert "\ufffd" in json.dumps(records[1]["data"], ensure_ascii=False)


def test_json_values_keep_their_kind_and_digits(client):
    seed = fresh_seed()
    content = ('[{"seed": %d, "integer": 12345678901234567890, "fraction": 1.10, "exponent": 1E400, "yes": true, '
               '"nothing": null, "list": [1, "2"], "object": {"a": 0.30}}]' % seed).encode()
    found = client.finish_import(content, "values.json", schema="any")
    answer = client.get(f"/api/imports/{found['id']}").text
    for text in ("12345678901234567890", "1.10", "1E400", "0.30"):
        assert text in answer
    assert "nothing" in answer


def test_one_line_of_ndjson_that_is_broken_is_one_invalid_row(client):
    seed = fresh_seed()
    found, records = import_any(client, b'{"a": 1}\n{"a": \n{"a": %d}\n' % seed, "lines.ndjson")
    assert (found["format"], found["processed_records"], found["failed_records"]) == ("ndjson", 2, 1)
    assert [r["status"] for r in records] == ["valid", "invalid", "valid"]
    expect_record(records[1])


def test_a_json_value_that_is_no_object_is_an_invalid_row(client):
    seed = fresh_seed()
    found, records = import_any(client, b'[{"a": %d}, 5, "text", null]' % seed, "mixed.json")
    assert (found["processed_records"], found["failed_records"]) == (1, 3)
    assert [r["data"] for r in records[1:]] == [5, "text", None]


def test_a_json_array_that_breaks_fails_as_a_whole_with_its_place(client):
    content = b'[{"a": %d},\n {"b": 2},\n {"c" 3}]' % fresh_seed()
    found, records = import_any(client, content, "broken.json")
    assert found["status"] == "failed"
    assert (found["error"]["line"], found["error"]["column"], found["error"]["byte"]) == (3, 7, content.index(b" 3}") + 1)
    assert found["error"]["code"] and found["error"]["detail"]
    assert (records, found["total_records"]) == ([], 0)


def test_a_broken_json_array_keeps_none_of_the_many_rows_before_the_place(client):
    rows = ",".join('{"a": %d}' % number for number in range(5000))
    found, records = import_any(client, f"[{rows}, {{]".encode(), "long.json")
    assert (found["status"], found["total_records"], records) == ("failed", 0, [])


def test_a_file_with_no_column_of_the_schema_fails_and_names_the_columns_it_saw(client):
    found = client.finish_import(b"colour,weight\nred,%d\n" % fresh_seed())
    assert (found["status"], found["total_records"]) == ("failed", 0)
    assert "colour" in found["error"]["detail"] and "weight" in found["error"]["detail"]


def test_the_dialect_says_how_the_file_was_read(client):
    found, _ = import_any(client, b"a,b\n1,%d\n" % fresh_seed())
    dialect = found["dialect"]
    assert dialect["encoding"] == "utf-8" and dialect["delimiter"] == ","
    assert dialect["quote"] == '"' and dialect["header"] is True and dialect["skipped_lines"] == 0


def test_csv_spectrum_comes_back_equal(client):
    """maxogden/csv-spectrum: each CSV file stands beside what it means as JSON."""
    folder = shared_path("corpus/csv-spectrum")
    contents = {path.read_bytes(): path for path in sorted((folder / "csvs").glob("*.csv"))}  # two are the same
    for content, path in contents.items():
        expected = json.loads((folder / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
        if b"\r" not in content:  # one lost its carriage returns on its way into the corpus
            expected = [{name: value.replace("\r\n", "\n") for name, value in row.items()} for row in expected]
        _, records = import_any(client, content, path.name)
        assert [r["data"] for r in records] == expected, path.name


def test_naughty_strings_come_back_byte_for_byte_as_json(client):
    texts = json.loads(shared_path("corpus/blns/blns.json").read_text(encoding="utf-8"))
    content = json.dumps([{"text": text} for text in texts]).encode()
    found, records = import_any(client, content, "naughty.json")
    assert found["processed_records"] == len(texts)
    assert [r["data"]["text"] for r in records] == texts
