"""What the tests find around them: the program, the corpus, the machine's patience.

ROWMILL_BINARY    the program under test; build/rowmill of this repository unless told
ROWMILL_SHARED    folder of other people's test cases; beside the repository unless told
ROWMILL_PATIENCE  factor for every time limit; give 10 for a sanitizer build on a busy machine
ROWMILL_LONG      1: the long form of tests that have one
"""

import os
import pathlib

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("ROWMILL_BINARY", REPOSITORY / "build" / "rowmill")).resolve()
LONG = os.environ.get("ROWMILL_LONG") == "1"

# Limits after which something is taken to hang. They are never a statement about speed.
PATIENCE_S = 120.0 * float(os.environ.get("ROWMILL_PATIENCE", "1"))


def skip(reason):
    """A skip that nobody overlooks: where CI=true, it is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"must not be skipped where CI=true: {reason}")
    pytest.skip(reason)


def shared_path(name):
    """A file or folder of the corpus."""
    folder = pathlib.Path(os.environ.get("ROWMILL_SHARED", REPOSITORY.parent / "shared"))
    path = folder / name
    if not path.exists():
        skip(f"{path} is missing; ROWMILL_SHARED names the folder it is looked for in")
    return path


def model_folder():
    """Where the program looks for its model."""
    default = pathlib.Path.home() / ".local/share/rowmill/models/all-MiniLM-L6-v2"
    return pathlib.Path(os.environ.get("ROWMILL_MODEL", default))
