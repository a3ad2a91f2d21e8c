"""Defect 9 of the original: a delete was several statements without a transaction, and left orphans when it broke off.

The server is killed at random moments of a delete and of the purge behind it.

Shown to fail by broken/orphans.patch: foreign keys are off, and a delete removes the import before its records."""

import random
import threading
import time

import requests

from support.client import Client
from support.database import check_consistent, rows_of
from support.people import people_csv
from support.surroundings import PATIENCE_S

ROUNDS = 6
ROWS = 8000


def delete_in_the_background(url, number):
    """Starts the delete; the list given back holds the status of its answer, if there is one in time."""
    answered = []

    def run():
        try:
            answered.append(requests.delete(f"{url}/api/imports/{number}", timeout=PATIENCE_S).status_code)
        except requests.RequestException:
            pass  # the server was killed before it answered

    thread = threading.Thread(target=run)
    thread.start()
    return thread, answered


def test_a_kill_in_the_middle_of_a_delete_leaves_all_of_it_or_nothing(make_server):
    seed = random.randrange(2**32)
    print(f"random seed {seed}")
    chance = random.Random(seed)
    server = make_server().start()
    for _ in range(ROUNDS):
        client = Client(server.url)
        number = client.add_import(people_csv(ROWS))["id"]
        while client.get_import(number, limit=1)["total_records"] < ROWS:
            time.sleep(0.01)
        thread, answered = delete_in_the_background(server.url, number)
        time.sleep(chance.uniform(0, 0.12))
        server.kill()
        thread.join()
        check_consistent(server.database)
        client = Client(server.start().url)
        there = client.get(f"/api/imports/{number}")
        if answered:
            assert there.status_code == 404, "a delete that was acknowledged did not outlive the kill"
        if there.status_code == 200:
            assert there.json()["total_records"] == ROWS and there.json()["page"]["total"] == ROWS
            client.delete(f"/api/imports/{number}")
        assert client.search(import_id=number)["page"]["total"] == 0
    wait_until_purged(server)
    check_consistent(server.database)


def wait_until_purged(server):
    deadline = time.monotonic() + PATIENCE_S
    while rows_of(server.database, "SELECT count(*) FROM records") != [(0,)]:
        assert time.monotonic() < deadline, "the purge does not go on after a restart"
        time.sleep(0.05)


def test_a_delete_waits_for_no_purge(probed_server):
    """What makes an import vanish is one short transaction; its rows are freed afterwards."""
    client = Client(probed_server.url)
    number = client.add_import(people_csv(ROWS))["id"]
    while client.get_import(number, limit=1)["total_records"] < ROWS:
        time.sleep(0.01)
    client.delete(f"/api/imports/{number}")
    assert client.search(import_id=number)["records"] == []
    wait_until_purged(probed_server)
    check_consistent(probed_server.database)
