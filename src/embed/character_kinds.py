#!/usr/bin/env python3
"""Writes character_kinds.inc: what the reference tokenizer takes each character for.

    pip install tokenizers
    src/embed/character_kinds.py > src/embed/character_kinds.inc

Hugging Face's tokenizers carry the categories of Unicode 8 and do not move with the standard, so a
library's categories, of whichever version, would split younger characters differently. They are asked,
character by character; last with tokenizers 0.23.3.
"""
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

clean = BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
space = BertNormalizer(clean_text=False, handle_chinese_chars=True, strip_accents=False, lowercase=False)
strip = BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
split = BertPreTokenizer()


def kind(character):
    cleaned = clean.normalize_str(character)
    if cleaned == '':
        return 'DROPPED'
    if cleaned == ' ':
        return 'SPACE'
    if space.normalize_str(character) != character:
        return 'IDEOGRAPH'
    if strip.normalize_str(character) == '':
        return 'MARK'
    if len(split.pre_tokenize_str('a' + character + 'a')) == 3:
        return 'PUNCTUATION'
    return None


ranges = []
for code_point in range(0x80, 0x110000):
    if 0xD800 <= code_point < 0xE000:
        continue
    name = kind(chr(code_point))
    if name and ranges and ranges[-1][1] == code_point - 1 and ranges[-1][2] == name:
        ranges[-1][1] = code_point
    elif name:
        ranges.append([code_point, code_point, name])

print('/* Written by character_kinds.py: what is no letter, from U+0080 on, in order. */')
line = ''
for first, last, name in ranges:
    entry = f'{{0x{first:X}, 0x{last:X}, {name}}},'
    if len(line) + 1 + len(entry) > 98:
        print(line)
        line = ''
    line += (' ' if line else '') + entry
print(line)
