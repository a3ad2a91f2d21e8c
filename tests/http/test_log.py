"""The structured log: one JSON object a line on standard error, each with a request id."""

from support.people import people_csv


def entries(server, request_id, wanted):
    """The lines of a request for which `wanted` holds."""
    return server.wait_for_log(lambda entry: entry.get("request_id") == request_id and wanted(entry))


def test_every_line_is_an_object_with_time_level_event_and_request_id(server, client):
    client.finish_import(people_csv(3))
    client.get("/nothing")
    server.expect_clean_log()
    for entry in server.log():
        assert entry["time"].endswith("Z") and entry["event"] and entry["request_id"], entry
        assert entry["level"] in ("debug", "info", "warning", "error"), entry


def test_every_request_is_logged_with_what_was_asked_and_answered(server, client):
    response = client.get("/api/imports?limit=3", headers={"X-Request-Id": "watch-me"})
    line, = entries(server, "watch-me", lambda entry: "status" in entry)
    assert response.headers["X-Request-Id"] == "watch-me"
    assert line["status"] == 200 and line["method"] == "GET"
    assert any("/api/imports" in str(value) for value in line.values())


def test_a_refused_request_is_logged_too(server, client):
    client.get("/nothing", headers={"X-Request-Id": "refused-one"})
    assert entries(server, "refused-one", lambda entry: entry.get("status") == 404)


def test_the_work_behind_an_upload_is_logged_under_its_request_id(server, client):
    response = client.upload(people_csv(3), headers={"X-Request-Id": "an-upload"})
    client.wait_for_import(response.json()["id"])
    assert entries(server, "an-upload", lambda entry: entry["event"] == "import completed")


def test_hostile_text_cannot_forge_a_line(server, client):
    client.upload(people_csv(1), 'a.csv"}\n{"event":"forged","request_id":"x"}')
    client.get('/"}%0a{"event":"forged"}')
    server.expect_clean_log()
    assert not any(entry["event"] == "forged" for entry in server.log())


def test_a_log_holds_no_personal_data_of_the_rows(server, client):
    client.finish_import(b"name,email\nSecret Person,secret.person@example.com\nBad Secret,secret-no-address\n")
    assert not any("secret" in line.lower() for line in server.log_lines())
