"""total = processed + failed in every answer at every moment: lists, details, events and metrics are asked all the time
while an import with errors is read, embedded, cancelled, retried and killed."""

import json
import re
import threading
import time

import requests

from support.client import Client
from support.expect import check_ledger
from support.people import fresh_seed, spoiled_csv
from support.surroundings import PATIENCE_S

ROWS, BAD = 600, 90


class Watcher(threading.Thread):
    """Asks one thing again and again; whoever is killed meanwhile does not answer."""

    def __init__(self, server, number, look):
        super().__init__()
        self.server, self.number, self.look = server, number, look
        self.seen, self.fault, self.looks, self.over = set(), None, 0, threading.Event()

    def run(self):
        while not self.over.wait(0.01):
            try:
                self.seen |= set(self.look(Client(self.server.url), self.number))
                self.looks += 1
            except requests.RequestException:
                continue
            except Exception as fault:  # given to the test, which fails by it
                self.fault = fault
                return


def look_at_list(client, number):
    return [item["status"] for item in client.list_imports()["imports"]]  # the client checks every ledger in it


def look_at_detail(client, number):
    for status, member in (("valid", "processed_records"), ("invalid", "failed_records")):
        body = client.get_import(number, limit=1, status=status)
        assert body["page"]["total"] == body[member], body
    body = client.get_import(number, limit=1)
    assert body["page"]["total"] == body["total_records"] <= ROWS and body["failed_records"] <= BAD, body
    return [body["status"]]


def look_at_events(client, number):
    with requests.get(f"{client.url}/api/imports/{number}/events", stream=True, timeout=PATIENCE_S) as response:
        assert response.status_code == 200, response.text
        for line in response.iter_lines(chunk_size=1):
            if line.startswith(b"data: "):
                item = json.loads(line[6:])
                check_ledger(item)
                yield item["status"]


def look_at_metrics(client, number):
    text = client.get("/metrics").text
    value = {name + label: int(number) for name, label, number in re.findall(r'^rowmill_(\w+)(?:{\w+="(\w+)"})? (\d+)$', text, re.M)}
    assert value["records_embedded"] <= value["recordsvalid"] <= ROWS - BAD and value["recordsinvalid"] <= BAD, value
    statuses = [name for name in ("pending", "processing", "completed", "failed", "cancelled") if value["imports" + name]]
    assert len(statuses) == 1 and value["imports" + statuses[0]] == 1, value
    if statuses == ["completed"]:
        assert (value["records_embedded"], value["recordsinvalid"]) == (ROWS - BAD, BAD), value
    if statuses == ["cancelled"]:
        assert value["recordsvalid"] + value["recordsinvalid"] + value["records_embedded"] == 0, value
    return statuses


def wait_until(done, what):
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def test_the_ledger_adds_up_in_every_answer(make_server):
    server = make_server().start()
    client = Client(server.url)
    content, _ = spoiled_csv(ROWS, BAD, fresh_seed())
    number = client.add_import(content)["id"]
    watchers = [Watcher(server, number, look) for look in (look_at_list, look_at_detail, look_at_events, look_at_metrics)]

    def let_all_look():
        before = [watcher.looks for watcher in watchers]
        wait_until(lambda: all(watcher.fault or watcher.looks > looks + 1 for watcher, looks in zip(watchers, before)),
                   "a watcher does not come to an end")

    def wait_for_vectors():
        wait_until(lambda: Client(server.url).get_import(number, limit=1)["embedded_records"] > 0, "nothing is embedded")

    for watcher in watchers:
        watcher.start()
    try:
        wait_for_vectors()
        assert client.post(f"/api/imports/{number}/cancel").status_code == 202
        let_all_look()
        assert client.post(f"/api/imports/{number}/retry").status_code == 202
        wait_for_vectors()
        server.kill()
        server.start()
        found = Client(server.url).wait_for_import(number)
        assert (found["status"], found["total_records"], found["failed_records"]) == ("completed", ROWS, BAD)
        let_all_look()
    finally:
        for watcher in watchers:
            watcher.over.set()
        for watcher in watchers:
            watcher.join()
    for watcher in watchers:
        assert watcher.fault is None, (watcher.look.__name__, watcher.fault)
        assert {"cancelled", "processing", "completed"} <= watcher.seen, (watcher.look.__name__, watcher.seen)
