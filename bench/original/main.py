"""The design that Rowmill replaces, re-created for comparison: FastAPI, SQLite, sentence-transformers.

It keeps the original's endpoints, tables and defects (work inside the request, one row at a time, a connection a
request, a query an item, a cache without bounds, an '@' as validation, …). It is run by bench/ alone and is no
example of anything.

    ORIGINAL_DB=/tmp/original.db uvicorn --app-dir bench/original main:app --port 8001"""

import csv
import datetime
import hashlib
import io
import json
import os
import pathlib
import sqlite3
import sys

import numpy
from fastapi import FastAPI, File, HTTPException, UploadFile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))
import minilm  # noqa: E402

DATABASE = os.environ.get("ORIGINAL_DB", "data_imports.db")
TABLES = """
CREATE TABLE IF NOT EXISTS imports (id INTEGER PRIMARY KEY AUTOINCREMENT, filename TEXT NOT NULL, file_hash TEXT NOT NULL, status TEXT NOT NULL,
  total_records INTEGER DEFAULT 0, processed_records INTEGER DEFAULT 0, failed_records INTEGER DEFAULT 0, created_at TEXT NOT NULL, completed_at TEXT);
CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY AUTOINCREMENT, import_id INTEGER NOT NULL, data TEXT NOT NULL, embedding TEXT, status TEXT NOT NULL,
  error_message TEXT, created_at TEXT NOT NULL, FOREIGN KEY (import_id) REFERENCES imports (id));
"""

app = FastAPI(title="Data import")
model = minilm.load()
cache = {}


def connect():
    connection = sqlite3.connect(DATABASE)
    connection.row_factory = sqlite3.Row
    return connection


def now():
    return datetime.datetime.now().isoformat()


connect().executescript(TABLES)


def embed(text):
    if text not in cache:
        cache[text] = model.encode(text).tolist()
    return cache[text]


def validate(row):
    if not row.get("name"):
        return "Name is required"
    if "@" not in (row.get("email") or ""):
        return "Invalid email"
    try:
        row["age"] = int(row.get("age") or 0)
    except ValueError:
        row["age"] = 0
    return None


def parse(filename, content):
    if filename.endswith(".json"):
        rows = json.loads(content)
        return rows if isinstance(rows, list) else [rows]
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"))))


def add_row(connection, import_id, row):
    error = validate(row)
    embedding = None
    if error is None:
        text = " ".join(str(value) for value in row.values() if value)
        embedding = json.dumps(embed(text))
    connection.execute(
        "INSERT INTO records (import_id, data, embedding, status, error_message, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (import_id, json.dumps(row), embedding, "invalid" if error else "valid", error, now()))
    connection.commit()
    return error is None


@app.post("/api/upload")
async def upload(file: UploadFile = File(...)):
    content = await file.read()
    file_hash = hashlib.md5(content).hexdigest()
    connection = connect()
    if connection.execute(f"SELECT id FROM imports WHERE file_hash = '{file_hash}'").fetchone():
        raise HTTPException(400, "File already imported")
    cursor = connection.execute("INSERT INTO imports (filename, file_hash, status, created_at) VALUES (?, ?, 'processing', ?)",
                                (file.filename, file_hash, now()))
    connection.commit()
    import_id = cursor.lastrowid
    rows = parse(file.filename, content)
    valid = sum(add_row(connection, import_id, row) for row in rows)
    connection.execute("UPDATE imports SET status = 'completed', total_records = ?, processed_records = ?, failed_records = ?, "
                       "completed_at = ? WHERE id = ?", (len(rows), valid, len(rows) - valid, now(), import_id))
    connection.commit()
    connection.close()
    return {"import_id": import_id, "total_records": len(rows), "processed": valid, "failed": len(rows) - valid}


@app.get("/api/imports")
async def list_imports():
    connection = connect()
    imports = []
    for row in connection.execute("SELECT id FROM imports ORDER BY id DESC").fetchall():
        item = dict(connection.execute("SELECT * FROM imports WHERE id = ?", (row["id"],)).fetchone())
        item["records"] = connection.execute("SELECT count(*) FROM records WHERE import_id = ?", (row["id"],)).fetchone()[0]
        imports.append(item)
    connection.close()
    return imports


@app.get("/api/imports/{import_id}")
async def get_import(import_id: int):
    connection = connect()
    item = connection.execute("SELECT * FROM imports WHERE id = ?", (import_id,)).fetchone()
    if item is None:
        raise HTTPException(404, "Import not found")
    records = connection.execute("SELECT * FROM records WHERE import_id = ?", (import_id,)).fetchall()
    connection.close()
    return {**dict(item), "records": [dict(record) for record in records]}


@app.post("/api/records/search")
async def search(request: dict):
    connection = connect()
    rows = connection.execute("SELECT * FROM records WHERE embedding IS NOT NULL").fetchall()
    connection.close()
    query = numpy.array(embed(request["query"]))
    scored = [(float(query @ numpy.array(json.loads(row["embedding"]))), row) for row in rows]
    scored.sort(key=lambda item: -item[0])
    return [{"id": row["id"], "data": json.loads(row["data"]), "score": score} for score, row in scored[:request.get("limit", 10)]]


@app.delete("/api/imports/{import_id}")
async def delete_import(import_id: int):
    connection = connect()
    connection.execute("DELETE FROM imports WHERE id = ?", (import_id,))
    connection.commit()
    connection.execute("DELETE FROM records WHERE import_id = ?", (import_id,))
    connection.commit()
    connection.close()
    return {"deleted": import_id}


@app.get("/api/stats")
async def stats():
    connection = connect()
    counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("imports", "records")}
    connection.close()
    return counts


@app.get("/health")
async def health():
    return {"status": "healthy"}
