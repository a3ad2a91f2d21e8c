"""Damaged files: a clean table, each kind of damage done to it, and the cells that a careful human reads there.

Nothing is told to the reader but where a test says so: dialects are detected, as for a schema that knows no field."""

import csv
import io
import random

import pytest

from support.people import fresh_seed
from support.reader import codes

HEADER = ["id", "name", "born", "amount", "city", "note"]
CITIES = ["Paris", "Lyon, Rhône", "New York", "Saint-Étienne", "Köln"]
NOTES = ["", "two\nlines", 'said "yes"', "plain", "a; b", "5 % off"]


def clean_rows(count=40):
    dice = random.Random(fresh_seed())
    return [
        [str(i), f"Person {i}", f"{1950 + i}-0{i % 9 + 1}-1{i % 9}", f"{dice.randrange(10**6) / 100:.2f}", CITIES[i % 5], NOTES[i % 6]]
        for i in range(1, count + 1)
    ]


def write(rows, delimiter=",", **dialect):
    out = io.StringIO(newline="")
    csv.writer(out, **{"delimiter": delimiter, "lineterminator": "\n", **dialect}).writerows(rows)
    return out.getvalue()


def line(row, **dialect):
    return write([row], **dialect)


def cells(found):
    return [record["cells"] for record in found["records"]]


def expect_clean(found, rows, header=HEADER):
    assert found["status"] == "end", found
    assert found["columns"] == header
    assert cells(found) == rows
    assert [codes(record) for record in found["records"]] == [[]] * len(rows)


def expect_all_but(found, rows, damaged, expected_codes):
    """Row number `damaged` (from 0) has these errors, and every other row is as it was."""
    assert found["status"] == "end", found
    assert found["columns"] == HEADER
    assert len(found["records"]) == len(rows), cells(found)
    for i, record in enumerate(found["records"]):
        if i != damaged:
            assert (record["cells"], codes(record)) == (rows[i], []), i
    assert set(codes(found["records"][damaged])) == set(expected_codes), found["records"][damaged]


# ---- the whole file is written in another way ----


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x1f", "\x01", " ", ":", "#", "&"])
def test_other_delimiters(reader, delimiter):
    rows = clean_rows()
    found = reader.read(write([HEADER] + rows, delimiter).encode())
    expect_clean(found, rows)
    assert found["dialect"]["delimiter"] == delimiter


@pytest.mark.parametrize("delimiter, single", [(", ", ","), ("; ", ";"), ("| ", "|"), ("||", "|"), (";;", ";")])
def test_delimiters_of_two_characters(reader, delimiter, single):
    rows = [[cell.replace("; ", " ").replace(", ", " ") for cell in row] for row in clean_rows()]
    text = "".join(delimiter.join(line([cell], delimiter=single).rstrip("\n") if "\n" in cell or '"' in cell else cell for cell in row) + "\n"
                   for row in [HEADER] + rows)
    found = reader.read(text.encode())
    expect_clean(found, rows)
    assert found["dialect"]["delimiter"] == delimiter


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_other_quotes(reader, delimiter, quote, quoting):
    rows = clean_rows()
    found = reader.read(write([HEADER] + rows, delimiter, quotechar=quote, quoting=quoting).encode())
    if quote == "'" and quoting == csv.QUOTE_MINIMAL:
        assert [row[:5] for row in cells(found)] == [row[:5] for row in rows]
    else:
        expect_clean(found, rows)


@pytest.mark.parametrize("ends", [["\n"], ["\r\n"], ["\r"], ["\n", "\r\n"], ["\r", "\n"], ["\r\n", "\r"], ["\n", "\r\n", "\r"]])
def test_other_line_ends_also_mixed(reader, ends):
    rows = [row[:5] + [row[5].replace("\n", " ")] for row in clean_rows()]
    text = "".join(line(row).rstrip("\n") + ends[i % len(ends)] for i, row in enumerate([HEADER] + rows))
    expect_clean(reader.read(text.encode()), rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "windows-1252", "latin-1"])
def test_other_encodings(reader, encoding):
    rows = clean_rows()
    expect_clean(reader.read(write([HEADER] + rows).encode(encoding)), rows)


@pytest.mark.parametrize("end", ["", "\n\n", "\n\n\n\n", "\r\n\r\n"])
def test_other_ends_of_the_file(reader, end):
    rows = clean_rows()
    expect_clean(reader.read((write([HEADER] + rows).rstrip("\n") + end).encode()), rows)


def test_escapes_where_the_sender_says_so(reader):
    rows = clean_rows()
    text = write([HEADER] + rows, escapechar="\\", doublequote=False)
    assert '\\"' in text
    expect_clean(reader.read(text.encode(), escape="\\"), rows)


