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
    """The words of a text, with where each stands: [(word, start, end)]. Of a longer one the first 64 bytes."""
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
    return [(cut(word), start, end) for word, start, end in found]


def cut(word):
    return word.encode()[:64].decode(errors="ignore")


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


class Term:
    """What a record must hold, or must not: one of the alternatives, each (words, the last of them is a prefix, its weight)."""

    def __init__(self, words, prefix, excluded, may_be_slip):
        self.alternatives = [(words, prefix, 1.0)]
        self.excluded, self.may_be_slip = excluded, may_be_slip

    def is_like(self, other):
        return (self.alternatives[0], self.excluded) == (other.alternatives[0], other.excluded)


def parse(query):
    terms = []
    for minus, quoted, star, plain in re.findall(r'(-*)(?:"([^"]*)(?:"|$)(\**)|([^\s"]+))', query):
        text = plain or quoted
        bare = text.rstrip("*")
        prefix = bare != text or bool(star)
        words = fold(bare)
        if not words:
            continue
        prefix = prefix and words[-1][2] == len(bare)
        may_be_slip = bool(plain) and not minus and not prefix and len(words) == 1 and is_spelled(words[0][0])
        term = Term([word for word, _, _ in words], prefix, bool(minus), may_be_slip)
        if not any(term.is_like(other) for other in terms):
            terms.append(term)
    return terms


# ---- slips of the keys ----


def is_spelled(word):
    """Letters alone, and at least four of them."""
    return len(word) >= 4 and not any(unicodedata.category(c) == "Nd" or is_alone(c) for c in word)


def distance(a, b):
    """Letters to change, add, leave out or exchange with the next."""
    rows = [list(range(len(b) + 1))]
    for i in range(1, len(a) + 1):
        row = [i]
        for j in range(1, len(b) + 1):
            row.append(min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a[i - 1] != b[j - 1])))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                row[-1] = min(row[-1], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]


def add_similar(terms, spellings):
    """A word of 5 to 32 letters that does not occur is looked for as the three nearest that do, too."""
    for term in terms:
        word = term.alternatives[0][0][0]
        if not term.may_be_slip or not 5 <= len(word) <= 32 or word in spellings:
            continue
        near = ((distance(word, other), other.encode(), other) for other in spellings if abs(len(other) - len(word)) <= 2 and len(other) <= 32)
        for away, _, other in sorted(item for item in near if item[0] <= (1 if len(word) < 9 else 2))[:3]:
            term.alternatives.append(([other], False, 1 / (1 + away)))


# ---- matching ----


def occurrences(words, alternative):
    wanted, prefix, _ = alternative
    count = 0
    for at in range(len(words) - len(wanted) + 1):
        piece = words[at:at + len(wanted)]
        last = piece[-1].startswith(wanted[-1]) if prefix else piece[-1] == wanted[-1]
        count += last and piece[:-1] == wanted[:-1]
    return count


def holds(words, term):
    return any(occurrences(words, alternative) for alternative in term.alternatives)


class Library:
    """Records with their words. `hidden`: the data of stored rows that no search shows (of dry runs and corrected files): they count
    where it is told how rare a word is."""

    def __init__(self, records, hidden=()):
        self.records = records
        self.words = {record["id"]: words_of(record["data"]) for record in records}
        self.words.update(((("hidden", at), words_of(data)) for at, data in enumerate(hidden)))
        self.spellings = {word for words in self.words.values() for word in words if is_spelled(word)}

    def frequency(self, having):
        """What a phrase counts that so many records hold."""
        return math.log(1 + (len(self.words) - having + 0.5) / (having + 0.5))

    def match(self, query, wanted=lambda record: True, any_term=False):
        """([(id, score)] of the records that hold every word, or any, best first; what a record that holds all of them once scores)"""
        terms = parse(query)
        add_similar(terms, self.spellings)
        asked, excluded = ([term for term in terms if term.excluded == is_excluded] for is_excluded in (False, True))
        if not asked:
            return [], 0
        weights, full = {}, 0
        for term in asked:
            having = [sum(1 for words in self.words.values() if occurrences(words, alternative)) for alternative in term.alternatives]
            frequency = self.frequency(min(sum(having), len(self.words)))
            for at, alternative in enumerate(term.alternatives):
                weights[id(term), at] = alternative[2] * frequency
            best = max((alternative[2] for alternative, count in zip(term.alternatives, having) if count), default=1)
            full += (1 if any_term else best) * frequency
        found = []
        for record in self.records:
            words = self.words[record["id"]]
            held = [holds(words, term) for term in asked]
            if not (any(held) if any_term else all(held)) or not wanted(record) or any(holds(words, term) for term in excluded):
                continue
            score = 0
            for term in asked:
                for at, alternative in enumerate(term.alternatives):
                    count = occurrences(words, alternative)
                    score += weights[id(term), at] * 2.2 * count / (count + 1.2)
            found.append((record["id"], score))
        return sorted(found, key=lambda item: (-item[1], item[0])), full


def search(records, query, wanted=lambda record: True):
    """[(id, score)] of the records (as the API gives them) that hold every word, best first."""
    return Library(records).match(query, wanted)[0]


# ---- both rankings ----


def fuse(by_words, full, by_meaning, any_term=False):
    """Two rankings as one, [(id, score)] best first: docs/decisions/0102."""
    by_meaning, scores = by_meaning[:1000], {}
    for rank, number in enumerate(by_meaning):
        scores[number] = 1 / (61 + rank)
    for rank, (number, score) in enumerate(by_words[:10000]):
        share = min(1, score / full)
        if not any_term or share > 0.5:
            scores[number] = scores.get(number, 0) + share / (61 + rank)
        else:
            scores.setdefault(number, share / (61 + 1000 + rank))
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def check_highlights(record, query):
    """Marks stand around the words of the query, in every field that holds one, and everything else is escaped."""
    values = values_of(record["data"])
    words, places = [], []
    for number, (_, text) in enumerate(values):
        for word, start, end in fold(text):
            words.append(word)
            places.append((number, start, end))
    marked = set()
    for term in parse(query):
        wanted = term.alternatives[0][0]
        for at in range(len(words) - len(wanted) + 1):
            if not term.excluded and occurrences(words[at:at + len(wanted)], term.alternatives[0]):
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
