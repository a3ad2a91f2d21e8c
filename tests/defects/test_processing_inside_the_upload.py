"""Defect 2 of the original: the upload request parsed, validated and stored the file before it answered.

Shown to fail by broken/processing-inside-the-upload.patch: the upload handler answers when the rows are stored."""

from support.people import fresh_seed, people_csv


def test_a_broken_file_is_acknowledged_first_and_fails_later(client):
    """Only who has read the whole file can know that it is broken: the acknowledgement must not know."""
    rows = ",".join('{"name": "A", "email": "a@example.com"}' for _ in range(20000))
    response = client.upload(f"[{rows}, {fresh_seed()}".encode(), "broken.json")
    assert response.status_code == 202
    assert response.json()["status"] in ("pending", "processing")
    assert response.json()["error"] is None
    found = client.wait_for_import(response.json()["id"])
    assert (found["status"], found["total_records"]) == ("failed", 0)
    assert found["error"]["byte"] > 0


def test_a_large_file_is_acknowledged_before_its_rows_are_counted(client):
    response = client.upload(people_csv(50000))
    assert response.status_code == 202
    assert response.json()["total_records"] < 50000
    assert client.delete(f"/api/imports/{response.json()['id']}").status_code == 200
