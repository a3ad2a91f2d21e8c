"""all-MiniLM-L6-v2 in sentence-transformers, from the bare files that Rowmill uses (weights, vocabulary, config.json)."""

import os
import pathlib
import tempfile


def model_folder():
    default = pathlib.Path.home() / ".local/share/rowmill/models/all-MiniLM-L6-v2"
    return pathlib.Path(os.environ.get("ROWMILL_MODEL", default))


def load():
    """The model with the official pipeline: at most 256 tokens, mean pooling, length 1."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer, models
    from tokenizers import BertWordPieceTokenizer
    # The library wants the tokenizer's own files beside the weights.
    with tempfile.TemporaryDirectory() as folder:
        for path in model_folder().iterdir():
            os.symlink(path.resolve(), os.path.join(folder, path.name))
        if not os.path.exists(os.path.join(folder, "tokenizer.json")):
            # Not through transformers' class: its version 5 ignores vocab_file, and every word becomes [UNK].
            BertWordPieceTokenizer(os.path.join(folder, "vocab.txt"), lowercase=True).save(os.path.join(folder, "tokenizer.json"))
        words = models.Transformer(folder, max_seq_length=256)
    assert words.tokenizer.convert_tokens_to_ids("hello") == 7592, "the tokenizer has not read the vocabulary"
    pooling = models.Pooling(words.get_embedding_dimension(), pooling_mode="mean")
    return SentenceTransformer(modules=[words, pooling, models.Normalize()], device="cpu")
