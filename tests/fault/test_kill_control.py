"""kill -9 while imports are cancelled, retried and sent under an Idempotency-Key.

After every restart: a key that was answered gives the same import again, one that was not makes at most one; what was
cancelled shows nothing; what was retried runs from its first row. ROWMILL_LONG=1 kills 200 times instead of 8. The seed
is printed; ROWMILL_SEED repeats a run."""

import os
import random
import threading
import time

import requests

from support.client import Client
from support.database import check_consistent
from support.people import fresh_seed, people_csv
from support.surroundings import LONG, PATIENCE_S

KILLS = 200 if LONG else 8
ROWS = 3000


class Sender(threading.Thread):
    """Uploads under a key, and then cancels and retries what it made, until the server is gone."""

    def __init__(self, url, key, content):
        super().__init__()
        self.url, self.key, self.content, self.answer = url, key, content, None

    def run(self):
        try:
            self.answer = send(self.url, self.key, self.content)
            while True:
                for what in ("cancel", "retry"):
                    status = requests.post(f"{self.url}/api/imports/{self.answer['id']}/{what}",
                                           timeout=PATIENCE_S).status_code
                    assert status in (202, 409, 503), status
        except requests.RequestException:
            pass  # killed


def send(url, key, content):
    response = requests.post(f"{url}/api/upload", params={"filename": f"{key}.csv"}, data=content,
                             headers={"Idempotency-Key": f'"{key}"'}, timeout=PATIENCE_S)
    assert response.status_code == 202, response.text
    return response.json()


def imports_named(client, name):
    return [item for item in client.list_imports(limit=1000)["imports"] if item["filename"] == name]


def test_kill_9_keeps_keys_cancellations_and_retries(make_server):
    seed = int(os.environ.get("ROWMILL_SEED", random.randrange(2**32)))
    print(f"random seed {seed}")
    chance = random.Random(seed)
    server = make_server(options=["--no-embed"]).start()
    for number in range(KILLS):
        key, content = f"key-{number}", people_csv(ROWS, fresh_seed())
        sender = Sender(server.url, key, content)
        sender.start()
        time.sleep(chance.uniform(0, 0.4))
        server.kill()
        sender.join()
        check_consistent(server.database)
        server.start()
        client = Client(server.url)
        for item in imports_named(client, f"{key}.csv"):
            if item["status"] == "cancelled":
                assert client.search(import_id=item["id"])["page"]["total"] == 0
        again = send(server.url, key, content)  # the same answer, or the first one
        found = imports_named(client, f"{key}.csv")
        assert [item["id"] for item in found] == [again["id"]]
        if sender.answer:
            assert again == sender.answer
    for item in client.list_imports(limit=1000)["imports"]:
        if client.wait_for_import(item["id"])["status"] == "cancelled":
            assert client.post(f"/api/imports/{item['id']}/retry").status_code == 202
        done = client.wait_for_import(item["id"])
        assert (done["status"], done["total_records"]) == ("completed", ROWS)
        assert [record["row"] for record in client.all_records(item["id"])] == list(range(1, ROWS + 1))
    server.stop()
    check_consistent(server.database)
