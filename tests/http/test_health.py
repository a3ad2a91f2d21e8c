"""GET /health, /health/live, /health/ready and GET /api/stats."""

import pytest

from support.client import Client
from support.people import fresh_seed, people_csv, spoiled_csv


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_a_running_server_is_healthy(client, path):
    assert client.get(path).status_code == 200


def test_health_speaks_of_the_store_the_model_and_the_disk(client):
    body = client.get("/health").json()
    assert body["status"]
    for part in ("store", "model", "disk"):
        assert part in body or part in body.get("checks", {}), body


def test_statistics_of_an_empty_server_are_zeros(make_server):
    stats = Client(make_server().start().url).stats()
    assert stats["imports"] == {"total": 0, "pending": 0, "processing": 0, "completed": 0, "failed": 0, "cancelled": 0}
    assert stats["records"] == {"total": 0, "valid": 0, "invalid": 0, "embedded": 0}
    assert stats["storage"]["backend"] == "sqlite" and stats["storage"]["bytes"] > 0
    embedding = stats["embedding"]
    assert (embedding["model"], embedding["dimension"]) == ("all-MiniLM-L6-v2", 384)
    assert embedding["precision"] in ("f32", "bf16", "int8")
    assert embedding.keys() >= {"records_per_second"}
    assert stats["uptime_seconds"] >= 0


def test_statistics_count_imports_and_records(make_server):
    client = Client(make_server().start().url)
    content, _ = spoiled_csv(100, bad=7, seed=fresh_seed())
    client.finish_import(content)
    client.finish_import(people_csv(10))
    client.finish_import(b'[{"broken"', "broken.json")
    stats = client.stats()
    assert stats["imports"] == {"total": 3, "pending": 0, "processing": 0, "completed": 2, "failed": 1, "cancelled": 0}
    assert stats["records"] == {"total": 110, "valid": 103, "invalid": 7, "embedded": 103}
