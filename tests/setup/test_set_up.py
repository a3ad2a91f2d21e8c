"""tools/setup and ./run. What a bare machine would need is shown by shell functions in the commands' places."""

import os
import subprocess

import pytest

from support.surroundings import REPOSITORY, skip

# A machine where gcc is installed and meson was removed, and an apt-get that tells what it was asked.
STAND_INS = """
packages_of() { printf '%s\\n' gcc meson ninja-build; }
dpkg-query() { printf 'installed gcc\\nconfig-files meson\\n'; }
id() { echo 1000; }
sudo() { [ "$1" = -n ] && return 1; "$@"; }
apt-get() { echo "apt-get $*" >&2; }
"""


def sourced(script):
    """Runs bash with tools/setup's functions and the stand-ins."""
    return subprocess.run(
        ["bash", "-c", f"source tools/setup\n{STAND_INS}\n{script}"],
        cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def test_only_packages_that_are_not_installed_are_missing():
    done = sourced("packages_of run | only_missing")
    assert done.stdout.split() == ["meson", "ninja-build"]


def test_without_root_and_sudo_the_packages_to_install_are_named():
    done = sourced("install_packages run; echo went on")
    assert done.returncode == 1
    assert done.stderr == (
        "rowmill: these Debian packages are missing, and only root can install them: "
        "apt-get install --no-install-recommends meson ninja-build\n")
    assert done.stdout == ""


def test_without_apt_the_packages_are_named():
    done = sourced('command() { [ "$2" != apt-get ]; }\ninstall_packages run; echo went on')
    assert done.returncode == 1
    assert "install what corresponds to: meson ninja-build" in done.stderr
    assert done.stdout == ""


def test_nothing_is_asked_for_where_nothing_is_missing():
    done = sourced("dpkg-query() { printf 'installed %s\\n' gcc meson ninja-build; }\ninstall_packages run; echo went on")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "went on\n")


def test_root_needs_no_sudo_and_a_user_takes_it_where_it_works():
    assert sourced("id() { echo 0; }; echo [$(privilege)]").stdout == "[]\n"
    assert sourced("sudo() { return 0; }; echo [$(privilege)]").stdout == "[sudo]\n"
    assert sourced("privilege || echo $?").stdout == "1\n"


def test_progress_is_told_in_quarters_for_each_stage():
    done = sourced(
        "printf '%s\\n' dlstatus:1:10.0:Retrieving dlstatus:1:30.5:Retrieving dlstatus:2:31:Retrieving "
        "dlstatus:9:100:Retrieving pmstatus:gcc:5.0:Unpacking pmstatus:gcc:51.2:Unpacking other:x:99:y | show_progress")
    assert done.stderr.splitlines() == [
        "rowmill: packages: downloaded 25 %", "rowmill: packages: downloaded 100 %", "rowmill: packages: installed 50 %"]


def test_each_list_names_packages_one_a_line_and_no_package_twice():
    named = [line for name in ("run", "test") for line in (REPOSITORY / f"tools/packages-{name}").read_text().split("\n")]
    named = [line for line in named if line and not line.startswith("#")]
    assert all(line == line.strip() and " " not in line for line in named)
    assert len(named) == len(set(named))


def test_setup_without_a_word_says_how_it_is_called():
    done = subprocess.run([REPOSITORY / "tools/setup"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "rowmill: usage: tools/setup run|test\n"


@pytest.fixture
def offline(tmp_path):
    """An environment in which whoever asks the network, or installs a package, fails."""
    for command in ("apt-get", "curl", "wget", "sudo"):
        stand_in = tmp_path / command
        stand_in.write_text(f"#!/bin/sh\necho {command} was called >&2\nexit 1\n")
        stand_in.chmod(0o755)
    nowhere = "http://127.0.0.1:9"
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PIP_INDEX_URL": nowhere, "HF_ENDPOINT": nowhere,
            "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "http_proxy": nowhere, "https_proxy": nowhere}


def test_a_second_set_up_has_nothing_to_do_and_nothing_to_say(offline, tmp_path):
    if not (REPOSITORY / "build/rowmill").exists():
        skip("build/rowmill is missing; ./run setup makes it")
    link = tmp_path / "run-rowmill"
    link.symlink_to(REPOSITORY / "run")
    for command in (REPOSITORY / "run", link):
        done = subprocess.run([command, "setup"], cwd=tmp_path, env=offline, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_run_hands_its_arguments_to_serve(offline, tmp_path):
    if not (REPOSITORY / "build/rowmill").exists():
        skip("build/rowmill is missing; ./run setup makes it")
    done = subprocess.run([REPOSITORY / "run", "--help"], cwd=tmp_path, env=offline, capture_output=True, text=True)
    assert done.returncode == 0
    assert "--port" in done.stdout
