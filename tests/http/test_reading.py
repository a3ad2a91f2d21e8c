"""Files as people have them: other dialects, packed, in other encodings, JSON in wrappers, workbooks."""

import datetime
import gzip
import io
import json
import zipfile

import pytest

from support.expect import expect_problem
from support.packing import skippable_frame, zstd_frame
from support.people import fresh_seed
from support.workbook import CUSTOM_DATE, DURATION, TIME, Error, Inline, Number, workbook


def import_any(client, content, filename="table.csv", **options):
    found = client.finish_import(content, filename, schema="any", **options)
    return found, [record["data"] for record in client.all_records(found["id"])]


# ---- options ----


def test_what_the_sender_says_of_a_table_counts(client):
    seed = fresh_seed()
    content = f"made by hand\n\n~a*b~;~it\\~s {seed}~\n~2~;3\n".encode()
    found, rows = import_any(client, content, delimiter=";", quote="~", escape="\\", header="false", skip="2")
    assert rows == [{"field1": "a*b", "field2": f"it~s {seed}"}, {"field1": "2", "field2": "3"}]
    assert found["dialect"] == {"encoding": "utf-8", "delimiter": ";", "quote": "~", "header": False, "skipped_lines": 2, "escape": "\\"}


@pytest.mark.parametrize("delimiter", ["§", "||", "; ", "\t", "tab", "\x1f", "x"])
def test_any_character_divides_cells(client, delimiter):
    seed, between = fresh_seed(), "\t" if delimiter == "tab" else delimiter
    found, rows = import_any(client, between.join(["a", "b"]).encode() + f"\n1{between}{seed}\n".encode(), delimiter=delimiter)
    assert (rows, found["dialect"]["delimiter"]) == ([{"a": "1", "b": str(seed)}], between)


def test_quotes_can_be_ordinary_characters(client):
    seed = fresh_seed()
    _, rows = import_any(client, f'a,b\n5" pipe,{seed}\n"x,y\n'.encode(), quote="none")
    assert rows == [{"a": '5" pipe', "b": str(seed)}, {"a": '"x', "b": "y"}]


def test_the_format_can_be_told(client):
    seed = fresh_seed()
    found, rows = import_any(client, f"[a]\tb\n1\t{seed}\n".encode(), format="tsv")
    assert (found["format"], rows) == ("csv", [{"[a]": "1", "b": str(seed)}])


@pytest.mark.parametrize("options, name", [
    ({"delimiter": "ab"}, "delimiter"), ({"delimiter": "\n"}, "delimiter"), ({"quote": "''"}, "quote"), ({"quote": "é"}, "quote"),
    ({"delimiter": '"'}, "quote"), ({"delimiter": ",", "quote": ","}, "quote"), ({"escape": ";", "delimiter": ";"}, "escape"),
    ({"encoding": "klingon"}, "encoding"), ({"encoding": "utf-8//IGNORE"}, "encoding"), ({"format": "pdf"}, "format"),
    ({"format": "json", "delimiter": ","}, "format"), ({"format": "csv", "sheet": "1"}, "format"), ({"skip": "-1"}, "skip"),
    ({"header": "perhaps"}, "header"),
])
def test_options_that_make_no_sense_are_refused_with_their_place(client, options, name):
    expect_problem(client.upload(b"a,b\n1,2\n", schema="any", **options), 422, "invalid-parameter", ["query", name])


# ---- packed files ----


