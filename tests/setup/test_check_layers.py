"""tools/check_layers over small source trees, each with one thing wrong."""

import subprocess

import pytest

from support.surroundings import REPOSITORY

LAYERS = "# rank room\n0 base\n2 parse\n2 store\n3 import\n"


@pytest.fixture
def check(tmp_path):
    """check({path: text}) → (exit status, the faults as 'path:line: what')"""

    def run(files):
        (tmp_path / "LAYERS").write_text(LAYERS)
        for path, text in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        done = subprocess.run([REPOSITORY / "tools/check_layers", tmp_path], capture_output=True, text=True)
        return done.returncode, [line.removeprefix(f"{tmp_path}/") for line in done.stdout.splitlines()[:-1]]

    return run


def test_includes_of_the_own_room_and_of_lower_ranks_pass(check):
    text = '#include <stdio.h>\n#include "import/pipeline.h"\n#include "parse/reader.h"\n#include "base/slice.h"\n'
    assert check({"import/pipeline.c": text, "import/pipeline.h": "", "store/sqlite/rows.c": '#include "store/sqlite/rows.h"\n'}) == (0, [])


def test_an_include_of_a_sibling_of_the_same_rank_is_refused_with_its_line(check):
    status, faults = check({"parse/reader.c": '\n#include "base/slice.h"\n#include "store/store.h"\n'})
    assert status == 1
    assert faults == ['parse/reader.c:3: "store/store.h": parse/ has rank 2, store/ rank 2, which is not lower']


def test_an_include_of_a_higher_rank_is_refused_in_headers_too(check):
    status, faults = check({"base/slice.h": '#  include "import/pipeline.h"\n'})
    assert status == 1
    assert faults == ['base/slice.h:1: "import/pipeline.h": base/ has rank 0, import/ rank 3, which is not lower']


@pytest.mark.parametrize("header", ["slice.h", "../base/slice.h", "unknown/slice.h"])
def test_an_include_that_names_no_room_is_refused(check, header):
    status, faults = check({"parse/reader.c": f'#include "{header}"\n'})
    assert status == 1
    assert faults == [f'parse/reader.c:1: "{header}" names no room of src/LAYERS (write "room/header.h")']


def test_a_folder_that_is_no_room_is_refused(check):
    assert check({"misc/junk.c": ""}) == (1, ["misc/junk.c:1: misc/ is no room of src/LAYERS"])


def test_a_fenced_library_is_included_by_its_room_alone(check):
    status, faults = check({"import/pipeline.c": "#include <sqlite3.h>\n", "store/sqlite/rows.c": "#include <sqlite3.h>\n"})
    assert (status, faults) == (1, ["import/pipeline.c:1: <sqlite3.h> is included by store/ alone"])


@pytest.mark.parametrize(
    "literal",
    [
        '"SELECT id FROM records"',
        '"INSERT INTO records VALUES (1)"',
        '"INSERT OR IGNORE INTO records VALUES (1)"',
        '"UPDATE imports SET status = 1"',
        '"DELETE FROM records"',
        '"CREATE TABLE records (id)"',
        '"PRAGMA journal_mode = WAL"',
        '"SELECT id "\n\t"FROM records"',
        '"SELECT id " /* all of them */\n\t"FROM records"',
        '"SELECT id\\nFROM records"',
    ],
)
def test_sql_outside_the_store_is_refused(check, literal):
    text = f"static const char *sql =\n\t{literal};\n"
    status, faults = check({"import/pipeline.c": text, "store/sqlite/rows.c": text})
    assert (status, faults) == (1, ["import/pipeline.c:2: SQL stands outside src/store/"])


@pytest.mark.parametrize(
    "text",
    [
        "/* SELECT id FROM records is what the store does. */\n",
        "// DELETE FROM records\n",
        'log("select a row from the list");\n',
        "char quote = '\"'; /* SELECT x FROM y */ char other = '\"';\n",
        'f("SELECT"); g("FROM records");\n',
        'f("a \\" SELECT"); g(" FROM \\"");\n',
    ],
)
def test_prose_about_sql_passes(check, text):
    assert check({"import/pipeline.c": text}) == (0, [])


def test_an_empty_tree_does_not_pass_for_a_good_one(check):
    assert check({})[0] == 1


def test_the_repository_keeps_to_its_layers():
    done = subprocess.run([REPOSITORY / "tools/check_layers"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
