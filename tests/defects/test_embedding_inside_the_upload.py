"""Defect 1 of the original: the upload request embedded every row before it answered.

Shown to fail by broken/embedding-inside-the-upload.patch: the upload handler waits for the import, whatever
`wait` says."""

from support.client import Client
from support.people import people_csv


def test_an_upload_is_answered_before_its_rows_are_embedded(client, server):
    response = client.upload(people_csv(3000), headers={"X-Request-Id": "the-upload"})
    assert response.status_code == 202
    item = response.json()
    assert item["status"] in ("pending", "processing")
    assert item["embedded_records"] < 3000
    assert client.wait_for_import(item["id"])["embedded_records"] == 3000
    answered = position(server, lambda entry: entry.get("request_id") == "the-upload" and entry.get("status") == 202)
    ended = position(server, lambda entry: entry["event"] == "import completed" and entry["import_id"] == item["id"])
    assert answered < ended


def position(server, fits):
    """The number of the first line of the log that fits."""
    first = server.wait_for_log(fits)[0]
    return server.log().index(first)


def test_many_uploads_are_acknowledged_while_the_first_still_embeds(make_server):
    client = Client(make_server().start().url)
    first = client.add_import(people_csv(3000))
    others = [client.add_import(people_csv(50)) for _ in range(10)]
    assert len({item["id"] for item in others}) == 10
    assert client.get_import(first["id"], limit=1)["status"] != "completed"
