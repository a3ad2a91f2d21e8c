#!/usr/bin/env python3
"""Writes a C file that holds numbered text files (0001_name.sql, …) as byte arrays.

usage: embed_text.py OUTPUT HEADER TABLE FILE...

TABLE is the array that the C file defines, of `struct numbered_text` as HEADER declares it,
in rising order; TABLE_count is its size. Numbers must run from 1 without a gap. Bytes, not
string literals, because C promises only 4,095 characters in one of those.
"""

import os
import re
import sys


def main(output, header, table, files):
    numbered = []
    for path in files:
        name = os.path.basename(path)
        match = re.match(r"(\d{4})_[a-z0-9_]+\.", name)
        if not match:
            sys.exit(f"{name}: the name must be like 0001_initial.sql")
        with open(path, "rb") as file:
            numbered.append((int(match.group(1)), name, file.read()))
    numbered.sort()
    if [number for number, _, _ in numbered] != list(range(1, len(numbered) + 1)):
        sys.exit("the numbers must run from 0001 without a gap")

    lines = [f"/* Made by tools/{os.path.basename(__file__)}. */", f'#include "{header}"', ""]
    for number, _, content in numbered:
        content += b"\0"
        lines.append(f"static const char text_{number}[] = {{")
        for start in range(0, len(content), 16):
            # Bytes over 127 are written as the negative values that a signed char holds.
            row = (str(b if b < 128 else b - 256) for b in content[start:start + 16])
            lines.append("\t" + ", ".join(row) + ",")
        lines.append("};")
    lines.append(f"const struct numbered_text {table}[] = {{")
    for number, name, _ in numbered:
        lines.append(f'\t{{{number}, "{name}", text_{number}}},')
    lines += ["};", f"const unsigned {table}_count = {len(numbered)};", ""]
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
