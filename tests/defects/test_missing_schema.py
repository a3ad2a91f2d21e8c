"""Defect 14 of the original: nothing held data to a schema, neither in files nor in requests nor in the tables.

Shown to fail by broken/missing-schema.patch: files with unknown columns are taken, unknown members are ignored."""

import json
import sqlite3

import pytest

from support.client import Client
from support.expect import expect_problem
from support.people import fresh_seed, people_csv


def test_a_file_without_the_columns_of_the_schema_fails_and_keeps_nothing(client):
    found = client.finish_import(b"colour,weight\nred,%d\n" % fresh_seed())
    assert (found["status"], found["total_records"]) == ("failed", 0)
    assert "colour" in found["error"]["detail"] and "email" in found["error"]["detail"]


def test_values_of_the_wrong_type_are_errors(client):
    rows = [{"name": 5, "email": ["a@example.com"], "age": "x", "department": {}, "seed": fresh_seed()}]
    record, = client.all_records(client.finish_import(json.dumps(rows).encode(), "rows.json")["id"])
    assert sorted(error["field"] for error in record["errors"]) == ["age", "department", "email", "name"]
    assert {error["code"] for error in record["errors"]} == {"type-error"}


@pytest.mark.parametrize("path, members", [
    ("/api/records/search", {"limitt": 5}), ("/api/records/search", {"limit": "5"}), ("/api/records/search", {"query": {}}),
    ("/v1/embeddings", {"input": "a", "inputt": "b"}), ("/v1/embeddings", {"input": 5})])
def test_a_request_that_is_not_of_the_described_shape_is_refused(client, path, members):
    problem = expect_problem(client.post(path, json=members), 422, "invalid-parameter")
    assert problem["errors"]


@pytest.fixture
def tables(make_server):
    """A connection, with foreign keys on, to the database of a server that has ended."""
    server = make_server().start()
    Client(server.url).finish_import(people_csv(3))
    server.stop()
    connection = sqlite3.connect(server.database, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    yield connection
    connection.close()


@pytest.mark.parametrize("statement", [
    "UPDATE records SET import_id = 4711",
    "UPDATE records SET data = NULL",
    "UPDATE records SET status = NULL",
    "UPDATE imports SET status = NULL",
    "UPDATE imports SET filename = NULL",
    "UPDATE imports SET status = 'nonsense'",
    "UPDATE records SET status = 'nonsense'",
    "DELETE FROM imports",
])
def test_the_tables_refuse_what_must_not_be(tables, statement):
    with pytest.raises(sqlite3.IntegrityError):
        tables.execute(statement)


def test_the_tables_have_the_columns_of_the_original(tables):
    def columns(table):
        return {row[1] for row in tables.execute(f"PRAGMA table_info({table})")}

    assert columns("imports") >= {"id", "filename", "file_hash", "status", "total_records", "processed_records", "failed_records",
                                  "created_at", "completed_at"}
    assert columns("records") >= {"id", "import_id", "data", "embedding", "status", "error_message", "created_at"}
