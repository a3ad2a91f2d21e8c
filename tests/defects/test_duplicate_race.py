"""Defect 13 of the original: whether a file was there already was asked first and acted on later.

Shown to fail by broken/duplicate-race.patch: the unique index is gone, and add_import looks in one transaction and adds in the
next."""

import concurrent.futures
import json
import threading

import pytest

from support.client import Client
from support.people import people_csv
from support.wire import connect, host_of, read_answer

RACERS = 32


def race(server, content, way):
    """The answers to 32 uploads of the same bytes, all sent at once."""
    line = threading.Barrier(RACERS)

    def upload(number):
        client = Client(server.url)
        client.get("/health")  # the connection is made before the start
        line.wait()
        return getattr(client, way)(content, f"{number}.csv")

    with concurrent.futures.ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(upload, range(RACERS)))


@pytest.mark.parametrize("way", ["upload", "upload_form"])
def test_of_many_uploads_of_the_same_bytes_exactly_one_is_taken(server, client, way):
    for _ in range(5):
        answers = race(server, people_csv(30), way)
        taken = [answer for answer in answers if answer.status_code == 202]
        refused = [answer for answer in answers if answer.status_code == 409]
        assert (len(taken), len(refused)) == (1, RACERS - 1), sorted(answer.status_code for answer in answers)
        number = taken[0].json()["id"]
        assert {answer.json()["import_id"] for answer in refused} == {number}
        assert client.wait_for_import(number)["processed_records"] == 30
        assert [record["row"] for record in client.all_records(number)] == list(range(1, 31))


def test_uploads_whose_last_bytes_arrive_together_have_one_winner(server, client):
    """Closer together than a client library can be: only the last byte of each is still to come."""
    for _ in range(10):
        content = people_csv(3)
        request = (f"POST /api/upload?filename=a.csv HTTP/1.1\r\nHost: {host_of(server.url)}\r\n"
                   f"Content-Length: {len(content)}\r\n\r\n").encode() + content
        connections = [connect(server.url) for _ in range(RACERS)]
        for connection in connections:
            connection.sendall(request[:-1])
        client.get("/health")  # the server has seen what was sent before
        for connection in connections:
            connection.sendall(request[-1:])
        answers = [read_answer(connection) for connection in connections]
        assert sorted(status for status, _, _ in answers) == [202] + [409] * (RACERS - 1)
        numbers = {json.loads(body)["id" if status == 202 else "import_id"] for status, _, body in answers}
        assert len(numbers) == 1
        for connection in connections:
            connection.close()


def test_the_losers_leave_the_file_of_the_winner_alone(make_server):
    """The winner is read after the losers have cleaned up behind themselves, and also after a restart."""
    server = make_server().start()
    answers = race(server, people_csv(2000), "upload")
    number = next(answer for answer in answers if answer.status_code == 202).json()["id"]
    client = Client(server.restart().url)
    assert client.wait_for_import(number)["processed_records"] == 2000
    assert client.list_imports()["page"]["total"] == 1
