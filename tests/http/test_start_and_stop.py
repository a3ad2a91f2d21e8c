"""The life of the process: how it starts, what it refuses with which remedy, how it ends."""

import json
import os
import signal
import socket
import sqlite3
import time

import pytest

from support.client import Client
from support.database import check_consistent, rows_of
from support.people import people_csv
from support.process import open_files
from support.server import run_command
from support.surroundings import PATIENCE_S


def refusal(server):
    """The last line of a server that does not start, and its exit status."""
    server.spawn()
    status = server.process.wait(PATIENCE_S)
    server.process = None
    lines = [line for line in server.log_lines() if line.strip()]
    assert status not in (0, None) and status > 0, (status, lines)
    return lines[-1] if lines else ""


def test_it_listens_on_loopback_unless_told_otherwise(server):
    assert server.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(make_server, which):
    server = make_server().start()
    Client(server.url).finish_import(people_csv(10))
    os.kill(server.pid, which)
    assert server.process.wait(PATIENCE_S) == 0
    assert server.database.with_name(server.database.name + ".lock").read_text() == "", "the lock still names an address"
    check_consistent(server.database)


def test_an_end_checkpoints_the_database(make_server):
    server = make_server().start()
    Client(server.url).finish_import(people_csv(10))
    server.stop()
    log = server.database.with_name(server.database.name + "-wal")
    assert not log.exists() or log.stat().st_size == 0


def test_a_signal_in_the_middle_of_an_import_loses_nothing_and_the_import_goes_on(make_server):
    server = make_server().start()
    client = Client(server.url)
    started = client.add_import(people_csv(800))
    while client.get_import(started["id"], limit=1)["embedded_records"] == 0:
        time.sleep(0.01)
    client = Client(server.restart().url)
    found = client.wait_for_import(started["id"])
    assert (found["status"], found["processed_records"]) == ("completed", 800)
    assert [record["row"] for record in client.all_records(started["id"])] == list(range(1, 801))


def test_the_lock_file_names_the_process_and_its_address(server):
    lock = json.loads(server.database.with_name(server.database.name + ".lock").read_text())
    assert (lock["pid"], lock["url"]) == (server.pid, server.url)


def test_a_second_server_on_the_same_database_is_refused_and_told_where_the_first_is(server, make_server):
    second = make_server()
    second.database = server.database
    line = refusal(second)
    assert server.url in line or str(server.pid) in line, line


def test_a_lock_left_by_a_killed_server_does_not_stand_in_the_way(make_server):
    server = make_server().start()
    server.kill()
    server.start()


def test_a_port_in_use_is_named_with_the_remedy_and_no_database_is_made(make_server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = make_server(options=["--port", str(port)])
        line = refusal(server)
    assert str(port) in line and "--port" in line, line
    assert {path.name for path in server.folder.iterdir()} <= {"server.log", "rows.db.lock"}


def test_a_missing_model_is_named_with_the_remedy(make_server, tmp_path):
    line = refusal(make_server(environment={"ROWMILL_MODEL": str(tmp_path / "nowhere")}))
    assert "model" in line and ("ROWMILL_MODEL" in line or "./run setup" in line), line


def test_a_truncated_model_is_refused(make_server, tmp_path):
    from support.surroundings import model_folder
    bent = tmp_path / "model"
    bent.mkdir()
    for path in model_folder().iterdir():
        if path.name == "model.safetensors":
            with open(path, "rb") as whole:
                (bent / path.name).write_bytes(whole.read(1_000_000))
        elif path.is_file():
            (bent / path.name).symlink_to(path)
    line = refusal(make_server(environment={"ROWMILL_MODEL": str(bent)}))
    assert "model" in line, line


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(make_server):
    server = make_server()
    server.database.write_bytes(b"name,email\nA,a@example.com\n" * 200)
    before = server.database.read_bytes()
    assert "database" in refusal(server)
    assert server.database.read_bytes() == before


def test_a_database_of_another_program_is_refused_and_left_as_it_is(make_server):
    server = make_server()
    with sqlite3.connect(server.database) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.execute("INSERT INTO bookmarks VALUES ('http://example.com')")
    connection.close()
    refusal(server)
    assert rows_of(server.database, "SELECT name FROM sqlite_master") == [("bookmarks",)]


def test_a_database_that_another_program_holds_locked_is_named(make_server):
    server = make_server().start()
    Client(server.url).finish_import(people_csv(1))
    server.stop()
    holder = sqlite3.connect(server.database, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        line = refusal(server)
    finally:
        holder.close()
    assert "lock" in line, line


def test_another_program_reads_while_the_server_runs(server, client):
    found = client.finish_import(people_csv(20))
    rows = rows_of(server.database, "SELECT data, embedding FROM records WHERE import_id = ?", found["id"])
    assert len(rows) == 20
    for data, embedding in rows:
        assert json.loads(data)["name"]
        assert isinstance(embedding, bytes) and len(embedding) == 1536


def test_a_reader_that_never_ends_does_not_stop_the_server(make_server):
    server = make_server().start()
    client = Client(server.url)
    client.finish_import(people_csv(5))
    reader = sqlite3.connect(f"file:{server.database}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM records").fetchone()
    assert client.finish_import(people_csv(500), embed="false")["status"] == "completed"
    server.stop()
    reader.close()


def test_every_file_is_closed_again(server, client):
    client.finish_import(people_csv(5))
    client.get("/health")
    before = len(open_files(server.pid))
    for _ in range(30):
        client.finish_import(people_csv(2))
        client.search(query="finance", limit=1)
    assert len(open_files(server.pid)) <= before + 2


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["embed", "--help"], ["--version"]])
def test_help_and_version_are_given_on_standard_output(arguments):
    done = run_command(*arguments)
    assert done.returncode == 0 and done.stdout and not done.stderr


@pytest.mark.parametrize("arguments", [["nothing"], ["serve", "--nothing"], ["serve", "--port"], ["serve", "--port", "x"],
                                       ["serve", "--port", "70000"], ["serve", "--listen", "nowhere"],
                                       ["embed", "--output", "xml"]])
def test_a_wrong_command_line_is_refused_on_standard_error(arguments):
    done = run_command(*arguments)
    assert done.returncode > 0 and done.stderr and not done.stdout


def test_options_can_be_given_as_environment_variables(make_server, tmp_path):
    server = make_server(environment={"ROWMILL_UPLOAD_LIMIT": "1000"})
    client = Client(server.start().url)
    assert client.upload(people_csv(100)).status_code == 413
