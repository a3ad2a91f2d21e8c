"""Defect 5 of the original: each request opened a connection of its own to the database.

Shown to fail by broken/connection-per-request.patch: open_reader opens its connection anew."""

from support.client import Client
from support.people import people_csv
from support.process import open_files


def test_five_hundred_requests_open_no_database(probed_server):
    client = Client(probed_server.url)
    number = client.finish_import(people_csv(5))["id"]

    def ask():
        for _ in range(100):
            client.list_imports()
            client.get_import(number)
            client.search(limit=3)
            client.search(query="finance", limit=3)
            client.stats()

    ask()
    files = sorted(path for path in open_files(probed_server.pid) if path.endswith((".db", ".db-wal", ".db-shm")))
    assert probed_server.probe.read("opened") >= 1
    assert probed_server.probe.during("opened", ask) == 0
    assert files == sorted(path for path in open_files(probed_server.pid) if path.endswith((".db", ".db-wal", ".db-shm")))


def test_imports_open_no_database_either(probed_server):
    client = Client(probed_server.url)
    client.finish_import(people_csv(5))

    def upload_and_delete():
        for _ in range(5):
            found = client.finish_import(people_csv(20))
            client.delete(f"/api/imports/{found['id']}")

    assert probed_server.probe.during("opened", upload_and_delete) == 0
