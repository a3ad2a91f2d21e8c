"""Fixtures of every suite that talks to the running program."""

import pytest

from support.client import Client
from support.probe import Probe, build_probe
from support.server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of its own for each file of tests. Its tests share it, so they look only at what they made."""
    running = Server(tmp_path_factory.mktemp("server")).start()
    yield running
    running.stop()


@pytest.fixture
def client(server):
    return Client(server.url)


@pytest.fixture
def make_server(tmp_path):
    """Makes a server for one test, not yet started: make_server(options=[…], environment={…}).
    At the end of the test it is stopped, and must have ended in good order."""
    made = []

    def make(**arguments):
        folder = tmp_path / f"server-{len(made) + 1}"
        folder.mkdir()
        made.append(Server(folder, **arguments))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="session")
def probe_library(tmp_path_factory):
    return build_probe(tmp_path_factory.mktemp("probe"))


@pytest.fixture
def probed_server(make_server, probe_library, tmp_path):
    """A running server whose calls of the libraries below it are counted: server.probe."""
    probe = Probe(probe_library, tmp_path)
    server = make_server(environment=probe.environment)
    server.probe = probe
    return server.start()
