import pytest

from support.reader import Reader


@pytest.fixture(scope="session")
def reader():
    reader = Reader()
    yield reader
    reader.close()
