"""What of the program the tests run: lines and branches by room, from gcc's own gcov.

    ./test coverage

builds without optimisation (which joins branches), so that what is counted is what is written. Nothing is excluded: a branch
that only exhausted memory takes is taken by a test that exhausts it, or counts as not taken. build/results/coverage.txt lists
each line with a branch that no test took."""

import json
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

AT_A_TIME = 40  # files a call of gcov


@dataclass
class Line:
    count: int = 0
    branches: list = field(default_factory=list)

    def add(self, count, branches):
        """What one object file says of the line. Functions of headers are in many."""
        self.count += count
        if len(branches) != len(self.branches):
            self.branches = max(self.branches, branches, key=len)
        else:
            self.branches = [a + b for a, b in zip(self.branches, branches)]

    def is_whole(self):
        return self.count > 0 and all(self.branches)


def current_notes(build):
    """gcc's notes on what is compiled now. Those on sources that went away stay in the folder, and count nothing."""
    command = ["ninja", "-t", "targets", "all"]
    targets = subprocess.run(command, cwd=build, capture_output=True, text=True, check=True).stdout
    objects = [Path(line.rpartition(":")[0]) for line in targets.splitlines() if line.startswith("src/")]
    notes = (build / path.with_suffix(".gcno") for path in objects if path.suffix == ".o")
    return sorted(str(path) for path in notes if path.exists())


def read(root, build):
    """The lines of each source file below src/, by number."""
    files = defaultdict(lambda: defaultdict(Line))
    notes = current_notes(build)
    for start in range(0, len(notes), AT_A_TIME):
        command = ["gcov", "--json-format", "--stdout", "--branch-probabilities", *notes[start : start + AT_A_TIME]]
        output = subprocess.run(command, cwd=build, capture_output=True, text=True, check=True).stdout
        for report in output.splitlines():
            for file in json.loads(report)["files"] if report else ():
                path = (build / file["file"]).resolve()
                if path.is_relative_to(root / "src"):
                    for line in file["lines"]:
                        branches = [branch["count"] for branch in line["branches"]]
                        files[path.relative_to(root)][line["line_number"]].add(line["count"], branches)
    return files


def percent(part, whole):
    return 100 * part / whole if whole else 100.0


@dataclass
class Room:
    lines: int = 0
    lines_run: int = 0
    branches: int = 0
    branches_taken: int = 0

    def line_share(self):
        return percent(self.lines_run, self.lines)

    def branch_share(self):
        return percent(self.branches_taken, self.branches)


def by_room(files):
    rooms = defaultdict(Room)
    for path, lines in files.items():
        room = rooms[path.parts[1]]
        for line in lines.values():
            room.lines += 1
            room.lines_run += line.count > 0
            room.branches += len(line.branches)
            room.branches_taken += sum(count > 0 for count in line.branches)
    return dict(sorted(rooms.items()))


def table(rooms):
    rows = [f"{'room':10} {'lines':>6} {'run':>7} {'branches':>9} {'taken':>7}"]
    for name, room in rooms.items():
        rows.append(f"{name:10} {room.lines:6} {room.line_share():6.2f}% {room.branches:9} {room.branch_share():6.2f}%")
    return "\n".join(rows)


def missed(root, files):
    """A line for each that was not run, or has a branch that was not taken."""
    for path in sorted(files):
        source = (root / path).read_text().splitlines()
        for number, line in sorted(files[path].items()):
            if not line.is_whole():
                yield f"{path}:{number}: {line.branches or 'not run'} {source[number - 1].strip()}"


def main(root, build, report):
    files = read(root, build)
    rooms = by_room(files)
    Path(report).write_text("\n".join([table(rooms), "", *missed(root, files), ""]))
    return rooms
