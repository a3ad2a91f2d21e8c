"""HTTP by hand, for requests that no client library would send."""

import socket
import urllib.parse

from support.surroundings import PATIENCE_S


def connect(url):
    address = urllib.parse.urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE_S)


def exchange(url, request):
    """Sends the bytes and gives (status, headers, body) of the answer, and whether the server then closed."""
    with connect(url) as connection:
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it answered and closed before it had read everything
        return read_answer(connection)


def read_answer(connection):
    stream = connection.makefile("rb")
    line = stream.readline()
    assert line.startswith(b"HTTP/1.1 "), f"no answer: {line!r}"
    status = int(line.split()[1])
    headers = {}
    while (line := stream.readline()) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return status, headers, body


def closes(connection):
    """Whether the server closes the connection, rather than wait for another request."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def host_of(url):
    return urllib.parse.urlsplit(url).netloc
