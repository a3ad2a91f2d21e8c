"""How much of a table comes back from files that are damaged as the Pollock benchmark damages them (support/pollution.py).

The floors are what the reader reaches; docs/PARSING.md holds the table."""

import os
import re
from collections import Counter, defaultdict

from support import pollution

# Every 12th line in the short form.
STEP = 1 if os.environ.get("ROWMILL_LONG") == "1" else 12
# Files of a kind in the benchmark: one for each cell (or gap between cells, or line) of the header, and of the 83 rows.
PER_LINE = {"less_sep": 8, "more_sep": 9, "extra_quote": 9, "field_delimiter_0x20": 1}
PUBLISHED = {f"{row}_{name}": count * (1 if row == "row0" else 83) for name, count in PER_LINE.items() for row in ("row0", "row")}  # the others: one
TOLD_FLOOR, DETECTED_FLOOR, FURTHER_FLOOR = 9.979, 9.973, 9.9


def loaded(found, header):
    """The rows that the reader gave, as a program that was told to write them down would have them."""
    if found["status"] != "end":
        return None
    rows = [found["columns"]] if header and found["columns"] else []
    for record in found["records"]:
        extra = record["data"].get("_extra", [])
        rows.append(record["cells"][: len(record["cells"]) - bool(extra)] + extra)
    return rows


def measure(reader, files, told):
    """The mean score of each kind."""
    scores = defaultdict(list)
    for file in files:
        # Whether there is a header cannot be told from a file.
        words = file.words if told else {word: file.words[word] for word in ("header",) if word in file.words}
        rows = loaded(reader.read(file.content, **words), file.words.get("header", True))
        scores[file.kind].append(pollution.score(file.clean, rows))
    return {kind: sum(found) / len(found) for kind, found in scores.items()}


def table(told, detected, files):
    counts = Counter(file.kind for file in files)
    return "\n".join(f"{kind:32} {counts[kind]:5} {told[kind]:7.3f} {detected[kind]:7.3f}" for kind in told)


def overall(kinds):
    """The simple score: the mean over the benchmark's files, each kind with as many as the benchmark has of it."""
    return sum(score * PUBLISHED.get(kind, 1) for kind, score in kinds.items()) / sum(PUBLISHED.get(kind, 1) for kind in kinds)


def test_the_published_kinds(reader):
    files = list(pollution.whole_files()) + list(pollution.row_files(STEP))
    told, detected = measure(reader, files, True), measure(reader, files, False)
    print(table(told, detected, files))
    print(f"told {overall(told):.3f}, detected {overall(detected):.3f} of 10")
    assert sum(PUBLISHED.get(kind, 1) for kind in told) == 2290
    assert overall(told) >= TOLD_FLOOR
    assert overall(detected) >= DETECTED_FLOOR


def test_further_kinds(reader):
    files = list(pollution.further_files())
    told, detected = measure(reader, files, True), measure(reader, files, False)
    print(table(told, detected, files))
    assert sum(told.values()) / len(told) >= FURTHER_FLOOR
    assert told["file_encoding"] == detected["file_encoding"] == 10


def test_no_row_is_lost_or_torn(reader):
    """Whatever one line's damage is, every other line comes back, in its place, as what it was."""
    clean = pollution.clean_table()
    for file in pollution.row_files(STEP):
        rows = loaded(reader.read(file.content, **file.words), True)
        damaged = int(re.search(r"\d+", file.name.removesuffix("_0x20")).group())
        assert len(rows) == len(clean), file.name
        assert [row for at, row in enumerate(rows) if at not in (0, damaged)] == [row for at, row in enumerate(clean) if at not in (0, damaged)], file.name
