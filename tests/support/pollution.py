"""Damaged files by the rules of "Pollock: A Data Loading Benchmark" (PVLDB 16, 2023), and its score.

The benchmark takes one clean table, does one damage to it a file, and asks how much of the table a program gets back. The kinds
and the numbers of files are its own (2,290 files); the table is ours, of the same shape (84 lines, 9 columns, quotes where they
are needed, quotes inside texts). A file goes with the parameters that the benchmark gives to the programs that it measures."""

import random
from collections import Counter
from dataclasses import dataclass, field

COLUMNS = ["DAY", "HOUR", "COUNT", "CODE", "Price", "Article", "Description", "Page", "Remark"]
LINES = 84  # with the header
THINGS = ["Kettle", "Women's Gloves", "Garden Hose", "Lamp, Standing", "Kids' Bicycle, 20\"", "Blanket", "Men's Belt, Leather", "Picture Frame, 8\" Oak"]
TEXTS = [
    "Made to last for years, and light enough for every day",
    "Sold in pairs; a spare part is in the box",
    "You'll wonder how you ever did without it, and so will your neighbours",
    "Measures 5\" by 7\", which fits every shelf",
    "The one with the 9\\' cord, and a 3\" plug",
    "Our best offer of the season: nothing else comes close",
    "For indoor use only",
    "Soft, warm, and easy to wash",
]


def clean_table():
    """The header and the rows, the same ones each time."""
    dice = random.Random(2023)
    rows = [COLUMNS]
    for i in range(1, LINES):
        code = f"{dice.choice('ABCDEFG')}{dice.choice('KLMN')}-{dice.randrange(1000, 10000)}"
        rows.append([
            f"{dice.randrange(1, 29):02}/{dice.randrange(1, 13):02}/2018", f"{dice.randrange(24):02}:{dice.choice((0, 15, 30, 45)):02}", str(dice.randrange(40)),
            code, f"${dice.randrange(100, 10000) / 100:.2f}", dice.choice(THINGS), f"{dice.choice(TEXTS)} ({i}).", f"https://www.example.com/{code}.html", "",
        ])
    return rows


@dataclass
class Cell:
    """As it is written: mark, text with an escape before each quote in it, mark."""

    text: str
    quoted: bool

    def written(self, mark='"', escape='"'):
        text = self.text.replace('"', escape + '"') if self.quoted else self.text
        return mark + text + mark if self.quoted else text


def cells_of(row):
    return [Cell(text, any(sign in text for sign in ',"') or text.startswith("https:")) for text in row]


@dataclass
class PollutedFile:
    kind: str
    name: str
    content: bytes
    clean: list  # what a program should get back: rows of texts, the header among them
    words: dict = field(default_factory=dict)  # the parameters, as the reader is told them


def as_file(kind, name, lines, clean, words=None, encoding="utf-8"):
    words = {"delimiter": ",", "quote": '"', "skip": 0, **(words or {})}
    return PollutedFile(kind, name, "".join(lines).encode(encoding), clean, words)


def line(cells, delimiter=",", end="\r\n", **marks):
    return delimiter.join(cell.written(**marks) for cell in cells) + end


def lines_of(rows, **dialect):
    return [line(cells_of(row), **dialect) for row in rows]


def whole_files():
    """One file each in which the damage concerns all of it."""
    table = clean_table()
    header, rows = table[0], table[1:]

    def kind(name, lines, clean, **words):
        return as_file(name, name, lines, clean, words)

    plain = lines_of(table)
    yield kind("source", plain, table)
    yield kind("file_no_payload", [], [])
    yield kind("file_no_trailing_newline", plain[:-1] + [plain[-1].rstrip("\r\n")], table)
    yield kind("file_double_trailing_newline", plain + ["\r\n"], table)
    yield kind("file_no_header", plain[1:], rows, header=False)
    for count in (2, 3):  # their names are the rows of the header, joined
        yield kind(f"file_header_multirow_{count}", plain[:1] * (count - 1) + plain, [[" ".join([name] * count) for name in header]] + rows, skip=count - 1)
    yield kind("file_preamble", ["Sales of the year," + "," * 7 + "\r\n", "," * 8 + "\r\n"] + plain, table, skip=2)
    for name, second in (("less", [row[:8] for row in table]), ("more", [row + ["col1" if row is header else ""] for row in table]), ("same", table)):
        yield kind(f"file_multitable_{name}", plain + lines_of(second), table + second)
    yield kind("file_header_only", plain[:1], table[:1])
    yield kind("file_one_data_row", plain[:2], table[:2])
    # Only the delimiter changes: cells that hold the new one are quoted only if they were.
    for name, delimiter in (("0x20", " "), ("0x2C_0x20", ", "), ("0x3B", ";"), ("0x9", "\t")):
        yield kind(f"file_field_delimiter_{name}", lines_of(table, delimiter=delimiter), table, delimiter=delimiter)
    # Only the marks change, and nothing is escaped: apostrophes in texts stand as they are.
    yield kind("file_quotation_char_0x27", lines_of(table, mark="'", escape=""), table, quote="'")
    yield kind("file_escape_char_0x5C", lines_of(table, escape="\\"), table, escape="\\")
    yield kind("file_escape_char_0x00", lines_of(table, escape=""), table)
    yield kind("file_record_delimiter_0xA", lines_of(table, end="\n"), table)
    yield kind("file_record_delimiter_0xD", lines_of(table, end="\r"), table)


def with_line(plain, at, changed):
    return plain[:at] + [changed] + plain[at + 1 :]