def pieces_of(content):
    return content[: len(content) // 3], content[len(content) // 3 :]


PACKINGS = {
    "gzip": gzip.compress,
    "zstd": zstd_frame,
    "gzip of several members, padded": lambda content: b"".join(map(gzip.compress, pieces_of(content))) + bytes(512),
    "zstd of several frames": lambda content: skippable_frame(b"index") + b"".join(map(zstd_frame, pieces_of(content))) + skippable_frame(b"", 7),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("kind", ["csv", "json", "ndjson"])
def test_packed_files_are_unpacked_as_they_are_read(client, packing, kind):
    seed = fresh_seed()
    rows = [{"a": str(i), "b": f"é {seed}"} for i in range(200)]
    content = {
        "csv": "a,b\n" + "".join(f"{row['a']},{row['b']}\n" for row in rows),
        "json": json.dumps(rows),
        "ndjson": "".join(json.dumps(row) + "\n" for row in rows),
    }[kind].encode()
    found, read = import_any(client, PACKINGS[packing](content), f"table.{kind}.packed")
    assert (found["format"], found["dialect"]["compression"], read == rows) == (kind, packing.split()[0], True)


@pytest.mark.parametrize("pack", [gzip.compress, zstd_frame])
def test_a_packed_file_that_is_cut_or_damaged_fails_with_its_place(client, pack):
    rows = "".join(f"{i},{i * i * fresh_seed() % 99991}\n" for i in range(60000))
    content = pack(("a,b\n" + rows).encode())
    cut = client.finish_import(content[: len(content) // 2], "cut.csv.gz", schema="any")
    assert (cut["status"], cut["error"]["code"], cut["total_records"]) == ("failed", "truncated-compression", 0)
    assert cut["error"]["byte"] == len(content) // 2 and cut["error"]["line"] > 100
    middle = len(content) // 2
    damaged = client.finish_import(content[:middle] + bytes(50) + content[middle + 50 :], "damaged.csv.gz", schema="any")
    assert (damaged["status"], damaged["error"]["code"]) == ("failed", "corrupt-compression")


@pytest.mark.once
def test_a_bomb_fails_before_it_goes_off(client):
    bomb = zstd_frame(b"a\n" + bytes(str(fresh_seed()), "ascii") + b"x" * (400 << 20))
    found = client.finish_import(bomb, "bomb.csv.zst", schema="any")
    assert (found["status"], found["error"]["code"]) == ("failed", "too-much-unpacked")


def test_what_is_inside_a_packed_file_is_looked_at(client):
    expect_problem(client.upload(gzip.compress(b"\x89PNG\r\n\x1a\n" + bytes(500)), "picture.csv.gz"), 415)
    expect_problem(client.upload(gzip.compress(gzip.compress(b"a,b\n1,2\n")), "twice.csv.gz"), 415)


# ---- encodings ----

TEXTS = {
    "utf-16": "name,city\nJosé,Zürich {0}\n",
    "utf-16-le": "name,city\nJosé,Zürich {0}\nИван,Москва\n",
    "utf-16-be": "name,city\nJosé,Zürich {0}\n",
    "utf-32": "name,city\nJosé,Zürich {0}\n",
    "utf-32-le": "name,city\nJosé,Zürich {0}\n",
    "windows-1252": "name,city\nJosé,“Zürich” {0}\nZoë – 5 €,Orléans\n",
    "latin-1": "name,city\nJosé,Zürich {0}\n",
    "windows-1251": "имя,город\nИван Петров,Москва {0}\nМария Иванова,Санкт-Петербург\nПётр Сидоров,Новосибирск\n",
    "koi8-r": "имя,город\nИван Петров,Москва {0}\nМария Иванова,Санкт-Петербург\nПётр Сидоров,Новосибирск\n",
    "shift_jis": "名前,都市\n山田太郎,東京都 {0}\n鈴木花子さん,大阪市\n佐藤一郎です,名古屋\n",
    "gb18030": "姓名,城市\n王小明,北京市 {0}\n李华的朋友,上海市\n张伟是中国人,广州市\n",
    "euc-kr": "이름,도시\n김철수,서울특별시 {0}\n이영희입니다,부산광역시\n박민수는 사람,대구\n",
}


def rows_of(text):
    header, *lines = [line.split(",") for line in text.splitlines()]
    return [dict(zip(header, line)) for line in lines]


@pytest.mark.parametrize("encoding", TEXTS)
def test_the_encoding_is_guessed_and_shown(client, encoding):
    text = TEXTS[encoding].format(fresh_seed())
    found, rows = import_any(client, text.encode(encoding))
    assert rows == rows_of(text), found["dialect"]
    expected = {"utf-16": "utf-16le", "utf-32": "utf-32le", "latin-1": "windows-1252"}.get(encoding, encoding.replace("-le", "le").replace("-be", "be"))
    assert found["dialect"]["encoding"] == expected


@pytest.mark.parametrize("encoding", TEXTS)
def test_the_encoding_can_be_told_in_any_case(client, encoding):
    text = TEXTS[encoding].format(fresh_seed())
    _, rows = import_any(client, text.encode(encoding), encoding=encoding.upper().replace("-LE", "LE").replace("-BE", "BE"))
    assert rows == rows_of(text)


def test_what_the_sender_says_outweighs_the_guess(client):
    seed = fresh_seed()
    found, rows = import_any(client, f"a,b\nŁódź,{seed}\n".encode("iso-8859-2"), encoding="Latin2")
    assert (rows, found["dialect"]["encoding"]) == ([{"a": "Łódź", "b": str(seed)}], "iso-8859-2")
    found, _ = import_any(client, f"a,b\nJosé,{seed}\n".encode("latin-1"), encoding="utf8")
    assert (found["dialect"]["encoding"], found["failed_records"]) == ("utf-8", 1)


def test_some_bad_bytes_do_not_turn_a_file_from_utf_8(client):
    rows = [f"{i},naïve café {i}\n".encode() for i in range(200)]
    rows[150] = b"150,caf\xe9\n"
    found, _ = import_any(client, b"a,b\n" + b"".join(rows) + str(fresh_seed()).encode() + b",x\n")
    assert (found["dialect"]["encoding"], found["failed_records"]) == ("utf-8", 1)


def test_a_first_letter_that_comes_late_is_read_in_its_encoding(client):
    rows = f"1,{'plain text ' * 20000}\n{fresh_seed()},José\n"
    found, read = import_any(client, ("a,b\n" + rows).encode("latin-1"))
    assert (found["dialect"]["encoding"], found["failed_records"], read[-1]["b"]) == ("windows-1252", 0, "José")


def test_bytes_that_the_encoding_does_not_have_are_errors_of_their_rows(client):
    found, rows = import_any(client, b"a,b\n\x81bad,%d\n\xe9t\xe9,x\n" % fresh_seed(), encoding="windows-1252")
    assert (found["failed_records"], rows[0]["a"], rows[1]["a"]) == (1, "\ufffdbad", "été")


# ---- JSON ----


def test_an_object_around_one_array_gives_its_records(client):
    seed = fresh_seed()
    content = json.dumps({"meta": {"page": [1]}, "data": [{"a": 1, "b": [{"c": seed}]}, 5, {"a": 2}], "total": 3}, indent=1)
    found, rows = import_any(client, content.encode(), "wrapped.json")
    assert (found["format"], rows, found["dialect"]["records_in"]) == ("json", [{"a": 1, "b": [{"c": seed}]}, 5, {"a": 2}], "data")
    assert (found["processed_records"], found["failed_records"]) == (2, 1)


def test_an_object_that_names_fields_is_a_record_itself(client):
    seed = fresh_seed()
    found = client.finish_import(json.dumps({"name": "Ada", "email": f"a{seed}@example.com", "orders": [{"name": "x"}]}).encode(), "one.json")
    assert (found["processed_records"], found["dialect"].get("records_in")) == (1, None)


# ---- workbooks ----


def test_a_workbook_is_read_as_its_first_visible_sheet_shows_it(client):
    seed = fresh_seed()
    content = workbook({
        "Secret": [["no"]],
        "Leute": [
            ["name", "born", "seen", "at", "for", "score", "ok", "note", "when"],
            ["Zoë, \"Z\"\nB.", datetime.date(1984, 2, 29), datetime.datetime(2024, 5, 1, 13, 30), Number("0.75", TIME), Number("1.5", DURATION),
             Number("1.1000000000000001"), True, Error("#N/A"), Number("45351", CUSTOM_DATE)],
            ["_x0041__x005F_", None, None, None, None, Number("1E3"), False, Inline(f" {seed} ")],
        ],
    }, hidden=["Secret"])
    found, rows = import_any(client, content, "book.xlsx")
    assert (found["format"], found["dialect"]["sheet"], found["failed_records"]) == ("xlsx", "Leute", 0)
    assert rows == [
        {"name": "Zoë, \"Z\"\nB.", "born": "1984-02-29", "seen": "2024-05-01T13:30:00", "at": "18:00:00", "for": "PT36H0M0S", "score": "1.1",
         "ok": "true", "note": "#N/A", "when": "2024-02-29"},
        {"name": "A_", "born": "", "seen": "", "at": "", "for": "", "score": "1000", "ok": "false", "note": f" {seed} ", "when": ""},
    ]


def test_a_sheet_is_chosen_by_name_or_number(client):
    content = workbook({"One": [["a"], [f"1 {fresh_seed()}"]], "Two": [["a"], ["2"]], "3": [["a"], ["three"]]})
    for sheet, value in {"two": "2", "2": "2", "3": "three"}.items():
        _, rows = import_any(client, content, "book.xlsx", sheet=sheet)
        assert rows == [{"a": value}]
    missing = client.finish_import(content, "book.xlsx", schema="any", sheet="Four")
    assert (missing["status"], missing["error"]["code"]) == ("failed", "unknown-sheet")


def test_empty_rows_and_cells_of_a_sheet_keep_their_places(client):
    seed = fresh_seed()
    content = workbook({"S": {2: ["Report"], 4: [None, "Name", "E-Mail"], 7: [None, "Ada", f"ada{seed}@example.com"], 9: [None, "Bob", "no address"]}})
    found = client.finish_import(content, "book.xlsx")
    records = client.all_records(found["id"])
    assert [(record["row"], record["line"], record["status"]) for record in records] == [(1, 7, "valid"), (2, 9, "invalid")]
    assert found["dialect"]["skipped_lines"] == 3


def test_workbooks_that_cannot_be_read_say_why(client):
    protected = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    response = client.upload(protected, "book.xls")
    expect_problem(response, 415)
    assert "password" in response.text and "XLSX" in response.text
    expect_problem(client.upload(b"a,b\n1,2\n", "book.xlsx", format="xlsx"), 415)
    book = workbook({"S": [["a"], [f"{fresh_seed()}"] * 100]})
    cut = client.finish_import(book[: len(book) // 2], "cut.xlsx", schema="any")
    assert (cut["status"], cut["error"]["code"]) == ("failed", "corrupt-workbook")
    evil = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">]><worksheet>&b;</worksheet>'
    evil = client.finish_import(workbook({f"S{fresh_seed()}": evil}), "evil.xlsx", schema="any")
    assert (evil["status"], evil["error"]["code"]) == ("failed", "corrupt-workbook")


@pytest.mark.once
def test_a_workbook_that_is_a_bomb_fails(client):
    out = io.BytesIO(workbook({f"S{fresh_seed()}": [["a"]]}))
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            if not name.startswith("xl/worksheets/"):
                archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(b"<worksheet><sheetData>")
            for _ in range(400):
                sheet.write(b" " * (1 << 20))
    found = client.finish_import(bomb.getvalue(), "bomb.xlsx", schema="any")
    assert (found["status"], found["error"]["code"]) == ("failed", "too-much-unpacked")