def test_decimal_commas_beside_semicolons(reader):
    rows = [[cell.replace(".", ",") if i == 3 else cell for i, cell in enumerate(row)] for row in clean_rows()]
    expect_clean(reader.read(write([HEADER] + rows, ";").encode()), rows)
    numbers = [["1,5", "2,5", "3,25"], ["4,0", "5,5", "6,75"]]
    found = reader.read(write(numbers, ";").encode(), header=False)
    assert cells(found) == numbers


# ---- too little, or too much ----


def test_nothing_or_next_to_nothing(reader):
    for content in (b"", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"\xff\xfe"):
        found = reader.read(content)
        assert (found["status"], found["records"]) == ("end", [])
    found = reader.read(b"id,name\n")
    assert (found["columns"], found["records"]) == (["id", "name"], [])
    found = reader.read(b"id,name")
    assert (found["columns"], found["records"]) == (["id", "name"], [])


@pytest.mark.parametrize("count", [1, 2])
def test_few_rows(reader, count):
    rows = clean_rows(count)
    for delimiter in ",;\t|":
        expect_clean(reader.read(write([HEADER] + rows, delimiter).encode()), rows)


def test_one_column(reader):
    rows = [[row[1]] for row in clean_rows()]
    expect_clean(reader.read(write([["name"]] + rows).encode()), rows, ["name"])


def test_no_header(reader):
    rows = clean_rows()
    expect_clean(reader.read(write(rows).encode(), header=False), rows, [f"field{i}" for i in range(1, 7)])


def test_headers_of_several_rows_leave_the_others_as_rows(reader):
    rows = clean_rows()
    second = ["number", "text", "date", "EUR", "text", "text"]
    expect_clean(reader.read(write([HEADER, second] + rows).encode()), [second] + rows)


def test_lines_before_the_header(reader):
    rows = clean_rows()
    text = "Report of the year\nmade by hand, on paper\n\n" + write([HEADER] + rows)
    expect_clean(reader.read(text.encode(), skip=3), rows)
    found = reader.read(text.encode(), known=["name", "city"])
    expect_clean(found, rows)
    assert found["dialect"]["skipped_lines"] == 3
    # Nothing is skipped unless it is told or known; then every cell is still there.
    found = reader.read(text.encode())
    assert found["dialect"]["delimiter"] == ","
    assert [record["cells"][:1] for record in found["records"][2:]] == [row[:1] for row in rows]
    assert all(record["data"]["_extra"] == row[1:] for record, row in zip(found["records"][2:], rows))


def test_lines_behind_the_table(reader):
    rows = clean_rows()
    text = write([HEADER] + rows) + "\nTotal: 40 rows\n"
    found = reader.read(text.encode())
    expect_all_but(found, rows + [["Total: 40 rows"]], 40, ["missing-cell"])
    assert found["records"][40]["cells"] == ["Total: 40 rows"]


@pytest.mark.parametrize("width", [3, 6, 9])
def test_two_tables_in_one_file(reader, width):
    rows = clean_rows()
    second = [[f"c{i}" for i in range(width)]] + [[f"{r}.{i}" for i in range(width)] for r in range(10)]
    found = reader.read((write([HEADER] + rows) + "\n" + write(second)).encode())
    assert cells(found)[:40] == rows and len(found["records"]) == 51
    for record, row in zip(found["records"][40:], second):
        assert record["cells"][:6] == row[:6]
        assert set(codes(record)) == ({"missing-cell"} if width < 6 else set() if width == 6 else {"extra-cell"})


def test_blank_lines_between_rows(reader):
    rows = clean_rows()
    expect_clean(reader.read("\n\n".join([line(row).rstrip("\n") for row in [HEADER] + rows]).encode()), rows)


def test_a_file_that_is_cut(reader):
    rows = clean_rows()
    text = write([HEADER] + rows)
    found = reader.read(text[: text.index("Person 40") + 4].encode())
    assert cells(found)[:39] == rows[:39]
    assert (found["records"][39]["cells"], set(codes(found["records"][39]))) == (["40", "Pers"], {"missing-cell"})


def test_repeated_and_blank_headers(reader):
    rows = clean_rows()
    header = ["id", "name", "", "id", "name", ""]
    expect_clean(reader.read(write([header] + rows).encode()), rows, ["id", "name", "field3", "id_2", "name_2", "field6"])


# ---- one row is damaged, in every place ----

PLACES = [(row, column) for row in (0, 1, 5, 17, 38, 39) for column in range(6)]


