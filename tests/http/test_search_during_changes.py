"""Searches in every mode while files are imported, corrected, fail and are deleted: no answer holds a record that was deleted before it was
asked for, one of another import, one that never counts, or half of one."""

import json
import threading
import time

from support.client import Client
from support.surroundings import LONG, PATIENCE_S

BATCHES = 16 if LONG else 4
ROWS = 1200 if LONG else 400
MEMBERS = {"batch", "n", "state", "text"}


def row(batch, n, state="new"):
    return {"batch": batch, "n": n, "state": state, "text": f"batch {batch} {state} {n}"}


def is_whole(data):
    return isinstance(data, dict) and data.keys() == MEMBERS and data == row(data["batch"], data["n"], data["state"])


class Known:
    """What had been acknowledged when a search began, and so must be seen by it."""

    def __init__(self):
        self.gone, self.patched, self.batch_of = set(), set(), {}

    def copy(self):
        return set(self.gone), set(self.patched)


def faults_of(members, records, gone, patched):
    for record in records:
        data = record["data"]
        if record["import_id"] in gone:
            yield "deleted", members, record
        elif not is_whole(data) or record["status"] != "valid":
            yield "not whole", members, record
        elif data["state"] == "never":
            yield "of a dry run", members, record
        elif members.get("import_id") not in (None, record["import_id"]):
            yield "of another import", members, record
        elif record["id"] in patched and data["state"] != "patched":
            yield "as it was before", members, record


def searches(known):
    """Members of one search in each mode, over everything, over one import, over a filter and over no import that there is."""
    yield {"sort": ["-n"]}
    yield {"filter": {"n": {"gte": 100}}}
    yield {"query": "batch new", "mode": "keyword"}
    yield {"query": "patched batch", "mode": "hybrid"}
    yield {"query": "batch", "mode": "semantic", "filter": {"batch": {"gt": 0}}}
    yield {"query": "batch new", "mode": "keyword", "filter": {"n": {"lt": 50}}, "sort": ["n"]}
    for number in sorted(known.batch_of)[-2:]:
        yield {"import_id": number, "query": "batch", "mode": "hybrid"}
        yield {"import_id": number}


def search_until(stop, url, known, faults, counts):
    client = Client(url)
    while not stop.is_set():
        for members in searches(known):
            gone, patched = known.copy()
            body = client.search(limit=60, facets=["batch"], **members)
            faults.extend(faults_of(members, body["records"], gone, patched))
            batches = {known.batch_of.get(number) for number in gone}
            faults.extend(("a facet of what is deleted", members, item) for item in body["facets"]["batch"]["values"]
                          if item["value"] in batches)
            counts[members.get("mode", "list")] += bool(body["records"])
        near = client.search(limit=1, filter={"embedded": True})["records"]
        gone, patched = known.copy()
        if near:
            response = client.get(f"/api/records/{near[0]['id']}/similar", params={"limit": 100})
            if response.status_code == 200:
                faults.extend(faults_of({"similar": near[0]["id"]}, response.json()["records"], gone, patched))
                counts["similar"] += 1


def content(batch, state="new", broken=False):
    text = json.dumps([row(batch, n, state) for n in range(ROWS)])
    return (text[:-1] + ", {" if broken else text).encode()


def patch_some(client, known, number):
    client.wait_for_import(number)
    for record in client.get_import(number, limit=5)["records"]:
        data = record["data"]
        made = row(data["batch"], data["n"], "patched")
        response = client.request("PATCH", f"/api/records/{record['id']}", json={"data": made})
        assert response.status_code == 200, response.text
        known.patched.add(record["id"])


def wait_until_under_way(client, number):
    deadline = time.monotonic() + PATIENCE_S
    while (found := client.get_import(number, limit=1))["total_records"] == 0 and found["status"] in ("pending", "processing"):
        assert time.monotonic() < deadline
        time.sleep(0.002)


def delete(client, known, number):
    assert client.delete(f"/api/imports/{number}").status_code == 200
    known.gone.add(number)


def make_changes(client, known):
    kept = []
    for batch in range(1, BATCHES + 1):
        never = client.add_import(content(1000 + batch, "never"), "d.json", schema="any", dry_run="true")["id"]
        failing = client.add_import(content(2000 + batch, broken=True), "f.json", schema="any")["id"]
        known.batch_of[failing] = 2000 + batch
        number = client.add_import(content(batch), "b.json", schema="any")["id"]
        known.batch_of[number] = batch
        if batch % 2:
            wait_until_under_way(client, number)
            delete(client, known, number)
        else:
            kept.append(number)
        assert client.wait_for_import(failing)["status"] == "failed"
        known.gone.add(failing)
        if kept and batch % 2 == 0:
            patch_some(client, known, kept[-1])
        if len(kept) > 1:
            delete(client, known, kept.pop(0))
        client.wait_for_import(never)


def test_no_answer_shows_what_is_deleted_foreign_or_half_written(server):
    client, stop, known, faults = Client(server.url), threading.Event(), Known(), []
    counts = dict.fromkeys(("list", "keyword", "hybrid", "semantic", "similar"), 0)
    threads = [threading.Thread(target=search_until, args=(stop, server.url, known, faults, counts)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        make_changes(client, known)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not faults, faults[:3]
    assert all(counts.values()), counts
