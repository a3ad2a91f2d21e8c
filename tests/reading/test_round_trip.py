"""What Python's csv and json modules write, in any dialect, is read back equal."""

import codecs
import csv
import gzip
import io
import json
import os
import random

import pytest

from support.packing import zstd_frame
from support.people import fresh_seed

ROUNDS = 20000 if os.environ.get("ROWMILL_LONG") == "1" else 1500
LETTERS = ["a", "B", "7", " ", ",", ";", "\t", "|", '"', "'", "\\", "\n", "\r", "\r\n", "é", "€", "𝄞", ":", "^", "=", "\ufeff"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"]


@pytest.fixture
def dice():
    seed = int(os.environ.get("ROWMILL_SEED", fresh_seed()))
    print(f"ROWMILL_SEED={seed}")  # shown where the test fails
    return random.Random(seed)


def random_cell(dice, letters=LETTERS):
    return "".join(dice.choice(letters) for _ in range(dice.randrange(5)))


def random_dialect(dice):
    """A dialect that writes every text, and the words that say what it is."""
    delimiter = dice.choice([",", ";", "\t", "|", " ", ":", "^", "§", "x", "\x1f"])
    quote = dice.choice(['"', "'", "~"])
    escape = dice.choice([None, "\\", "!"])
    quoting = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC] + ([csv.QUOTE_NONE] if escape else []))
    doubled = quoting == csv.QUOTE_NONE or escape is None or dice.random() < 0.5
    dialect = dict(delimiter=delimiter, quotechar=quote, escapechar=escape, doublequote=doubled, quoting=quoting,
                   lineterminator=dice.choice(["\n", "\r\n", "\r"]))
    words = {"delimiter": delimiter, "quote": "none" if quoting == csv.QUOTE_NONE else quote}
    if escape:
        words["escape"] = escape
    return dialect, words


def python_reads_back(text, dialect):
    """Python's writer leaves some line ends bare that its own reader takes for the end of a row."""
    try:
        return list(csv.reader(io.StringIO(text, newline=""), **dialect))
    except csv.Error:
        return None


def test_any_table_in_any_dialect_and_encoding_is_read_back_equal(reader, dice):
    for round in range(ROUNDS):
        dialect, words = random_dialect(dice)
        width = dice.randrange(1, 6)
        letters = [letter for letter in LETTERS if not (dialect["quoting"] == csv.QUOTE_NONE and letter in ("\r", "\r\n", "\n"))]
        table = [[random_cell(dice, letters) for _ in range(width)] for _ in range(dice.randrange(1, 8))]
        if width == 1 and dialect["quoting"] == csv.QUOTE_NONE:
            table = [row for row in table if row[0]]
        out = io.StringIO(newline="")
        csv.writer(out, **dialect).writerows(table)
        text, encoding = out.getvalue(), dice.choice(ENCODINGS)
        if python_reads_back(text, dialect) != table or (text.startswith("\ufeff") and encoding != "utf-8-sig"):
            continue
        said = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16le", "utf-16-be": "utf-16be"}.get(encoding, encoding)
        content = text.encode(encoding)
        found = reader.read(content, header=False, format="csv", encoding=said, chunk=dice.choice([0, 1, 7]), **words)
        assert found["status"] == "end", (dialect, text, found)
        assert [record["cells"] for record in found["records"]] == table, (dialect, text, encoding)
        assert not any(record["errors"] for record in found["records"]), (dialect, text)


def random_value(dice, depth=0):
    kind = dice.randrange(8 if depth < 3 else 6)
    if kind < 2:
        return random_cell(dice, LETTERS + ["\0", "\x1f", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")])
    if kind == 2:
        return dice.choice([0, -1, 10**30, 1.5, -2.5e-7, 1e300])
    if kind < 6:
        return dice.choice([None, True, False, ""])
    if kind == 6:
        return [random_value(dice, depth + 1) for _ in range(dice.randrange(3))]
    return {random_cell(dice): random_value(dice, depth + 1) for _ in range(dice.randrange(3))}


def pack(dice, content):
    return dice.choice([bytes, gzip.compress, zstd_frame])(content)


def test_any_records_in_any_json_are_read_back_equal(reader, dice):
    for round in range(ROUNDS):
        records = [{f"k{i}{random_cell(dice)}": random_value(dice) for i in range(dice.randrange(1, 5))} for _ in range(dice.randrange(1, 6))]
        style = dict(ensure_ascii=dice.random() < 0.5, separators=dice.choice([None, (",", ":"), (" , ", " : ")]))
        layout = dice.choice(["array", "lines", "wrapped"])
        if layout == "lines":
            text = dice.choice(["\n", "\r\n"]).join(json.dumps(record, **style) for record in records) + dice.choice(["", "\n"])
        else:
            body = records if layout == "array" else {"meta": {"n": [1, [{}]]}, "data": records, "total": len(records)}
            text = json.dumps(body, indent=dice.choice([None, 1, "\t"]), **style)
        content = pack(dice, dice.choice([b"", codecs.BOM_UTF8]) + text.encode())
        words = {"format": "ndjson"} if layout == "lines" else {"format": "json"}
        found = reader.read(content, chunk=dice.choice([0, 1, 13]), **words)
        assert found["status"] == "end", (text, found)
        assert [record["data"] for record in found["records"]] == records, text
        assert not any(record["errors"] for record in found["records"]), text
