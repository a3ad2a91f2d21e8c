"""tools/embed_assets.py: files as C. What the program makes of it is told by the unit suite 'assets'."""

import gzip
import re
import subprocess
import sys

from support.surroundings import REPOSITORY


def generate(folder, **files):
    """The C text for {name with _ for .: bytes}, each under the path /NAME."""
    specs = []
    for name, body in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(body)
        specs.append(f"/{path.name}={path}")
    output = folder / "assets.c"
    done = subprocess.run(
        [sys.executable, REPOSITORY / "tools/embed_assets.py", output, *specs], capture_output=True, text=True)
    return done, output.read_text() if output.exists() else None


def bytes_of(text, index):
    body = re.search(rf"bytes_{index}\[\] = {{\n(.*?)\n}};", text, re.DOTALL)[1]
    return bytes(int(number) for number in re.findall(r"\d+", body))


def test_a_small_file_is_kept_as_it_is(tmp_path):
    body = bytes(range(256)) * 2
    _, text = generate(tmp_path, page_html=body)
    assert bytes_of(text, 0) == body
    assert '{"/page.html", "text/html; charset=utf-8", ' in text


def test_a_large_file_is_kept_compressed(tmp_path):
    body = b"var a = 1;\n" * 2000
    _, text = generate(tmp_path, code_js=body)
    assert len(bytes_of(text, 0)) < len(body)
    assert gzip.decompress(bytes_of(text, 0)) == body


def test_the_same_files_give_the_same_text(tmp_path):
    body = b"p { margin: 0 }\n" * 2000
    assert generate(tmp_path, style_css=body)[1] == generate(tmp_path, style_css=body)[1]


def test_the_etag_changes_with_the_body(tmp_path):
    etag = re.compile(r'"\\"([0-9a-f]{16})\\""')
    one = etag.search(generate(tmp_path, page_html=b"one")[1])[1]
    two = etag.search(generate(tmp_path, page_html=b"two")[1])[1]
    assert one != two


def test_a_kind_of_file_without_a_known_content_type_is_refused(tmp_path):
    done, text = generate(tmp_path, program_exe=b"MZ")
    assert done.returncode != 0 and text is None
    assert "no content type is known for program.exe" in done.stderr


def test_an_empty_file_is_refused(tmp_path):
    done, text = generate(tmp_path, page_html=b"")
    assert done.returncode != 0 and text is None
    assert "is empty" in done.stderr
