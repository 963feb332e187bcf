"""Vocabularies: learned tokens in order, nothing across words, characters always there."""

import pytest

from craftc.errors import ConfigError, FormatError, ModelError
from craftc.lm.corpus import Corpus, Document
from craftc.lm.distill_filter import CHARSET
from craftc.lm.encoding import Encoder
from craftc.lm.tokenizer import Tokenizer
from craftc.train.batches import Batches, encode_corpus
from craftc.train.vocabulary import make_tokenizer, train_vocabulary

LINES = [("hello there", "the weather is nice, isn't it?"), ("what is this?", "this is the other thing!")] * 9
CORPUS = Corpus(tuple(Document(parts, True) for parts in LINES), 0)


def learned(size: int = 80) -> Tokenizer:
    """Returns a vocabulary of the corpus; skips without the library."""
    pytest.importorskip("tokenizers")
    return train_vocabulary(CORPUS, "bpe", size)


def test_characters_need_no_library() -> None:
    assert train_vocabulary(CORPUS, "characters", 64).tokens == (" [inst]", " [/inst]", *CHARSET)


def test_smaller_vocabularies_are_prefixes() -> None:
    large, small = learned(90), learned(70)
    assert len(small.tokens) == 70 and large.tokens[:70] == small.tokens


def test_no_token_crosses_a_word() -> None:
    assert not [t for t in learned().tokens[2:] if " " in t[1:] or (t[-1] in ".,?!" and t[:-1].strip())]


def test_words_are_cut_as_the_whole_text_is() -> None:
    tokenizer = learned()
    text = "the  weather isn't this, is it?! no.. the the"
    assert Encoder(tokenizer).encode(text) == tokenizer.encode(" " + text)


def test_texts_come_back() -> None:
    tokenizer = learned()
    assert tokenizer.decode(Encoder(tokenizer).encode("what's up?")) == " what's up?"


def test_unknown_characters_are_named() -> None:
    with pytest.raises(ModelError, match="no token begins with '7'"):
        Encoder(learned()).encode("is it 7?")


def test_size_is_checked() -> None:
    with pytest.raises(ConfigError, match=r"64\.\.512"):
        train_vocabulary(CORPUS, "bpe", 600)


def test_only_replies_count() -> None:
    encoder = Encoder(make_tokenizer(()))
    ids, counted = encoder.document(Document(("a", "bc", "d", "e"), True))
    texts = encoder.tokenizer.tokens
    assert "".join(texts[i] for i in ids) == " [inst] a [/inst] bc [inst] d [/inst] e [inst]"
    said = [texts[i] for i, c in zip(ids[1:], counted, strict=True) if c]
    assert said == [" ", "b", "c", " [inst]", " ", "e", " [inst]"]


def test_stories_count_whole() -> None:
    ids, counted = Encoder(make_tokenizer(())).document(Document(("ab",), False))
    assert ids.tolist() == [0, 2, 3, 4, 0] and counted.all()


def test_documents_are_cut_at_the_context_and_empty_ones_left_out() -> None:
    tokenizer = make_tokenizer(())
    corpus = Corpus((Document(("a", "bcdef"), True), Document(("a" * 30, "b"), True)), 0)
    sequences = encode_corpus(corpus, tokenizer, 8)
    assert len(sequences) == 1 and len(sequences.ids[0]) == 9 and sequences.characters == 5
    with pytest.raises(FormatError, match="no document has a reply within the context"):
        encode_corpus(corpus, tokenizer, 8, whole=True)
    assert len(encode_corpus(corpus, tokenizer, 10, whole=True)) == 1
    with pytest.raises(FormatError, match="no document has a reply within the context"):
        encode_corpus(corpus, tokenizer, 3)


def test_batches_are_a_function_of_seed_and_step() -> None:
    sequences = encode_corpus(CORPUS, make_tokenizer(()), 48)
    one, two = Batches(sequences, 4, seed=1), Batches(sequences, 4, seed=1)
    late = two(7).ids  # the second process of time begins at step 7
    for step in range(7):
        one(step)
    assert (one(7).ids == late).all()
    assert (Batches(sequences, 4, seed=2)(7).ids.shape != late.shape) or (
        Batches(sequences, 4, seed=2)(7).ids != late
    ).any()


def test_processes_share_a_batch() -> None:
    sequences = encode_corpus(CORPUS, make_tokenizer(()), 48)
    whole = Batches(sequences, 4, seed=1)(0)
    parts = [Batches(sequences, 4, 1, rank, 2)(0) for rank in range(2)]
    assert whole.counted.sum() == sum(int(p.counted.sum()) for p in parts)
