"""413 and 431: what is over a limit is refused before the rest is read."""

import json
import time

import pytest

from support.client import Client
from support.expect import expect_problem
from support.people import people_csv
from support.surroundings import PATIENCE_S
from support.wire import connect, exchange, host_of, read_answer

LIMIT = 10_000


@pytest.fixture
def small(make_server):
    """A server that takes uploads of at most 10,000 bytes."""
    return make_server(options=["--upload-limit", str(LIMIT)]).start()


def upload_head(server, *lines):
    return "".join(f"{line}\r\n" for line in (
        "POST /api/upload?filename=a.csv HTTP/1.1", f"Host: {host_of(server.url)}", *lines, "")).encode()


def sized(count):
    return (b"name,email\n" + b"x" * count)[:count]


def test_413_a_declared_size_over_the_limit_is_refused_before_the_body(small):
    """The body is never sent: whoever waits for it gets no answer."""
    status, headers, body = exchange(small.url, upload_head(small, f"Content-Length: {LIMIT + 1}"))
    assert (status, json.loads(body)["code"]) == (413, "upload-too-large")
    assert headers["x-request-id"]


def test_413_goes_before_100_continue(small):
    status, _, body = exchange(small.url, upload_head(small, f"Content-Length: {LIMIT + 1}", "Expect: 100-continue"))
    assert (status, json.loads(body)["code"]) == (413, "upload-too-large")


def test_100_continue_asks_for_a_body_within_the_limit(small):
    with connect(small.url) as connection:
        content = people_csv(1)
        connection.sendall(upload_head(small, f"Content-Length: {len(content)}", "Expect: 100-continue"))
        assert read_answer(connection)[0] == 100
        connection.sendall(content)
        assert read_answer(connection)[0] == 202


def test_an_upload_of_exactly_the_limit_is_taken(small):
    assert Client(small.url).upload(sized(LIMIT)).status_code == 202


def test_a_chunked_body_over_the_limit_is_never_stored(small):
    """Its size is known only when it is too late for an answer: it gets 413, or the connection ends."""
    with connect(small.url) as connection:
        connection.sendall(upload_head(small, "Transfer-Encoding: chunked"))
        try:
            for _ in range(LIMIT // 1000 + 2):
                connection.sendall(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
            connection.sendall(b"0\r\n\r\n")
            answer = connection.recv(100)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
        assert answer == b"" or answer.startswith(b"HTTP/1.1 413")
    assert Client(small.url).list_imports()["page"]["total"] == 0


def test_nothing_of_a_refused_upload_stays_in_the_spool(small):
    client = Client(small.url)
    client.upload(sized(LIMIT + 1))
    client.upload(b"\x89PNG\r\n\x1a\n" + bytes(100))
    deadline = time.monotonic() + PATIENCE_S
    while left := list(small.database.with_name(small.database.name + ".spool").iterdir()):
        assert time.monotonic() < deadline, f"the spool keeps {left}"
        time.sleep(0.01)


@pytest.mark.parametrize("path", ["/api/records/search", "/v1/embeddings"])
def test_413_a_json_request_over_one_mebibyte(server, path):
    head = (f"POST {path} HTTP/1.1\r\nHost: {host_of(server.url)}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {2**20 + 1}\r\n\r\n").encode()
    status, _, body = exchange(server.url, head)
    assert (status, json.loads(body)["code"]) == (413, "body-too-large")


def test_a_json_request_of_just_under_one_mebibyte_is_read(client):
    text = json.dumps({"query": "a", "fields": []})
    body = text + " " * (2**20 - len(text))
    assert client.post("/api/records/search", data=body, headers={"Content-Type": "application/json"}).status_code in (200, 422)


def test_431_header_fields_that_are_too_large(server):
    head = f"GET /health HTTP/1.1\r\nHost: {host_of(server.url)}\r\nX-Large: {'x' * 200_000}\r\n\r\n".encode()
    status, _, _ = exchange(server.url, head)
    assert status == 431


def test_a_target_that_is_too_long_is_refused(server):
    head = f"GET /api/imports?status={'x' * 200_000} HTTP/1.1\r\nHost: {host_of(server.url)}\r\n\r\n".encode()
    status, _, _ = exchange(server.url, head)
    assert status in (400, 414, 431)


def test_a_file_name_that_is_too_long_is_refused_with_its_place(client):
    expect_problem(client.upload(people_csv(1), "n" * 3000), 422, "invalid-parameter", ["query", "filename"])


def test_a_client_that_goes_away_in_the_middle_of_an_upload_leaves_nothing(small):
    with connect(small.url) as connection:
        connection.sendall(upload_head(small, "Content-Length: 5000") + b"name,email\n")
    client = Client(small.url)
    assert client.finish_import(people_csv(2))["status"] == "completed"
    assert client.list_imports()["page"]["total"] == 1
    small.restart()
    parts = [path.name for path in small.database.with_name(small.database.name + ".spool").iterdir() if path.suffix]
    assert parts == []
