"""Every row of API.md's table of errors. Rows that need their own surroundings are in test_limits.py and
test_storage_trouble.py; 401 and 429 come with the issues that bring keys and quotas."""

import json

import pytest

from support.expect import expect_problem
from support.people import people_csv
from support.wire import closes, connect, exchange, host_of, read_answer

ROUTES = {
    "/api/upload": {"POST"}, "/api/imports": {"GET"}, "/api/imports/1": {"GET", "DELETE"},
    "/api/records/search": {"POST"}, "/api/stats": {"GET"}, "/v1/embeddings": {"POST"}, "/health": {"GET"},
    "/health/live": {"GET"}, "/health/ready": {"GET"}, "/docs": {"GET"}, "/openapi.json": {"GET"}, "/": {"GET"},
}


@pytest.mark.parametrize("body", [b"{", b'{"limit": 01}', b'{"query": "\\ud800"}', b"[1,]", b"\xff\xfe"])
@pytest.mark.parametrize("path", ["/api/records/search", "/v1/embeddings"])
def test_400_malformed_json(client, path, body):
    response = client.post(path, data=body, headers={"Content-Type": "application/json"})
    expect_problem(response, 400, "malformed-json")


@pytest.mark.parametrize("content_type, body", [
    ("multipart/form-data; boundary=x", b"no delimiter at all"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nname\r\n'),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: text/csv\r\n\r\nname\r\n--x--\r\n"),
    ("multipart/form-data; boundary=x", b'--x\nContent-Disposition: form-data; name="file"\n\nname\n--x--\n'),
    ("multipart/form-data", b"--x--\r\n"),
    ("multipart/form-data; boundary=" + "b" * 71, b"--" + b"b" * 71 + b"--\r\n"),
])
def test_400_malformed_multipart(client, content_type, body):
    response = client.post("/api/upload", data=body, headers={"Content-Type": content_type})
    expect_problem(response, 400, "malformed-multipart")


@pytest.mark.parametrize("lines", [
    ["Host: {host}", "Content-Length: 5", "Content-Length: 5"],
    ["Host: {host}", "Content-Length: 5", "Content-Length: 6"],
    ["Host: {host}", "Content-Length: 5, 5"],
    ["Host: {host}", "Content-Length: +5"],
    ["Host: {host}", "Content-Length: 0x5"],
    ["Host: {host}", "Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Host: {host}", "Content-Length : 5"],
    ["Host: {host}", "Host: {host}", "Content-Length: 5"],
    ["Host: {host}", "Transfer-Encoding: identity"],
    ["Host: {host}", "Transfer-Encoding: gzip, chunked"],
    ["Content-Length: 5"],
])
def test_400_or_501_framing_with_two_readings_and_the_connection_is_closed(server, lines):
    head = "".join(f"{line}\r\n" for line in lines).format(host=host_of(server.url))
    request = f"POST /api/upload?filename=a.csv HTTP/1.1\r\n{head}\r\nname\n".encode()
    with connect(server.url) as connection:
        connection.sendall(request)
        status, headers, body = read_answer(connection)
        assert status in (400, 501), (status, body)
        assert closes(connection)
        if "content-type" in headers:  # what the HTTP library refuses by itself has none
            assert headers["content-type"] == "application/problem+json", headers
            assert json.loads(body)["status"] == status and headers["x-request-id"]


@pytest.mark.parametrize("request_line", [b"GET", b"GET / HTTP/9.9", b"\x16\x03\x01\x02\x00\x01\x00", b"GET /%zz HTTP/1.1"])
def test_400_what_is_no_http_request_is_refused_or_closed(server, request_line):
    with connect(server.url) as connection:
        connection.sendall(request_line + b"\r\nHost: " + host_of(server.url).encode() + b"\r\nConnection: close\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert answer == b"" or answer.split()[1] in (b"400", b"404", b"501", b"505"), answer[:200]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "",
                                  "169.254.169.254"])
def test_403_foreign_host(client, host):
    expect_problem(client.get("/api/imports", headers={"Host": host}), 403, "foreign-host")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1.evil.example", "http://localhost:1",
                                    "file://"])
