"""Defect 13 of the original: whether a file was there already was asked first and acted on later.

Shown to fail by broken/duplicate-race.patch: the unique index is gone and add_import looks first."""

import concurrent.futures
import threading

import pytest

from support.client import Client
from support.people import people_csv

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


def test_the_losers_leave_the_file_of_the_winner_alone(make_server):
    """The winner is read after the losers have cleaned up behind themselves, and also after a restart."""
    server = make_server().start()
    answers = race(server, people_csv(2000), "upload")
    number = next(answer for answer in answers if answer.status_code == 202).json()["id"]
    client = Client(server.restart().url)
    assert client.wait_for_import(number)["processed_records"] == 2000
    assert client.list_imports()["page"]["total"] == 1
