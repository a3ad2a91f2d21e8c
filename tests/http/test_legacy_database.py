"""A data_imports.db made by the original program, with all that its defects left in it."""

import json
import sqlite3

import pytest

from support.client import Client
from support.database import check_consistent, rows_of

ORIGINAL = """
CREATE TABLE imports (id INTEGER PRIMARY KEY AUTOINCREMENT, filename TEXT NOT NULL, file_hash TEXT NOT NULL, status TEXT NOT NULL,
  total_records INTEGER DEFAULT 0, processed_records INTEGER DEFAULT 0, failed_records INTEGER DEFAULT 0, created_at TEXT NOT NULL, completed_at TEXT);
CREATE TABLE records (id INTEGER PRIMARY KEY AUTOINCREMENT, import_id INTEGER NOT NULL, data TEXT NOT NULL, embedding TEXT, status TEXT NOT NULL,
  error_message TEXT, created_at TEXT NOT NULL, FOREIGN KEY (import_id) REFERENCES imports (id));
"""
WHEN = "2025-03-01T10:00:00.000000"
VECTOR = json.dumps([0.6] + [0.0] * 382 + [0.8])
MD5 = "d41d8cd98f00b204e9800998ecf8427e"


def add_import(connection, number, status, counts=(0, 0, 0)):
    connection.execute("INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       (number, f"{number}.csv", MD5, status, *counts, WHEN, WHEN if status == "completed" else None))


def add_record(connection, import_id, name, embedding=VECTOR, status="valid", error=None):
    data = json.dumps({"name": name, "email": "a@example.com", "age": 30, "department": "Sales"})
    connection.execute("INSERT INTO records (import_id, data, embedding, status, error_message, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                       (import_id, data, embedding, status, error, WHEN))


@pytest.fixture
def migrated(make_server):
    """The server on such a database."""
    server = make_server()
    connection = sqlite3.connect(server.database)
    connection.executescript(ORIGINAL)
    add_import(connection, 1, "completed", (2, 2, 0))
    add_import(connection, 2, "completed", (99, 98, 1))   # wrong counts, and the hash of import 1
    add_import(connection, 5, "processing", (10, 1, 0))   # never finished
    for name in ("Ann", "Bob"):
        add_record(connection, 1, name)
    add_record(connection, 2, "Cid")
    add_record(connection, 2, "Dan", embedding=None)      # no vector
    add_record(connection, 2, "Eve", embedding=None, status="invalid", error="Invalid email")
    add_record(connection, 5, "Fay")
    add_record(connection, 77, "Guy")                     # an orphan
    connection.commit()
    connection.close()
    return server.start()


def test_the_database_is_backed_up_beside_itself_before_anything_is_changed(migrated):
    copies = [path for path in migrated.database.parent.iterdir()
              if path.is_file() and path != migrated.database and path.name.startswith(migrated.database.name)]
    counts = []
    for path in copies:
        try:
            counts.append(rows_of(path, "SELECT count(*), max(import_id) FROM records"))
        except sqlite3.DatabaseError:
            continue
    assert [(7, 77)] in counts, copies


def test_every_record_is_there_and_every_count_is_true(migrated):
    client = Client(migrated.url)
    imports = {number: client.wait_for_import(number) for number in (1, 2, 5)}
    counts = {number: (item["total_records"], item["processed_records"], item["failed_records"], item["status"])
              for number, item in imports.items()}
    assert counts == {1: (2, 2, 0, "completed"), 2: (3, 2, 1, "completed"), 5: (1, 1, 0, "completed")}
    names = [record["data"]["name"] for record in client.search(limit=100)["records"]]
    assert sorted(names) == ["Ann", "Bob", "Cid", "Dan", "Eve", "Fay", "Guy"]


def test_orphans_are_in_an_import_named_recovered(migrated):
    client = Client(migrated.url)
    recovered, = [item for item in client.list_imports()["imports"] if item["filename"] == "recovered"]
    assert [record["data"]["name"] for record in client.all_records(recovered["id"])] == ["Guy"]


def test_vectors_are_kept_and_missing_ones_are_made(migrated):
    client = Client(migrated.url)
    client.wait_for_import(2)
    sizes = rows_of(migrated.database, "SELECT length(embedding), typeof(embedding) FROM records WHERE status = 'valid'")
    assert set(sizes) == {(1536, "blob")} and len(sizes) == 6
    assert client.search(query="sales", mode="semantic")["page"]["total"] == 6


def test_legacy_imports_hold_no_duplicate_key(migrated):
    client = Client(migrated.url)
    found = client.finish_import(b"name,email,age,department\nAnn,a@example.com,30,Sales\n")
    assert found["status"] == "completed"


def test_a_migrated_import_can_be_deleted(migrated):
    client = Client(migrated.url)
    assert client.delete("/api/imports/2").json()["records"] == 3
    migrated.stop()
    check_consistent(migrated.database)


def test_a_second_start_changes_nothing_more(migrated):
    client = Client(migrated.url)
    client.wait_for_import(2)
    before = client.search(limit=100)["records"]
    assert Client(migrated.restart().url).search(limit=100)["records"] == before
