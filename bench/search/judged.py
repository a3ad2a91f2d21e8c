#!/usr/bin/env python3
"""How well words, meaning and both find whom a query means: MRR and recall@10 on the judged set, by kind of query.

    bench/search/judged.py [--shared ../shared] [--check]

--check: exit status 1 where hybrid is worse than the better of the two alone, over all queries."""

import argparse
import collections
import csv
import io
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(pathlib.Path(__file__).parent)]

import judged_set  # noqa: E402
from support.client import Client  # noqa: E402
from support.server import Server  # noqa: E402

MODES = ("keyword", "semantic", "hybrid")


def as_csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, judged_set.FIELDS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def judge(ids, meant):
    """Reciprocal rank of the first that is meant, and the share of those that could be among ten."""
    first = next((rank for rank, number in enumerate(ids, 1) if number in meant), None)
    return 1 / first if first else 0.0, len(meant.intersection(ids[:10])) / min(10, len(meant))


def measure(client, rows, asked):
    """{(mode, kind): [(reciprocal rank, recall)]}"""
    first = client.all_records(client.finish_import(as_csv(rows))["id"])[0]["id"]
    found = collections.defaultdict(list)
    for kind, text, meant in asked:
        for mode in MODES:
            body = client.search(query=text, mode=mode, limit=100, fields=["name"])
            figures = judge([record["id"] - first for record in body["records"]], meant)
            found[mode, kind].append(figures)
            found[mode, "all"].append(figures)
    return found


def mean(figures, place):
    return sum(one[place] for one in figures) / len(figures)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--shared", type=pathlib.Path, default=ROOT.parent / "shared")
    arguments.add_argument("--check", action="store_true")
    options = arguments.parse_args()
    rows = judged_set.people(options.shared / "corpus/people/uk-500.csv")
    asked = judged_set.queries(rows)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(pathlib.Path(folder)).start()
        try:
            found = measure(Client(server.url), rows, asked)
        finally:
            server.stop()
    print(f"{'MRR / recall@10':16}{'queries':>8}" + "".join(f"{mode:>16}" for mode in MODES))
    for kind in sorted({kind for _, kind in found} - {"all"}) + ["all"]:
        cells = "".join(f"{mean(found[mode, kind], 0):>9.3f} /{mean(found[mode, kind], 1):.3f}" for mode in MODES)
        print(f"{kind:16}{len(found[MODES[0], kind]):>8}{cells}")
    better = [max(mean(found[mode, "all"], place) for mode in MODES[:2]) for place in (0, 1)]
    worse = any(mean(found["hybrid", "all"], place) < better[place] for place in (0, 1))
    if options.check and worse:
        sys.exit("hybrid is worse than the better of the two alone")


if __name__ == "__main__":
    main()
