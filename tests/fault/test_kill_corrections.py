"""kill -9 while records are corrected one by one (PATCH) and by corrected rejects files.

After every restart the ledger adds up, what was acknowledged is there, each record is wholly as before or wholly as
corrected, and it is found by what it is. ROWMILL_LONG=1 kills 60 times instead of 4. The seed is printed; ROWMILL_SEED
repeats a run."""

import os
import random
import threading
import time

import requests

from support.client import Client
from support.database import check_consistent
from support.surroundings import LONG, PATIENCE_S

KILLS = 60 if LONG else 4
ROWS = 60


class Corrector(threading.Thread):
    """Makes its invalid records valid one after the other until the server is gone."""

    def __init__(self, url, records):
        super().__init__()
        self.url, self.records, self.done = url, records, set()

    def run(self):
        try:
            for record in self.records:
                data = {"email": f"new{record['row']}@example.com", "Note": f"corrected{record['row']}"}
                response = requests.patch(f"{self.url}/api/records/{record['id']}", json={"data": data}, timeout=PATIENCE_S)
                if response.status_code == 200:
                    self.done.add(record["id"])
        except requests.RequestException:
            pass  # killed


def send_fixes(client, number):
    rejects = client.get(f"/api/imports/{number}/rejects").content
    try:
        client.upload(rejects.replace(b"wrong", b"fixed@example.com"), "fixes.csv", fixes=number)
    except requests.RequestException:
        pass  # killed


def check_record(record):
    if record["status"] == "invalid":
        assert record["data"]["email"] == "wrong" and record["data"]["Note"] == f"old{record['row']}" and not record["embedded"]
        return
    row = record["row"]
    assert record["embedded"] and record["errors"] == []
    assert (record["data"]["email"], record["data"]["Note"]) in (
        (f"new{row}@example.com", f"corrected{row}"), ("fixed@example.com", f"old{row}"))


def test_kill_9_leaves_each_record_as_it_was_or_as_corrected(make_server):
    seed = int(os.environ.get("ROWMILL_SEED", random.randrange(2**32)))
    print(f"random seed {seed}")
    chance = random.Random(seed)
    server = make_server().start()
    for turn in range(KILLS):
        client = Client(server.url)
        content = "email,name,Note\n" + "".join(f"wrong,Name {turn},old{row}\n" for row in range(1, ROWS + 1))
        number = client.finish_import(content.encode())["id"]
        records = client.all_records(number)
        workers = [Corrector(server.url, records[:ROWS // 2])]
        if turn % 2:
            workers.append(threading.Thread(target=send_fixes, args=(client, number)))
        for worker in workers:
            worker.start()
        time.sleep(chance.uniform(0.02, 0.5))
        server.kill()
        for worker in workers:
            worker.join()
        check_consistent(server.database)
        server.start()
        client = Client(server.url)
        item = client.wait_for_import(number)
        after = client.all_records(number)
        assert [record["id"] for record in after] == [record["id"] for record in records]
        for record in after:
            check_record(record)
        valid = {record["id"] for record in after if record["status"] == "valid"}
        assert workers[0].done <= valid
        assert (item["total_records"], item["processed_records"], item["embedded_records"]) == (ROWS, len(valid), len(valid))
        found = client.search(query="corrected*", mode="keyword", import_id=number, limit=1000)["records"]
        assert {record["id"] for record in found} == {record["id"] for record in after if "corrected" in record["data"]["Note"]}
    server.stop()
    check_consistent(server.database)