def damage(rows, place, change, delimiter=","):
    """The file in which `change` was done to the cells (as they are written) of one row."""
    lines = [line(row, delimiter=delimiter) for row in [HEADER] + rows]
    written = [line([cell], delimiter=delimiter).rstrip("\n") if cell else "" for cell in rows[place[0]]]
    lines[place[0] + 1] = delimiter.join(change(written, place[1])) + "\n"
    return "".join(lines).encode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_row_with_a_delimiter_less(reader, delimiter):
    rows = clean_rows()
    for place in PLACES:
        if place[1] == 5 or any(mark in cell for cell in rows[place[0]][4:] for mark in (delimiter, "\n", '"')):
            continue  # joining a quoted cell is a damaged quote: see below
        content = damage(rows, place, lambda cells, i: cells[:i] + [cells[i] + cells[i + 1]] + cells[i + 2 :], delimiter)
        found = reader.read(content)
        expect_all_but(found, rows, place[0], ["missing-cell"])
        joined = rows[place[0]]
        assert found["records"][place[0]]["cells"] == joined[: place[1]] + [joined[place[1]] + joined[place[1] + 1]] + joined[place[1] + 2 :]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_row_with_a_delimiter_more(reader, delimiter):
    rows = clean_rows()
    for place in PLACES:
        found = reader.read(damage(rows, place, lambda cells, i: cells[:i] + [""] + cells[i:], delimiter))
        expect_all_but(found, rows, place[0], ["extra-cell"])
        longer = rows[place[0]][: place[1]] + [""] + rows[place[0]][place[1] :]
        record = found["records"][place[0]]
        assert record["cells"][:6] + record["data"]["_extra"] == longer


@pytest.mark.parametrize("where", ["before", "inside", "behind"])
def test_a_row_with_a_quote_more(reader, where):
    rows = clean_rows()

    def change(cells, i):
        at = {"before": 0, "inside": len(cells[i]) // 2, "behind": len(cells[i])}[where]
        return cells[:i] + [cells[i][:at] + '"' + cells[i][at:]] + cells[i + 1 :]

    for place in PLACES:
        quoted = rows[place[0]][place[1]]
        if any(mark in quoted for mark in ',"\n') or "\n" in rows[place[0]][5] or not quoted:
            continue  # whose quotes then pair otherwise: the rows around are looked at below
        found = reader.read(damage(rows, place, change))
        expect_all_but(found, rows, place[0], ["quote-error"])
        record = found["records"][place[0]]
        assert [cell.replace('"', "") for cell in record["cells"]] == [cell.replace('"', "") for cell in rows[place[0]]]


def test_a_quote_less_or_more_anywhere_costs_only_the_rows_of_its_record(reader):
    rows = clean_rows()
    text = write([HEADER] + rows)
    starts = [0]
    for row in [HEADER] + rows:
        starts.append(starts[-1] + len(line(row)))
    for at in [i for i, letter in enumerate(text) if letter == '"'] + list(range(starts[1], len(text), 7)):
        for content in (text[:at] + '"' + text[at:], text[:at] + text[at + 1 :] if text[at] == '"' else None):
            if content is None or at < starts[1]:
                continue
            hit = next(i for i in range(len(rows)) if starts[i + 1] <= at < starts[i + 2])
            found = reader.read(content.encode())
            read = cells(found)
            assert read[:hit] == rows[:hit], (at, content)
            behind = len(rows) - hit - 1
            # A quote too many may also be the text's own, doubled: then nothing is wrong.
            assert behind == 0 or read[-behind:] == rows[hit + 1 :], (at, hit)


@pytest.mark.parametrize("other", [";", "\t", "|", " "])
def test_a_row_with_another_delimiter(reader, other):
    rows = clean_rows()
    for row in (0, 3, 39):
        plain = [cell.replace(",", "").replace("\n", " ").replace('"', "") for cell in rows[row]]
        lines = [line(r) for r in [HEADER] + rows]
        lines[row + 1] = other.join(plain) + "\n"
        found = reader.read("".join(lines).encode())
        expect_all_but(found, rows, row, ["missing-cell"])
        assert found["records"][row]["cells"] == [other.join(plain)]


@pytest.mark.parametrize("damage_bytes", [b"\xff", b"\xe9", b"\xc3", b"\x00", b"\xed\xa0\x80"])
def test_a_row_with_bytes_that_are_no_text(reader, damage_bytes):
    rows = clean_rows()
    content = write([HEADER] + rows).encode()
    at = content.index(b"Person 7,") + 3
    found = reader.read(content[:at] + damage_bytes + content[at:])
    expect_all_but(found, rows, 6, ["encoding-error"])
    assert found["dialect"]["encoding"] == "utf-8"
    assert damage_bytes.hex() in found["records"][6]["raw"]


def test_a_row_that_is_far_too_long(reader):
    rows = clean_rows()
    content = damage(rows, (20, 1), lambda cells, i: cells[:i] + ["x" * 5000] + cells[i + 1 :])
    expect_all_but(reader.read(content, limit=1000), rows, 20, ["too-long-row"])
