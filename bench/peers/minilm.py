"""all-MiniLM-L6-v2 in sentence-transformers, from the bare files that Rowmill uses (weights, vocabulary, config.json)."""

import os
import pathlib
import tempfile

MAX_TOKENS = 256


def model_folder():
    default = pathlib.Path.home() / ".local/share/rowmill/models/all-MiniLM-L6-v2"
    return pathlib.Path(os.environ.get("ROWMILL_MODEL", default))


def load_tokenizer():
    """The vocabulary's WordPiece as the tokenizers library has it; texts are cut, not padded."""
    from tokenizers import BertWordPieceTokenizer
    tokenizer = BertWordPieceTokenizer(str(model_folder() / "vocab.txt"), lowercase=True)
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def save_tokenizer(folder):
    """The files that transformers wants beside the weights. (Its own BertTokenizerFast takes no vocab.txt any more: version 5
    ignores the name and knows five tokens.)"""
    from transformers import PreTrainedTokenizerFast
    special = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}
    PreTrainedTokenizerFast(tokenizer_object=load_tokenizer()._tokenizer, **special).save_pretrained(folder)


def load():
    """The model with the official pipeline: at most 256 tokens, mean pooling, length 1."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer, models
    with tempfile.TemporaryDirectory() as folder:
        for name in ("config.json", "model.safetensors"):
            os.symlink((model_folder() / name).resolve(), os.path.join(folder, name))
        save_tokenizer(folder)
        words = models.Transformer(folder, max_seq_length=MAX_TOKENS)
    assert words.tokenizer.convert_tokens_to_ids("hello") == 7592, "the tokenizer has not read the vocabulary"
    pooling = models.Pooling(words.get_embedding_dimension(), pooling_mode="mean")
    return SentenceTransformer(modules=[words, pooling, models.Normalize()], device="cpu")