def row_files(step=1):
    """A file for each line, or for each cell; or for those of every `step`th line. Damage to the header is a kind of its own."""
    table = clean_table()
    plain = lines_of(table)
    for at, row in [(0, table[0])] + list(enumerate(table))[1::step]:
        row_kind = "row" if at else "row0"
        cells = cells_of(row)
        written = [cell.written() for cell in cells]
        for column in range(len(row)):
            name = f"row{at}_col{column}"
            if column:
                parts = written[: column - 1] + [written[column - 1] + written[column]] + written[column + 1 :]
                yield as_file(row_kind + "_less_sep", f"row_less_sep_{name}", with_line(plain, at, ",".join(parts) + "\r\n"), table)
            parts = written[:column] + [""] + written[column:]
            yield as_file(row_kind + "_more_sep", f"row_more_sep_{name}", with_line(plain, at, ",".join(parts) + "\r\n"), table)
            # One more quote before the text, behind the mark where there is one.
            stray = ('""' + written[column][1:]) if cells[column].quoted else '"' + written[column]
            parts = written[:column] + [stray] + written[column + 1 :]
            damaged = row[:column] + ['"' + row[column]] + row[column + 1 :]
            yield as_file(row_kind + "_extra_quote", f"row_extra_quote_{name}", with_line(plain, at, ",".join(parts) + "\r\n"), with_line(table, at, damaged))
        yield as_file(row_kind + "_field_delimiter_0x20", f"row_field_delimiter_{at}", with_line(plain, at, line(cells, delimiter=" ")), table)


def further_files():
    """Kinds beyond those of the published list: what the benchmark's own program can make besides, and encodings."""
    table = clean_table()
    header, rows = table[0], table[1:]
    plain = lines_of(table)
    accented = [header] + [row[:8] + ["café à la crème"] for row in rows]
    encodings = {"utf-8-sig": "utf-8", "utf-16": "utf-16", "utf-16-le": "utf-16le", "utf-16-be": "utf-16be", "utf-32": "utf-32", "latin-1": "latin1"}
    for encoding, label in encodings.items():
        yield as_file("file_encoding", f"file_encoding_{encoding}", lines_of(accented), accented, {"encoding": label}, encoding)
    for name, footer in (("delimited", ["," * 8 + "\r\n", "Total" + "," * 8 + "\r\n"]), ("not_delimited", ["\r\n", "Total\r\n"])):
        below = [[""] * 9, ["Total"] + [""] * 8] if name == "delimited" else [["Total"]]
        yield as_file("file_footnote", f"file_footnote_{name}", plain + footer, table + below)
    for name, delimiter in (("0x7C", "|"), ("0x3A", ":"), ("0x9_0x9", "\t\t"), ("0x7C_0x7C", "||"), ("0xA7", "§")):
        texts = [[cell.replace(delimiter, " ") for cell in row] for row in table]
        yield as_file("file_field_delimiter", f"file_field_delimiter_{name}", lines_of(texts, delimiter=delimiter), texts, {"delimiter": delimiter})
    ends = ["\r\n", "\n", "\r"]
    yield as_file("file_record_delimiter", "file_record_delimiter_mixed", [line(cells_of(row), end=ends[i % 3]) for i, row in enumerate(table)], table)
    for at in (1, 2, 50, LINES - 1):
        yield as_file("row_record_delimiter", f"row_record_delimiter_{at}", with_line(plain, at, plain[at].replace("\r\n", "\n")), table)
        yield as_file("row_field_delimiter_0x3B", f"row_field_delimiter_0x3B_{at}", with_line(plain, at, line(cells_of(table[at]), delimiter=";")), table)
        yield as_file("row_quotation_mark", f"row_quotation_mark_{at}", with_line(plain, at, line(cells_of(table[at]), mark="'")), table)
        yield as_file("row_n_fields", f"row_n_fields_{at}_5", with_line(plain, at, line(cells_of(table[at])[:5])), with_line(table, at, table[at][:5]))
        longer = table[at] + ["more"] * 6
        yield as_file("row_n_fields", f"row_n_fields_{at}_15", with_line(plain, at, line(cells_of(longer))), with_line(table, at, longer))
    for name, new in (("empty", ""), ("nonalnum", "HEAD/%R"), ("large", "HEADER" * 10000)):
        for column in (0, 2, 8):
            changed = header[:column] + [new] + header[column + 1 :]
            yield as_file("column_header", f"column_header_{column}_{name}", with_line(plain, 0, line(cells_of(changed))), [changed] + rows)
    repeated = ["NAME", "NAME"] + header[2:]
    yield as_file("column_header", "column_header_nonunique", with_line(plain, 0, line(cells_of(repeated))), [repeated] + rows)
    for count in (1, 1024):
        wide = [[f"{cell}{i // 9}" if row is header else cell for i, cell in enumerate((row * 114)[:count])] for row in table]
        yield as_file("file_num_columns", f"file_num_columns_{count}", lines_of(wide), wide)


def shares(expected, got):
    """Precision, recall and F1 as the benchmark takes them."""
    if not expected:
        return 1.0, 1.0, 1.0
    common = sum((Counter(expected) & Counter(got)).values())
    if common == 0:
        return 0.0, 0.0, 0.0
    precision, recall = common / len(expected), common / len(got)
    return precision, recall, 2 * precision * recall / (precision + recall)


def score(clean, loaded):
    """0 to 10: success, and precision, recall and F1 of the header's names, of the records and of the cells. `loaded` is None
    where the program gave up. Texts count as they are; the benchmark takes some different ones for equal (1.0 and 1, A and a)."""
    if loaded is None:
        return 0.0
    if not clean:
        return 10.0
    header = shares(clean[0], loaded[0]) if loaded else (0.0,) * 3
    records = shares(["".join(row) for row in clean[1:]], ["".join(row) for row in loaded[1:]])
    cells = shares([cell for row in clean for cell in row], [cell for row in loaded for cell in row])
    return 1 + sum(header) + sum(records) + sum(cells)
