"""Webhooks by Standard Webhooks, checked with another implementation of the signature."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

import pytest

from support.client import Client
from support.people import people_csv
from support.server import run_command
from support.surroundings import PATIENCE_S

SECRET = base64.b64encode(bytes(range(32))).decode()


class Receiver:
    """Takes POSTs on the loopback; `answers` are given in turn, the last one again and again."""

    def __init__(self, answers=(204,)):
        self.answers, self.received = list(answers), []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((dict(self.headers.items()), body))
                status = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", receiver.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_for(self, count):
        deadline = time.monotonic() + PATIENCE_S
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} came"
            time.sleep(0.02)
        return self.received


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()


def environment(receiver, **more):
    return {"ROWMILL_WEBHOOK_URL": receiver.url, "ROWMILL_WEBHOOK_SECRET": f"whsec_{SECRET}", **more}


def check_signature(headers, body):
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(SECRET), content, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 300
    assert headers["Content-Type"] == "application/json"
    return json.loads(body)


def test_the_end_of_an_import_is_told_and_signed(make_server, receiver):
    server = make_server(options=["--webhook-allow-local"], environment=environment(receiver)).start()
    client = Client(server.url)
    client.finish_import(people_csv(2), dry_run="true")
    client.finish_import(b"[1, ", "broken.json", dry_run="true")
    good = client.finish_import(people_csv(3))
    bad = client.finish_import(b"[1, ", "broken.json")
    told = [check_signature(*one) for one in receiver.wait_for(2)]
    assert [one["type"] for one in told] == ["import.completed", "import.failed"]
    assert told[0]["data"]["id"] == good["id"] and told[0]["data"]["processed_records"] == 3
    assert told[0]["timestamp"] == good["completed_at"]
    assert told[1]["data"]["id"] == bad["id"] and told[1]["data"]["error"]["code"] == bad["error"]["code"]
    assert SECRET not in "\n".join(server.log_lines())
    assert 'rowmill_webhook_attempts_total{outcome="delivered"} 2' in client.get("/metrics").text


def test_a_refusal_is_tried_again_with_the_same_id_and_body(make_server, receiver):
    receiver.answers = [500, 302, 200]
    server = make_server(options=["--webhook-allow-local"], environment=environment(receiver)).start()
    Client(server.url).finish_import(people_csv(3))
    received = receiver.wait_for(2)  # a redirect is not followed, but tried again later
    assert len({headers["webhook-id"] for headers, _ in received}) == 1
    assert len({body for _, body in received}) == 1
    for one in received:
        check_signature(*one)


def test_what_was_not_delivered_is_delivered_after_a_restart(make_server, receiver):
    server = make_server(options=["--webhook-allow-local"], environment=environment(receiver))
    receiver.answers = [503]
    server.start()
    found = Client(server.url).finish_import(people_csv(3))
    receiver.wait_for(1)
    server.kill()
    receiver.answers = [204]
    server.start()
    told = [check_signature(*one) for one in receiver.wait_for(2)]
    assert told[-1]["data"]["id"] == found["id"]


def test_the_local_network_is_not_reached_unless_allowed(make_server, receiver):
    url = receiver.url.replace("http://", "https://")
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1"):
        server = make_server(environment=environment(
            receiver, ROWMILL_WEBHOOK_URL=url.replace("127.0.0.1", host))).start()
        Client(server.url).finish_import(people_csv(1))
        line = server.wait_for_log(lambda entry: "webhook" in entry.get("event", ""))[0]
        assert line["code"] == "address-not-allowed", line
        server.stop()
    assert not receiver.received


@pytest.mark.parametrize("variables, word", [
    ({"ROWMILL_WEBHOOK_URL": "https://example.com"}, "ROWMILL_WEBHOOK_SECRET"),
    ({"ROWMILL_WEBHOOK_URL": "http://example.com", "ROWMILL_WEBHOOK_SECRET": f"whsec_{SECRET}"}, "https"),
    ({"ROWMILL_WEBHOOK_URL": "ftp://example.com", "ROWMILL_WEBHOOK_SECRET": f"whsec_{SECRET}"}, "URL"),
    ({"ROWMILL_WEBHOOK_URL": "https://u:p@example.com", "ROWMILL_WEBHOOK_SECRET": f"whsec_{SECRET}"}, "password"),
    ({"ROWMILL_WEBHOOK_URL": "https://example.com", "ROWMILL_WEBHOOK_SECRET": "whsec_c2hvcnQ="}, "24 to 64"),
    ({"ROWMILL_WEBHOOK_URL": "https://example.com", "ROWMILL_WEBHOOK_SECRET": "topsecretvalue"}, "24 to 64"),
])
def test_what_cannot_work_is_refused_at_the_start(tmp_path, variables, word):
    ended = run_command("serve", "--port", "0", "--db", tmp_path / "rows.db", environment=variables)
    text = (ended.stderr + ended.stdout).decode()
    assert ended.returncode != 0 and word in text, text
    assert "topsecretvalue" not in text and SECRET not in text
