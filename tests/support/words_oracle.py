"""Keyword search written a second time, by brute force over records in memory: docs/SEARCHING.md in Python."""

import html
import math
import re
import unicodedata

PLAIN = str.maketrans({"æ": "ae", "ð": "d", "ø": "o", "þ": "th", "đ": "d", "ħ": "h", "ı": "i", "ł": "l", "œ": "oe"})


def is_alone(character):
    """Whether a character is a word of its own."""
    return unicodedata.name(character, "").startswith(("CJK UNIFIED", "HIRAGANA", "KATAKANA"))


def fold(text):
    """The words of a text, with where each stands: [(word, start, end)]."""
    found, word, start = [], "", 0
    for place, character in enumerate(text + " "):
        folded = "".join(c for c in unicodedata.normalize("NFKD", character.casefold()).casefold()
                         if not unicodedata.combining(c)).translate(PLAIN)
        belongs = character.isalnum() or unicodedata.combining(character)
        if word and (not belongs or is_alone(character)):
            found.append((word, start, place))
            word = ""
        if not belongs:
            continue
        if not word:
            start = place
        word += folded
        if is_alone(character):
            found.append((word, start, place + 1))
            word = ""
    return found


def values_of(data):
    """[(field, text)] of every value, the nested ones under their outermost field."""
    def walk(value):
        if isinstance(value, dict):
            for inner in value.values():
                yield from walk(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner)
        elif isinstance(value, bool):
            yield "true" if value else "false"
        elif value is not None:
            yield str(value)
    return [(field, text) for field, value in data.items() for text in walk(value)]


def words_of(data):
    return [word for _, text in values_of(data) for word, _, _ in fold(text)]


def parse(query):
    """[(words, is_prefix, is_excluded)]"""
    terms = []
    for minus, quoted, star, plain in re.findall(r'(-*)(?:"([^"]*)(?:"|$)(\**)|([^\s"]+))', query):
        text = plain or quoted
        bare = text.rstrip("*")
        prefix = bare != text or bool(star)
        words = fold(bare)
        if not words:
            continue
        prefix = prefix and words[-1][2] == len(bare)
        term = ([word for word, _, _ in words], prefix, bool(minus))
        if term not in terms:
            terms.append(term)
    return terms


def occurrences(words, term):
    wanted, prefix, _ = term
    count = 0
    for at in range(len(words) - len(wanted) + 1):
        piece = words[at:at + len(wanted)]
        last = piece[-1].startswith(wanted[-1]) if prefix else piece[-1] == wanted[-1]
        count += last and piece[:-1] == wanted[:-1]
    return count


def search(records, query, wanted=lambda record: True):
    """[(id, score)] of the records (as the API gives them) that hold every word, best first."""
    words = {record["id"]: words_of(record["data"]) for record in records}
    terms = parse(query)
    asked = [term for term in terms if not term[2]]
    counts = {number: [occurrences(own, term) for term in asked] for number, own in words.items()}
    weights = []
    for place in range(len(asked)):
        having = sum(1 for count in counts.values() if count[place])
        if len(terms) == 1:
            having = sum(1 for count in counts.values() if all(count))
        weights.append(math.log(1 + (len(words) - having + 0.5) / (having + 0.5)))
    found = []
    for record in records:
        count = counts[record["id"]]
        if not asked or not all(count) or not wanted(record):
            continue
        if any(occurrences(words[record["id"]], term) for term in terms if term[2]):
            continue
        found.append((record["id"], sum(w * 2.2 * c / (c + 1.2) for w, c in zip(weights, count))))
    return sorted(found, key=lambda item: (-item[1], item[0]))


def check_highlights(record, query):
    """Marks stand around the words of the query, in every field that holds one, and everything else is escaped."""
    values = values_of(record["data"])
    words, places = [], []
    for number, (_, text) in enumerate(values):
        for word, start, end in fold(text):
            words.append(word)
            places.append((number, start, end))
    marked = set()
    for wanted, prefix, excluded in parse(query):
        for at in range(len(words) - len(wanted) + 1):
            if not excluded and occurrences(words[at:at + len(wanted)], (wanted, prefix, False)):
                marked.update(range(at, at + len(wanted)))
    expected = {}
    for place in sorted(marked):
        number, start, end = places[place]
        expected.setdefault(values[number][0], []).append(values[number][1][start:end])
    assert record["highlights"].keys() == expected.keys(), (record, query)
    for field, shown in record["highlights"].items():
        pieces = re.findall(r"<mark>(.*?)</mark>", shown)
        rest = re.sub(r"</?mark>", "", shown)
        assert not re.search(r"[<>\"']", rest), shown
        inside = [word for piece in pieces for word, _, _ in fold(html.unescape(piece))]
        assert inside == [word for piece in expected[field] for word, _, _ in fold(piece)], (shown, expected)
        own = [text for name, text in values if name == field]
        if len(own) == 1 and len(own[0].encode()) <= 400:
            assert html.unescape(rest) == own[0]
