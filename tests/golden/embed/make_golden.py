#!/usr/bin/env python3
"""Writes texts.jsonl and code_points.txt: what the reference makes of texts of our own.

    pip install tokenizers numpy
    tests/golden/embed/make_golden.py MODEL_FOLDER

MODEL_FOLDER holds the published model with its tokenizer.json. Ids come from Hugging Face's
tokenizers (last 0.23.3). Vectors come from the forward pass below, in float64 and written from the BERT paper, so
that it shares nothing with src/embed; over the 502 texts of sentence-transformers' own it gives a least
cosine of 0.999999999999 (give their folder as a second argument).

texts.jsonl      a line for each text: text, ids, and the first 8 numbers of the vector
code_points.txt  for each 4,096 code points the FNV-1a digest of the ids of
                 "e<c>n a <c>,<c>" for each of them in turn, surrogates left out
"""
import json
import os
import struct
import sys

import numpy as np
from tokenizers import Tokenizer

FOLDER = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
TEXTS = [
    '', ' ', 'a', 'name: Ada Lovelace, email: ada@example.com, age: 36',
    'name: Grace Hopper, email: grace.hopper@navy.example, age: 85',
    'The quick brown fox jumps over the lazy dog.', 'THE QUICK BROWN FOX',
    "don't stop; it's 10:30 (p.m.) & counting!", '$1,234.56 + 7% = ~^`|<>',
    'tab\tnewline\nreturn\rend', 'nul\0byte and \x01control\x7f', 'soft\u00adhyphen zero\u200bwidth \ufeffmark',
    'replacement \ufffd character', 'no\u00a0break\u2003em\u3000ideographic\u2028line\u0085next',
    'José Ñandú Müller Łukasz Ångström', 'Jose\u0301 Mu\u0308ller', 'İstanbul ISPARTA ığdır', 'STRASSE straße STRAẞE',
    'Ωμέγα ὈΔΥΣΣΕΎΣ Σ', 'Привет, мир! Ёлка', 'שָׁלוֹם עולם', 'مُحَمَّد العربية', 'हिन्दी नमस्ते', '한국어 서울', '日本語のテキスト カタカナ',
    '中文字符 mixed with 英文', 'full\uff0cwidth\uff01\uff21\uff22', '\u037e\u1fef\u212a\u2126 odd decompositions',
    'emoji 👩‍👩‍👧 🇩🇪 ☺️', 'math ∑∫√ 𝒜𝓑', 'young punctuation \u2e43\u166d marks \u1734',
    'order a\u302e\u1b44b a\u1b44\u302eb', '[CLS] inside [SEP] and [cls] [UNK][MASK][PAD]',
    'x' * 100, 'x' * 101, 'e\u0301' * 100, 'unaffable ' * 3, 'antidisestablishmentarianism', 'qzxv' * 20,
    'one two three ' * 84 + 'four', 'one two three ' * 84 + 'one two', 'one two three ' * 84 + 'one two three',
    '日' * 300, '....' * 80,
]


def read_model(path):
    with open(path, 'rb') as file:
        size, = struct.unpack('<Q', file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    header.pop('__metadata__', None)
    return {name: np.frombuffer(data[slice(*t['data_offsets'])], '<f4').reshape(t['shape']).astype(np.float64)
            for name, t in header.items() if t['dtype'] == 'F32'}


# W. J. Cody's erf is not at hand in numpy; math.erf is exact and fast enough.
from math import erf
erf = np.vectorize(erf)


def layer_norm(x, model, name):
    x = x - x.mean(-1, keepdims=True)
    x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
    return x * model[name + '.weight'] + model[name + '.bias']


def linear(x, model, name):
    return x @ model[name + '.weight'].T + model[name + '.bias']


def heads(x):
    return x.reshape(len(x), 12, 32).transpose(1, 0, 2)


def embed(model, ids):
    x = (model['embeddings.word_embeddings.weight'][ids] + model['embeddings.token_type_embeddings.weight'][0]
         + model['embeddings.position_embeddings.weight'][:len(ids)])
    x = layer_norm(x, model, 'embeddings.LayerNorm')
    for i in range(6):
        name = f'encoder.layer.{i}.'
        q, k, v = (heads(linear(x, model, f'{name}attention.self.{part}')) for part in ('query', 'key', 'value'))
        scores = np.exp(q @ k.transpose(0, 2, 1) / np.sqrt(32))
        context = (scores / scores.sum(-1, keepdims=True)) @ v
        context = context.transpose(1, 0, 2).reshape(len(x), 384)
        x = layer_norm(x + linear(context, model, name + 'attention.output.dense'), model,
                       name + 'attention.output.LayerNorm')
        inner = linear(x, model, name + 'intermediate.dense')
        inner = inner / 2 * (1 + erf(inner / np.sqrt(2)))
        x = layer_norm(x + linear(inner, model, name + 'output.dense'), model, name + 'output.LayerNorm')
    x = x.mean(0)
    return x / np.linalg.norm(x)


def fnv1a(digest, data):
    for byte in data:
        digest = (digest ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return digest


tokenizer = Tokenizer.from_file(os.path.join(FOLDER, 'tokenizer.json'))
tokenizer.no_padding()
tokenizer.enable_truncation(256)
model = read_model(os.path.join(FOLDER, 'model.safetensors'))

if len(sys.argv) > 2:  # a folder with texts.jsonl and embeddings.f32: how good is this reference?
    with open(os.path.join(sys.argv[2], 'texts.jsonl')) as file:
        lines = [json.loads(line) for line in file]
    vectors = np.fromfile(os.path.join(sys.argv[2], 'embeddings.f32'), '<f4').reshape(-1, 384).astype(np.float64)
    cosines = [embed(model, line['ids']) @ v / np.linalg.norm(v) for line, v in zip(lines, vectors)]
    sys.exit(f'least cosine {min(cosines):.12f}')

with open(os.path.join(HERE, 'texts.jsonl'), 'w') as file:
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        vector = [round(float(x), 7) for x in embed(model, ids)[:8]]
        print(json.dumps({'text': text, 'ids': ids, 'vector': vector}), file=file)

with open(os.path.join(HERE, 'code_points.txt'), 'w') as file:
    for block in range(0, 0x110000, 0x1000):
        characters = [chr(c) for c in range(block, block + 0x1000) if not 0xd800 <= c < 0xe000]
        digest = 0xcbf29ce484222325
        for encoding in tokenizer.encode_batch([f'e{c}n a {c},{c}' for c in characters]):
            digest = fnv1a(digest, struct.pack(f'<{len(encoding.ids)}i', *encoding.ids))
        print(f'{block:06x} {digest:016x}', file=file)
