"""Defect 10 of the original: SQL was put together from what users sent.

Shown to fail by broken/sql-injection.patch: add_import formats the file name into its SQL."""

import re

import pytest

from support.client import Client
from support.surroundings import REPOSITORY

MARK = "zzmark"
HOSTILE = (f"'{MARK}", f'"{MARK}', f"{MARK}'; DROP TABLE records; --", f"{MARK}' OR '1'='1", f"{MARK}\"; DELETE FROM imports; --",
           f"{MARK}') UNION SELECT sql FROM sqlite_master --", f"`{MARK}`", f"%{MARK}_", f"{MARK}\\", f"{MARK}%s%n%d",
           f"{MARK}?1", f":{MARK}", f"{MARK}/*", f"{MARK}\n--")


def tables(client, numbers):
    """All that is shown of these imports."""
    return [(client.get_import(number), client.all_records(number)) for number in numbers]


def quote_cell(text):
    return '"' + text.replace('"', '""') + '"'


@pytest.fixture
def client(probed_server):
    client = Client(probed_server.url)
    client.probe = probed_server.probe
    return client


def test_hostile_text_in_every_place_is_text(client):
    kept = client.finish_import(b"name,email\nAnn,ann@example.com\n")["id"]
    client.search(query="warm up", import_id=kept, status="valid", fields=["name"])
    client.list_imports(status="completed")
    before = tables(client, [kept])
    for text in HOSTILE:
        number = check_upload(client, text)
        check_search(client, text)
        check_parameters(client, text)
        client.delete(f"/api/imports/{number}")
        assert tables(client, [kept]) == before
    texts = client.probe.sql_texts()
    assert len(texts) > 5
    assert not [text for text in texts if MARK in text.lower()], "what a user sent has become part of an SQL text"


def check_upload(client, text):
    """As file name, column and value."""
    content = (f"name,email,{quote_cell(text)}\n{quote_cell(text)},a@example.com,{quote_cell(text)}\n").encode()
    name = re.sub(r"[/\\\n]", "", text)  # of a path only the last part is kept
    found = client.finish_import(content, name)
    assert found["filename"] == name
    record, = client.all_records(found["id"])
    assert (record["data"]["name"], record["data"][text]) == (text, text)
    return found["id"]


def check_search(client, text):
    client.search(query=text, limit=1)
    client.search(query=f"{text}\u0000{text}", limit=1)
    client.search(fields=[text], limit=1)
    for members in ({"status": text}, {"import_id": text}, {"mode": text}, {"cursor": text}, {text: 1}):
        response = client.post("/api/records/search", json=members)
        assert response.status_code == 422, (members, response.text)


def check_parameters(client, text):
    for parameters in ({"status": text}, {"limit": text}, {"cursor": text}, {text: "1"}):
        response = client.get("/api/imports", params=parameters)
        assert response.status_code == 422, (parameters, response.text)
    assert client.upload(b"name\nA\n", schema=text).status_code == 422


def sources(folder):
    return sorted((REPOSITORY / "src" / folder).rglob("*.c"))


SQL_IN_A_LITERAL = re.compile(r'"[^"\n]*\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|DROP|ALTER|PRAGMA|WHERE|VALUES)\b[^"\n]*%[-0-9.]*[a-zA-Z*]')


def test_no_source_of_the_store_formats_sql():
    """SQL texts are literals: none holds a conversion of printf's, and SQLite's own formatting is not called."""
    assert sources("store"), "there is no source to look at"
    for path in sources("store"):
        text = re.sub(r'"\s*\n\s*"', "", path.read_text())  # join literals that go over lines
        assert not SQL_IN_A_LITERAL.search(text), path
        assert "sqlite3_mprintf" not in text and "sqlite3_snprintf" not in text, path
        for call in re.findall(r"sqlite3_exec\(([^;]*);", text):
            assert re.search(r",\s*(\"|[A-Z_]+\b|\w*sql\w*)", call), (path, call)


def test_sql_is_spoken_under_store_alone():
    for path in sources("."):
        if "store" not in path.relative_to(REPOSITORY / "src").parts:
            assert "sqlite3" not in path.read_text(), path
