"""dry_run=true: predicts what a real import would give, and leaves no trace in lists, statistics or searches."""

import os
from pathlib import Path

import pytest

from support.client import Client
from support.expect import expect_import
from support.surroundings import LONG, skip

SHARED = Path(os.environ.get("ROWMILL_SHARED", "shared"))
LARGEST = 2_000_000 if LONG else 20_000  # bytes of a corpus file
COUNTS = ("status", "embed", "total_records", "processed_records", "failed_records", "embedded_records", "format", "dialect")
MIXED = b"name,email,age\nA,a@example.com,30\nB,bad,x\n,c@example.com,\nshort\n"


def errors_of(client, number):
    found, cursor = [], None
    while True:
        body = client.get(f"/api/imports/{number}/errors", params={"limit": 1000, **({"cursor": cursor} if cursor else {})}).json()
        found += [{name: value for name, value in error.items() if name != "record_id"} for error in body["errors"]]
        cursor = body["page"]["next"]
        if cursor is None:
            return found, body["groups"]


def compare(client, content, name, **options):
    dry = client.finish_import(content, name, dry_run="true", **options)
    expect_import(dry)
    assert dry["dry_run"] is True and dry["records"] == []
    dry_errors = errors_of(client, dry["id"])
    real = client.finish_import(content, name, **options)
    assert {key: dry[key] for key in COUNTS} == {key: real[key] for key in COUNTS}, name
    assert (dry["error"] or {}).get("code") == (real["error"] or {}).get("code")
    assert dry_errors == errors_of(client, real["id"]), name
    client.delete(f"/api/imports/{real['id']}")
    client.delete(f"/api/imports/{dry['id']}")


def test_a_dry_run_predicts_the_real_one(client):
    compare(client, MIXED, "mixed.csv")
    compare(client, MIXED, "mixed.csv", embed="false")


def test_it_is_in_no_list_statistic_search_or_duplicate_check(client):
    before = (client.list_imports()["page"]["total"], client.stats(), client.search()["page"]["total"])
    number = client.finish_import(MIXED, "mixed.csv", dry_run="true")["id"]
    after = (client.list_imports()["page"]["total"], client.stats(), client.search()["page"]["total"])
    assert before[0] == after[0] and before[1]["imports"] == after[1]["imports"] and before[1]["records"] == after[1]["records"]
    assert before[2] == after[2]
    assert client.list_imports(status="completed")["page"]["total"] == before[1]["imports"]["completed"]
    assert client.finish_import(MIXED, "mixed.csv", dry_run="true")["id"] != number
    assert client.finish_import(MIXED, "mixed.csv")["dry_run"] is False
    assert {error["record_id"] for error in client.get(f"/api/imports/{number}/errors").json()["errors"]} == {None}
    assert client.get(f"/api/imports/{number}/rejects").content.count(b"\n") == 4
    assert client.delete(f"/api/imports/{number}").status_code == 200


def test_unique_is_predicted_across_batches(client):
    client.request("PUT", "/api/schemas/single", json={"fields": [{"name": "code", "type": "integer", "constraints": {"unique": True}}]})
    compare(client, b"code\n" + b"".join(b"%d\n" % (row % 1700) for row in range(3000)), "codes.csv", schema="single", embed="false")


def corpus():
    folder = SHARED / "corpus"
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size <= LARGEST)


@pytest.mark.once
def test_dry_run_equals_real_run_on_files_of_the_corpus(server):
    files = corpus()[::1 if LONG else 4]
    if not files:
        skip("the shared corpus is missing; ROWMILL_SHARED names it")
    client, read = Client(server.url), 0
    for path in files:
        content = path.read_bytes()
        response = client.upload(content, path.name, dry_run="true", schema="any", embed="false", wait=60)
        if response.status_code == 415:
            continue
        assert response.status_code in (200, 202), (path, response.text)
        dry = client.wait_for_import(response.json()["id"])
        real = client.upload(content, path.name, schema="any", embed="false", wait=60)
        if real.status_code == 409:
            continue
        real = client.wait_for_import(real.json()["id"])
        assert {key: dry[key] for key in COUNTS} == {key: real[key] for key in COUNTS}, path
        assert errors_of(client, dry["id"]) == errors_of(client, real["id"]), path
        read += 1
    assert read > (100 if LONG else 50), f"only {read} files of the corpus were compared"
