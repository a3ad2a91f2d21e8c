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
    from transformers import BertTokenizerFast
    # The library wants the tokenizer's own files beside the weights.
    with tempfile.TemporaryDirectory() as folder:
        for path in model_folder().iterdir():
            os.symlink(path.resolve(), os.path.join(folder, path.name))
        if not os.path.exists(os.path.join(folder, "tokenizer.json")):
            BertTokenizerFast(vocab_file=os.path.join(folder, "vocab.txt"), do_lower_case=True).save_pretrained(folder)
        words = models.Transformer(folder, max_seq_length=256)
    pooling = models.Pooling(words.get_embedding_dimension(), pooling_mode="mean")
    return SentenceTransformer(modules=[words, pooling, models.Normalize()], device="cpu")
