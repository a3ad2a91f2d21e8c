"""GET /api/imports/{id}/events, read as the WHATWG standard reads it."""

import datetime
import json
import threading
import time

import pytest
import requests

from support.client import Client
from support.expect import expect_import
from support.people import people_csv
from support.surroundings import PATIENCE_S


def read_events(url, import_id, last=None, until=None):
    """The events of a stream to its end (or until one for which `until` holds)."""
    headers = {"Last-Event-ID": last} if last else {}
    events, current = [], {}
    with requests.get(f"{url}/api/imports/{import_id}/events", stream=True, headers=headers,
                      timeout=PATIENCE_S) as response:
        if response.status_code == 204:
            return None
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"] == "text/event-stream"
        for line in response.iter_lines(chunk_size=1, decode_unicode=True):
            if line:
                name, _, value = line.partition(": ")
                current[name] = value
            else:
                if "data" in current:
                    current["data"] = json.loads(current["data"])
                    events.append(current)
                    if until and until(current):
                        return events
                current = {}
    return events


def test_a_stream_tells_the_progress_and_ends_with_the_import(server, client):
    started = client.add_import(people_csv(600))
    events = read_events(server.url, started["id"])
    assert [event["event"] for event in events[:-1]] == ["progress"] * (len(events) - 1) and len(events) > 2
    assert events[-1]["event"] == "end" and events[-1]["data"]["status"] == "completed"
    embedded = [event["data"]["embedded_records"] for event in events]
    assert embedded == sorted(embedded) and embedded[-1] == 600
    assert len({event["id"] for event in events}) == len(events)
    for event in events:
        expect_import(event["data"])


def test_who_comes_back_gets_only_what_is_new(server, client):
    started = client.add_import(people_csv(600))
    first = read_events(server.url, started["id"], until=lambda event: event["data"]["embedded_records"] > 0)
    rest = read_events(server.url, started["id"], last=first[-1]["id"])
    assert first[-1]["id"] not in [event["id"] for event in rest]
    assert rest[-1]["event"] == "end"
    assert read_events(server.url, started["id"], last=rest[-1]["id"]) is None  # 204: come back no more
    assert [event["event"] for event in read_events(server.url, started["id"])] == ["end"]


def test_ids_mean_the_same_after_a_restart(make_server):
    server = make_server().start()
    started = Client(server.url).add_import(people_csv(5))
    last = read_events(server.url, started["id"])[-1]["id"]
    server.restart()
    assert read_events(server.url, started["id"], last=last) is None


def test_a_cancelled_and_a_deleted_import_end_their_streams(server, client):
    for path, name in (("cancel", "end"), (None, "deleted")):
        started = client.add_import(people_csv(20000))
        seen = []
        reader = threading.Thread(target=lambda: seen.extend(read_events(server.url, started["id"])))
        reader.start()
        time.sleep(0.1)
        if path:
            client.post(f"/api/imports/{started['id']}/cancel")
        else:
            client.delete(f"/api/imports/{started['id']}")
        reader.join(PATIENCE_S)
        assert seen[-1]["event"] == name, seen[-1]


def rejected_import(client, rows, note, **options):
    """An import whose rows are all wrong, and the file that corrects them."""
    content = b"name,email,note\n" + b"".join(b"Name %d,bad,%s\n" % (row, note) for row in range(rows))
    number = client.finish_import(content, on_duplicate="force", **options)["id"]
    return number, client.get(f"/api/imports/{number}/rejects").content.replace(b",bad,", b",good@example.com,")


CORRECTIONS = {  # rows of long texts with vectors, or many without
    "vectors": (100, b"long and longer " * 50, {}),
    "stored": (30000, b"x", {"embed": "false"}),
    "cancelled": (30000, b"x", {"embed": "false"}),
    "target deleted": (100, b"long and longer " * 50, {}),
}


@pytest.mark.parametrize("end", CORRECTIONS)
def test_a_correction_and_the_import_that_it_corrects_both_end_their_streams_at_once(server, client, end):
    rows, note, options = CORRECTIONS[end]
    number, fixed = rejected_import(client, rows, note, **options)
    fixes = client.add_import(fixed, fixes=number)["id"]
    told, late = threading.Semaphore(0), {}

    def listen(import_id):
        last = read_events(server.url, import_id, until=lambda event: told.release())[-1]
        ended = last["data"].get("completed_at")  # it has none where it was deleted, which is told at once
        late[import_id] = time.time() - datetime.datetime.fromisoformat(ended[:-1] + "+00:00").timestamp() if ended else 0

    listeners = [threading.Thread(target=listen, args=(import_id,)) for import_id in (number, fixes)]
    for listener in listeners:
        listener.start()
    for _ in listeners:
        assert told.acquire(timeout=PATIENCE_S)
    if end == "cancelled":
        client.post(f"/api/imports/{fixes}/cancel")
    elif end == "target deleted":
        while not client.get_import(number)["embedded_records"]:  # then all of the file was read
            time.sleep(0.005)
        client.delete(f"/api/imports/{number}")
    for listener in listeners:
        listener.join(PATIENCE_S)
    assert len(late) == 2 and max(late.values()) < 8, late  # a stream without news looks after 15 s


def test_listeners_hold_no_worker(make_server):
    server = make_server(options=["--workers", "2"]).start()
    client = Client(server.url)
    started = client.add_import(people_csv(20000))
    streams = [requests.get(f"{server.url}/api/imports/{started['id']}/events", stream=True, timeout=PATIENCE_S)
               for _ in range(50)]
    assert client.stats()["imports"]["total"] == 1
    client.post(f"/api/imports/{started['id']}/cancel")
    for stream in streams:
        assert b"event: end" in b"".join(stream.iter_content(4096))


def test_a_server_that_stops_ends_its_streams(make_server):
    server = make_server().start()
    started = Client(server.url).add_import(people_csv(50000))
    stream = requests.get(f"{server.url}/api/imports/{started['id']}/events", stream=True, timeout=PATIENCE_S)
    server.stop()
    b"".join(stream.iter_content(4096))
