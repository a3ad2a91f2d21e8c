"""GET /api/stats: what is counted by field, and kept right while imports come and go."""

import collections
import time

import pytest

from support.client import Client
from support.people import fresh_seed, spoiled_csv
from support.server import Server
from support.surroundings import PATIENCE_S


@pytest.fixture
def fresh(tmp_path):
    server = Server(tmp_path).start()
    yield Client(server.url), server
    server.stop()


def by_field(stats):
    return {field["field"]: field for field in stats["fields"]}


def check(client, imports):
    """What is counted from columns may be older by nine times what counting takes, which is long on a busy machine."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return compare(client, imports)
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def compare(client, imports):
    stats = client.stats()
    records = [record for made in imports for record in client.all_records(made)]
    assert stats["records"]["total"] == len(records)
    assert stats["embedding"]["coverage"] == 1.0 and stats["columns"]["bytes"] > 0
    fields = by_field(stats)
    assert set(fields) == {name for record in records for name in record["data"]}
    for name, field in fields.items():
        values = [record["data"].get(name) for record in records]
        filled = [value for value in values if value not in (None, "")]
        assert field["filled"] == len(filled) and field["fill_rate"] == pytest.approx(len(filled) / len(records), abs=1e-5)
        counts = collections.Counter(value for value in values if value is not None)
        assert field["distinct"] == len(counts)
        assert [item["count"] for item in field["values"]] == [count for _, count in counts.most_common(5)]
        assert all(counts[item["value"]] == item["count"] for item in field["values"])
        errors = sum(error["field"] == name for record in records for error in record["errors"])
        assert field["errors"] == errors
    ages = [record["data"]["age"] for record in records if isinstance(record["data"]["age"], int)]
    numbers = fields["age"]["numbers"]
    assert (numbers["count"], numbers["min"], numbers["max"]) == (len(ages), min(ages), max(ages))
    assert numbers["mean"] == pytest.approx(sum(ages) / len(ages))
    for bar in numbers["bars"]:
        assert bar["count"] == sum(bar["from"] <= age < bar["to"] for age in ages)
    domains = collections.Counter(record["data"]["email"].split("@")[-1] for record in records
                                  if "@" in record["data"]["email"])
    assert {item["value"]: item["count"] for item in fields["email"]["domains"]} == dict(domains.most_common(5))
    assert fields["name"]["domains"] == [] and fields["name"]["numbers"] is None
    assert sum(item["records"] for item in stats["activity"]["days"]) == len(records)
    assert sum(item["records"] for item in stats["activity"]["hours"]) == len(records)


def test_fields_are_counted_and_the_counts_follow_the_imports(fresh):
    client, server = fresh
    assert client.stats()["fields"] == [] and client.stats()["activity"] == {"days": [], "hours": []}
    imports = [client.finish_import(spoiled_csv(150, bad=20, seed=fresh_seed())[0])["id"] for _ in range(3)]
    check(client, imports)
    client.delete(f"/api/imports/{imports.pop(1)}")
    check(client, imports)
    check(Client(server.restart().url), imports)
