"""XLSX workbooks, written by hand: sheets of Python values, every kind of cell."""

import datetime
import io
import zipfile
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

GENERAL, DATE, DATE_TIME, TIME, DURATION, CUSTOM_DATE = range(6)  # the styles of every workbook
STYLES = f"""<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="dd\\.mm\\.yyyy;@"/></numFmts>
<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="21"/><xf numFmtId="46"/><xf numFmtId="164"/></cellXfs>
</styleSheet>"""


class Number(str):
    """A number as it is to stand in the file, with its style."""

    def __new__(cls, text, style=GENERAL):
        number = super().__new__(cls, text)
        number.style = style
        return number


class Error(str):
    """#N/A and the like."""


class Inline(str):
    """A string in the sheet itself."""


def column_name(index):
    name = ""
    while index >= 0:
        name = chr(ord("A") + index % 26) + name
        index = index // 26 - 1
    return name


def cell_xml(reference, value, strings):
    if isinstance(value, Number):
        return f'<c r="{reference}" s="{value.style}"><v>{value}</v></c>'
    if isinstance(value, Error):
        return f'<c r="{reference}" t="e"><v>{value}</v></c>'
    if isinstance(value, Inline):
        return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    if isinstance(value, bool):
        return f'<c r="{reference}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime.datetime):
        days = (value - datetime.datetime(1899, 12, 30)) / datetime.timedelta(days=1)
        return f'<c r="{reference}" s="{DATE_TIME}"><v>{days!r}</v></c>'
    if isinstance(value, datetime.date):
        days = (value - datetime.date(1899, 12, 30)).days
        return f'<c r="{reference}" s="{DATE}"><v>{days}</v></c>'
    if isinstance(value, str):
        return f'<c r="{reference}" t="s"><v>{strings.setdefault(value, len(strings))}</v></c>'
    return f'<c r="{reference}"><v>{value!r}</v></c>'


def sheet_xml(rows, strings):
    """`rows` is a list of lists, or a dict of them by their number; None is no cell."""
    numbered = rows if isinstance(rows, dict) else dict(enumerate(rows, 1))
    out = []
    for number, row in numbered.items():
        cells = [cell_xml(f"{column_name(i)}{number}", value, strings) for i, value in enumerate(row) if value is not None]
        out.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(out)}</sheetData></worksheet>'


def workbook(sheets, hidden=(), from_1904=False, strings_xml=None):
    """The bytes of a workbook with these sheets, by name."""
    strings, parts = {}, {}
    for index, (name, rows) in enumerate(sheets.items(), 1):
        parts[f"xl/worksheets/sheet{index}.xml"] = rows if isinstance(rows, str) else sheet_xml(rows, strings)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i + 10}" r:id="rId{i}"{" state=" + chr(34) + "hidden" + chr(34) if name in hidden else ""}/>'
        for i, name in enumerate(sheets, 1)
    )
    related = "".join(
        f'<Relationship Id="rId{i}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>' for i in range(1, len(sheets) + 1)
    )
    shared = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in strings)
    parts["xl/workbook.xml"] = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr date1904="{int(from_1904)}"/><sheets>{listed}</sheets></workbook>'
    )
    parts["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="{RELATIONS}">{related}<Relationship Id="rId90" Type="{OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId91" Type="{OFFICE}/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>'
    )
    parts["xl/styles.xml"] = STYLES
    parts["xl/sharedStrings.xml"] = strings_xml or f'<sst xmlns="{MAIN}" count="{len(strings)}">{shared}</sst>'
    parts["_rels/.rels"] = (
        f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    )
    parts["[Content_Types].xml"] = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", "_rels/.rels", *(n for n in parts if n.startswith("xl/"))):
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>\n' + parts[name])
    return out.getvalue()