@pytest.mark.parametrize("method, path", [("GET", "/api/imports"), ("POST", "/api/upload?filename=a.csv"),
                                          ("DELETE", "/api/imports/1"), ("POST", "/api/records/search")])
def test_403_foreign_origin(client, method, path, origin):
    expect_problem(client.request(method, path, headers={"Origin": origin}), 403, "foreign-origin")


def test_403_is_said_before_anything_is_read(server):
    """The body is announced and never sent: whoever waits for it gets no answer."""
    head = (f"POST /api/upload?filename=a.csv HTTP/1.1\r\nHost: {host_of(server.url)}\r\n"
            "Origin: http://evil.example\r\nContent-Length: 1000000\r\n\r\n").encode()
    status, _, body = exchange(server.url, head)
    assert (status, json.loads(body)["code"]) == (403, "foreign-origin")


def test_the_own_origin_and_localhost_are_not_foreign(client, server):
    port = server.url.rsplit(":", 1)[1]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        response = client.get("/api/imports", headers={"Host": host, "Origin": f"http://{host}"})
        assert response.status_code == 200, response.text


@pytest.mark.parametrize("path", ["/nothing", "/api", "/api/", "/api/imports/", "/api/imports/1/nothing", "/API/imports",
                                  "/api/imports/../imports", "/docs/nothing.js", "/docs/../../etc/passwd",
                                  "/docs/%2e%2e/%2e%2e/etc/passwd", "//api/imports"])
def test_404_no_such_thing(server, path):
    request = f"GET {path} HTTP/1.1\r\nHost: {host_of(server.url)}\r\nConnection: close\r\n\r\n".encode()
    status, headers, body = exchange(server.url, request)
    assert (status, json.loads(body)["code"]) == (404, "not-found"), body
    assert headers["x-request-id"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "GET"])
@pytest.mark.parametrize("path", sorted(ROUTES))
def test_405_no_such_method_there(client, path, method):
    if method in ROUTES[path]:
        return
    response = client.request(method, path)
    expect_problem(response, 405, "method-not-allowed")
    allowed = {name.strip() for name in response.headers["Allow"].split(",")}
    assert ROUTES[path] <= allowed and method not in allowed


def test_409_the_same_file_again(client):
    content = people_csv(1)
    first = client.add_import(content)
    again = client.upload(content)
    assert expect_problem(again, 409, "duplicate-upload")["import_id"] == first["id"]
    assert client.get(again.headers["Location"]).json()["id"] == first["id"]


@pytest.mark.parametrize("path", ["/api/records/search", "/v1/embeddings"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_415_a_body_of_a_kind_that_is_not_read(client, path, content_type):
    expect_problem(client.post(path, data="{}", headers={"Content-Type": content_type}), 415)


def test_422_every_bad_member_is_named_with_its_place(client):
    response = client.post("/api/records/search", json={"limit": 0, "status": "done", "colour": "red"})
    problem = expect_problem(response, 422, "invalid-parameter")
    assert sorted(error["loc"] for error in problem["errors"]) == [["body", "colour"], ["body", "limit"], ["body", "status"]]


@pytest.mark.parametrize("path", ["/api/stats", "/health", "/openapi.json"])
def test_422_a_parameter_that_is_not_known_is_refused_everywhere(client, path):
    expect_problem(client.get(f"{path}?colour=red"), 422, "invalid-parameter", ["query", "colour"])


def test_a_request_id_is_taken_over_and_comes_back(client):
    response = client.get("/nothing", headers={"X-Request-Id": "my-request.1"})
    assert response.headers["X-Request-Id"] == "my-request.1"


@pytest.mark.parametrize("bad", ["x" * 65, "with space", 'quote"', "ünicode".encode().decode("latin-1")])
def test_a_request_id_of_other_characters_is_replaced(client, bad):
    assert client.get("/health", headers={"X-Request-Id": bad}).headers["X-Request-Id"] != bad


def test_head_is_answered_without_a_body_or_refused(client):
    response = client.request("HEAD", "/health")
    assert response.status_code in (200, 405) and response.content == b""
