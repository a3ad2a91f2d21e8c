"""Files of people rows: made from a seed, the same every time."""

import csv
import io
import itertools
import json
import random

FIRST = ("Ana", "Björn", "Chloé", "Dmitri", "Elif", "Farid", "Grace", "Hiroko", "Ines", "João", "Kwame", "Léa",
         "Mateus", "Nadia", "Oluwaseun", "Priya", "Quentin", "Rania", "Søren", "Tomás", "Ursula", "Václav", "Wen",
         "Ximena", "Yusuf", "Zofia")
LAST = ("Almeida", "Bauer", "Cohen", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ivanova", "Jansen", "Kim",
        "Lopez", "Müller", "Nakamura", "O'Connor", "Petrov", "Quist", "Rossi", "Schmidt", "Tanaka", "Ueda", "Virtanen",
        "Wójcik", "Xu", "Yılmaz", "Zhang")
DEPARTMENTS = ("Engineering", "Sales", "Finance", "Marketing", "Human Resources", "Legal", "Support", "Research",
               "Operations", "Design")
FIELDS = ("name", "email", "age", "department")

# What can be wrong with a row: the changed cells, and the field whose error must be reported.
BAD = (({"email": "not an address"}, "email"), ({"email": ""}, "email"), ({"age": "thirty"}, "age"),
       ({"age": "151"}, "age"), ({"name": ""}, "name"), ({"age": "-1"}, "age"), ({"email": "a..b@example.com"}, "email"))

_seeds = itertools.count(1)


def fresh_seed():
    """A seed that this run of the tests has not used: its file is a duplicate of no other."""
    return next(_seeds)


def people(count, seed):
    """`count` valid rows as dictionaries of strings; no e-mail address occurs twice."""
    chance = random.Random(seed)
    rows = []
    for number in range(1, count + 1):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        rows.append({"name": f"{first} {last}", "email": f"p{number}.s{seed}@example.com",
                     "age": str(chance.randint(18, 90)), "department": chance.choice(DEPARTMENTS)})
    return rows


def spoil(rows, count, seed):
    """Makes `count` of the rows invalid, in place; gives {row number: field that is wrong}."""
    chance = random.Random(seed)
    wrong = {}
    for index in chance.sample(range(len(rows)), count):
        change, field = chance.choice(BAD)
        rows[index].update(change)
        wrong[index + 1] = field
    return wrong


def as_csv(rows, fields=FIELDS):
    text = io.StringIO()
    writer = csv.DictWriter(text, fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_json(rows):
    return json.dumps(rows, ensure_ascii=False).encode()


def as_ndjson(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def people_csv(count, seed=None):
    """A CSV file of valid rows."""
    return as_csv(people(count, fresh_seed() if seed is None else seed))


def spoiled_csv(count, bad, seed):
    """A CSV file of which `bad` rows are invalid; gives it and {row number: field that is wrong}."""
    rows = people(count, seed)
    wrong = spoil(rows, bad, seed)
    return as_csv(rows), wrong
