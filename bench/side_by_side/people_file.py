"""CSV files of people rows, made once and kept."""

import pathlib
import sys

from support.people import as_csv, people

CHUNK = 50_000  # rows that are made at a time


def make_file(folder, name, rows_wanted):
    """A CSV file of people rows; `rows_wanted(rows, bytes)` says how many are to follow, 0 where it ends. Gives it and the number of
    its rows."""
    path, count_path = pathlib.Path(folder) / f"{name}.csv", pathlib.Path(folder) / f"{name}.rows"
    if not path.exists():
        print(f"making {path} …", file=sys.stderr, flush=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = size = 0
        with open(path.with_suffix(".part"), "wb") as out:
            while (count := rows_wanted(rows, size)) > 0:
                text = as_csv(people(count, rows + 1))
                size += out.write(text if rows == 0 else text.split(b"\n", 1)[1])
                rows += count
        count_path.write_text(str(rows))
        path.with_suffix(".part").rename(path)
    return path, int(count_path.read_text())


def people_file(folder, rows):
    return make_file(folder, f"people-{rows}", lambda done, size: min(CHUNK, rows - done))[0]
