"""Sections of docs/BENCHMARKS.md, each kept by the script that measures it."""

import re


def put_part(page, name, heading, title, lines, order=str):
    """Puts the lines, whose first is `### title`, into the section of that name, in the place of the part of the same title. Parts are in
    the order of `order(title)`; a section that is not there yet gets the heading's text."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = page.read_text() if page.exists() else "# Measured\n"
    if begin not in text:
        text += f"\n{begin}\n{heading}\n\n{end}\n"
    before, section, after = re.fullmatch(f"(.*{re.escape(begin)})(.*)({re.escape(end)}.*)", text, re.DOTALL).groups()
    parts = re.split(r"(?m)^(?=### )", section)
    kept = {part.partition("\n")[0].removeprefix("### "): part for part in parts[1:]}
    kept[title] = "\n".join(lines) + "\n"
    page.write_text(before + parts[0] + "".join(kept[title] for title in sorted(kept, key=order)) + after)
