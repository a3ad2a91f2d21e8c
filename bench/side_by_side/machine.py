"""What was measured on: a description that figures make no sense without."""

import datetime
import os
import pathlib
import subprocess
import time

INTERESTING = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
PACKAGES = ("sentence-transformers", "torch", "transformers", "onnxruntime", "openvino")


def others_share(seconds=1):
    """The share of all processor time that is used while this process sleeps, and what it has started has nothing to do. The load
    average would tell of minutes ago."""
    def ticks():
        fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]  # idle, and waiting for a disk
    before = ticks()
    time.sleep(seconds)
    total, idle = (now - then for now, then in zip(ticks(), before))
    return 1 - idle / total


def is_quiet():
    """Whether others leave the cores to this run."""
    return others_share() < 0.1


def processor():
    """(model name, the instruction sets that matter)"""
    fields = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    flags = fields.get("flags", "").split()
    numbers = "family {cpu family} model {model} stepping {stepping}".format_map(fields)
    return f"{fields['model name']} ({numbers})", [flag for flag in INTERESTING if flag in flags]


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def versions(folder):
    """What pip froze, of the packages that compute."""
    frozen = dict(line.split("==") for line in (folder / "versions.txt").read_text().splitlines() if "==" in line)
    return [f"{name} {frozen[name]}" for name in PACKAGES if name in frozen]


def describe(repository, folder):
    """Lines of Markdown."""
    name, flags = processor()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    compiler = output("gcc", "--version").splitlines()[0]
    others = others_share()
    changed = " with changes" if output("git", "-C", str(repository), "status", "--porcelain", "--", "src", "bench") else ""
    return [f"- {datetime.date.today()}, commit {output('git', '-C', str(repository), 'rev-parse', '--short', 'HEAD')}{changed}; {compiler}; "
            f"oneDNN {output('dpkg-query', '-W', '-f', '${Version}', 'libdnnl2')}",
            f"- {name}, {os.cpu_count()} processors, {', '.join(flags)}; {memory:.0f} GiB; Linux {os.uname().release}",
            f"- share of the processors that others took before: {others:.0%}" + ("" if others < 0.1 else " (**not a result: the machine was busy**)"),
            f"- {', '.join(versions(folder))}"]
