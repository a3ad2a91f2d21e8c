"""The defects that tests/defects/prove puts back still fit the source, and each has its test."""

import subprocess

import pytest

from support.surroundings import REPOSITORY, skip

DEFECTS = REPOSITORY / "tests/defects"
PATCHES = sorted((DEFECTS / "broken").glob("*.patch"))


def git(*words):
    return subprocess.run(["git", "-C", REPOSITORY, *words], capture_output=True, text=True)


def test_there_is_a_patch_for_each_test_and_a_test_for_each_patch():
    tested = {path.stem.removeprefix("test_").replace("_", "-") for path in DEFECTS.glob("test_*.py")}
    assert PATCHES and {path.stem for path in PATCHES} == tested


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.stem)
def test_a_patch_applies(path):
    if git("rev-parse", "--show-toplevel").stdout.strip() != str(REPOSITORY):
        skip(f"{REPOSITORY} is no git work tree, so whether the patches of tests/defects/broken apply was not tested")
    done = git("apply", "--check", str(path))
    assert done.returncode == 0, f"bring {path} up to the source: {done.stderr}"
