"""A client that holds every answer to what API.md says of all answers."""

import time
import urllib.parse

import requests

from support.expect import check_answer
from support.surroundings import PATIENCE_S


class Client:
    def __init__(self, url):
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy stands between a test and its server

    def request(self, method, path, **options):
        options.setdefault("timeout", PATIENCE_S)
        options.setdefault("allow_redirects", False)
        response = self.session.request(method, urllib.parse.urljoin(self.url, path), **options)
        check_answer(response)
        return response

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def upload(self, content, filename="people.csv", headers=None, **parameters):
        """The response to an upload as a raw body."""
        return self.post("/api/upload", params={"filename": filename, **parameters}, data=content,
                         headers={"Content-Type": "application/octet-stream", **(headers or {})})

    def upload_form(self, content, filename="people.csv", headers=None, **parameters):
        """The response to an upload as a browser's form sends it."""
        return self.post("/api/upload", params=parameters, files={"file": (filename, content)}, headers=headers)

    def add_import(self, content, filename="people.csv", **parameters):
        """Uploads, and gives the import as it was acknowledged."""
        response = self.upload(content, filename, **parameters)
        assert response.status_code in (200, 202), response.text
        return response.json()

    def finish_import(self, content, filename="people.csv", **parameters):
        """Uploads, waits for the end of the import, and gives it as it is then."""
        return self.wait_for_import(self.add_import(content, filename, **parameters)["id"])

    def wait_for_import(self, import_id):
        """The import as soon as it has ended, however it ended."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            found = self.get_import(import_id, limit=1)
            if found["status"] in ("completed", "failed", "cancelled"):
                return found
            assert time.monotonic() < deadline, f"import {import_id} does not end: {found}"
            time.sleep(0.02)

    def get_import(self, import_id, **parameters):
        response = self.get(f"/api/imports/{import_id}", params=parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def list_imports(self, **parameters):
        response = self.get("/api/imports", params=parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def search(self, **members):
        response = self.post("/api/records/search", json=members)
        assert response.status_code == 200, response.text
        return response.json()

    def stats(self):
        response = self.get("/api/stats")
        assert response.status_code == 200, response.text
        return response.json()

    def all_records(self, import_id, limit=1000):
        """Every record of an import, by following the cursors."""
        records, cursor = [], None
        while True:
            parameters = {"limit": limit, **({"cursor": cursor} if cursor else {})}
            body = self.get_import(import_id, **parameters)
            records += body["records"]
            cursor = body["page"]["next"]
            if cursor is None:
                return records
