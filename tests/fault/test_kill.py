"""kill -9 at random moments of imports of 5,000 rows.

After every restart: no acknowledged upload is lost, none is there twice, no row is there twice, and the ledger is right. In
its long form (ROWMILL_LONG=1) it kills 1,000 times instead of 20. The seed is printed; ROWMILL_SEED repeats a run."""

import os
import random
import statistics
import threading
import time

import requests

from support.client import Client
from support.database import check_consistent
from support.people import as_csv, fresh_seed, people, spoil
from support.surroundings import LONG, PATIENCE_S

KILLS = 1000 if LONG else 20
ROWS, BAD = 5000 if LONG else 1500, 50  # all are embedded at the end
LONGEST_LIFE_S = 1.5  # a run of the server between its start and its end by kill -9


class Uploads:
    """The files sent so far: what they hold, and which of them were acknowledged."""

    def __init__(self):
        self.wrong = {}         # file name: {row number: field that is wrong}
        self.acknowledged = {}  # file name: import id

    def new_file(self):
        seed = fresh_seed()
        rows = people(ROWS, seed)
        name = f"people-{seed}.csv"
        self.wrong[name] = spoil(rows, BAD, seed)
        return name, as_csv(rows)

    def send(self, url, name, content):
        """Uploads; whoever is killed before the answer has acknowledged nothing."""
        try:
            response = requests.post(f"{url}/api/upload", params={"filename": name}, data=content, timeout=PATIENCE_S)
        except requests.RequestException:
            return
        assert response.status_code == 202, response.text
        self.acknowledged[name] = response.json()["id"]


def live_for(server, seconds):
    """Lets the server work, and watches the ledger in every answer meanwhile."""
    client = Client(server.url)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        client.list_imports()
        client.stats()
        time.sleep(min(0.03, left))


def check_uploads(client, uploads):
    """Every acknowledged upload is there once, as what it is; the others are there once or not at all."""
    imports = client.list_imports(limit=1000)["imports"]
    names = [item["filename"] for item in imports]
    assert len(names) == len(set(names)), "an upload is there twice"
    numbers = {item["filename"]: item["id"] for item in imports}
    assert uploads.acknowledged.items() <= numbers.items(), "an acknowledged upload is lost"
    for item in imports:
        assert item["status"] in ("pending", "processing", "completed"), item
        assert item["total_records"] <= ROWS and item["failed_records"] <= BAD, item


def check_rows(client, number, wrong):
    """Every row of the import is there once, in order, and the bad ones are those that were made bad."""
    records = client.all_records(number)
    rows = [record["row"] for record in records]
    assert rows == list(range(1, len(rows) + 1)), "rows are missing or there twice"
    for record in records:
        assert (record["status"] == "invalid") == (record["row"] in wrong), record


def check_completed(client, name, number, wrong):
    found = client.wait_for_import(number)
    assert (found["filename"], found["status"], found["total_records"], found["failed_records"],
            found["embedded_records"]) == (name, "completed", ROWS, BAD, ROWS - BAD)
    check_rows(client, number, wrong)
    ranked = client.search(query="someone in research", mode="semantic", import_id=number, limit=1)
    assert ranked["page"]["total"] == ROWS - BAD


def is_idle(client):
    counts = client.stats()["imports"]
    return counts["pending"] + counts["processing"] == 0


def test_kill_9_loses_no_upload_and_doubles_no_row(make_server):
    seed = int(os.environ.get("ROWMILL_SEED", random.randrange(2**32)))
    print(f"random seed {seed}")
    chance = random.Random(seed)
    uploads, starts = Uploads(), []
    server = make_server().start()
    for _ in range(KILLS):
        client = Client(server.url)
        check_uploads(client, uploads)
        sender = None
        if is_idle(client) or chance.random() < 0.15:
            sender = threading.Thread(target=uploads.send, args=(server.url, *uploads.new_file()))
            sender.start()
        life = chance.uniform(0, LONGEST_LIFE_S)
        live_for(server, life if chance.random() < 0.8 else life / 20)
        server.kill()
        if sender:
            sender.join()
        check_consistent(server.database)
        begin = time.monotonic()
        server.start()
        starts.append(time.monotonic() - begin)
    print(f"{KILLS} kills, {len(uploads.acknowledged)} acknowledged uploads; ready again after "
          f"{statistics.median(starts):.2f} s (median), {max(starts):.2f} s (longest; 5 s is the figure to reach)")
    client = Client(server.url)
    check_uploads(client, uploads)
    for item in client.list_imports(limit=1000)["imports"]:
        check_completed(client, item["filename"], item["id"], uploads.wrong[item["filename"]])
    server.stop()
    check_consistent(server.database)
