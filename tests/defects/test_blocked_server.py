"""Defect 7 of the original: whatever was slow held up everybody else.

Each test makes something slow and keeps it going; others' requests must be answered while it is. What is compared is
the order of events, never a time.

Shown to fail by broken/blocked-server.patch: one request worker, and no limit to how many of them may wait."""

import concurrent.futures
import time

import pytest

from support.client import Client
from support.people import people_csv
from support.wire import connect, host_of, read_answer

SLOW = 64
IDLE = 400


def answers_to_others(client):
    assert client.get("/health").status_code == 200
    client.list_imports()
    client.search(limit=5)
    client.search(query="finance", limit=5)
    client.stats()


@pytest.fixture
def busy(make_server):
    """A client of a server that embeds 20,000 rows on every core."""
    server = make_server().start()
    client = Client(server.url)
    client.running = client.add_import(people_csv(20000))["id"]
    while client.get_import(client.running, limit=1)["embedded_records"] == 0:
        time.sleep(0.01)
    yield client
    assert client.delete(f"/api/imports/{client.running}").status_code == 200


def still_running(client):
    return client.get_import(client.running, limit=1)["status"] in ("pending", "processing")


def test_others_are_answered_while_an_import_embeds(busy):
    for _ in range(20):
        answers_to_others(busy)
    assert still_running(busy)


def test_others_are_answered_while_many_wait_for_an_import(busy):
    """More clients wait for the end of their import than any pool has workers."""
    files = [people_csv(2000) for _ in range(24)]
    with concurrent.futures.ThreadPoolExecutor(len(files)) as pool:
        waiting = [pool.submit(Client(busy.url).upload, content, wait=30) for content in files]
        while busy.list_imports()["page"]["total"] < 1 + len(files):
            time.sleep(0.02)
        answers_to_others(busy)
        assert still_running(busy)
        numbers = [item["id"] for item in busy.list_imports()["imports"] if item["id"] != busy.running]
        for number in numbers:
            busy.delete(f"/api/imports/{number}")
        for answer in concurrent.futures.as_completed(waiting):
            assert answer.result().status_code in (200, 202, 404, 503), answer.result().text


def test_others_are_answered_while_slow_clients_trickle_their_bodies(client, server):
    contents = [people_csv(2) for _ in range(SLOW)]
    connections = [connect(server.url) for _ in contents]
    for connection, content in zip(connections, contents):
        connection.sendall(f"POST /api/upload?filename=slow.csv HTTP/1.1\r\nHost: {host_of(server.url)}\r\n"
                           f"Content-Length: {len(content)}\r\n\r\n".encode() + content[:1])
    for sent in range(1, 4):
        for connection, content in zip(connections, contents):
            connection.sendall(content[sent:sent + 1])
        answers_to_others(client)
    for connection, content in zip(connections, contents):
        connection.sendall(content[4:])
    for connection in connections:
        assert read_answer(connection)[0] == 202
        connection.close()


def test_others_are_answered_while_slow_clients_trickle_their_headers(client, server):
    connections = [connect(server.url) for _ in range(SLOW)]
    for connection in connections:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: ")
    answers_to_others(client)
    for connection in connections:
        connection.sendall(host_of(server.url).encode() + b"\r\n\r\n")
        assert read_answer(connection)[0] == 200
        connection.close()


def test_others_are_answered_while_many_connections_are_idle(client, server):
    connections = [connect(server.url) for _ in range(IDLE)]
    answers_to_others(client)
    for connection in connections:
        connection.sendall(f"GET /health/live HTTP/1.1\r\nHost: {host_of(server.url)}\r\n\r\n".encode())
    for connection in connections:
        assert read_answer(connection)[0] == 200
        connection.close()


def test_others_are_answered_while_a_client_does_not_read_its_answer(client, server):
    number = client.finish_import(people_csv(1000))["id"]
    connections = [connect(server.url) for _ in range(SLOW)]
    for connection in connections:
        connection.sendall(f"GET /api/imports/{number}?limit=1000 HTTP/1.1\r\nHost: {host_of(server.url)}\r\n\r\n".encode() * 4)
    answers_to_others(client)
    for connection in connections:
        connection.close()
    answers_to_others(client)


def test_a_delete_and_an_upload_are_answered_while_an_import_embeds(busy):
    other = busy.add_import(people_csv(10))
    assert busy.delete(f"/api/imports/{other['id']}").status_code == 200
    assert still_running(busy)
