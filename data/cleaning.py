"""Turning interface strings into plain text, and the rule by which two English strings mean the same."""

import html
import re
import unicodedata
from collections import Counter

_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}|\{[^{}]*\}|%\([^()]*\)[sd]|%[sd]\b")
_ICU_CHOICE = re.compile(r"\{[^{}]*,\s*(?:plural|select|selectordinal)\s*,")
_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}|>|[-*+]|\d+\.)[ \t]+", re.MULTILINE)
_FENCE = re.compile(r"```\w*")
_STRONG = re.compile(r"\*\*|`")
# A single mark counts only around whole words: "*.yaml" and "allowlist_external_dirs" are not emphasis.
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?![\w*])")


def clean(text: str) -> str:
    """Strip Markdown and HTML, put a space for each placeholder, and close up white space; Unicode NFC.

    A link keeps its words and loses its address. Links go before placeholders, because addresses hold placeholders.
    """
    text = _LINK.sub(r"\1", html.unescape(text))
    text = _TAG.sub(" ", text)
    text = _FENCE.sub(" ", text)
    text = _LINE_MARK.sub("", text)
    text = _STRONG.sub("", text)
    text = _EMPHASIS.sub(r"\2", text)
    text = _PLACEHOLDER.sub(" ", text)
    return " ".join(unicodedata.normalize("NFC", text).split())


def has_placeholder(text: str) -> bool:
    """Whether a string has a gap that a program fills in, such as ``{name}`` or ``%s``."""
    return _PLACEHOLDER.search(text) is not None or has_choice(text)


def has_choice(text: str) -> bool:
    """Whether a string is an ICU message with plural or select branches: several sentences in one."""
    return _ICU_CHOICE.search(text) is not None


def identity(text: str) -> str:
    """The form in which English strings are compared: cleaned and without regard to case."""
    return clean(text).casefold()


def commonest(counts: Counter[str]) -> str:
    """The most frequent string; of equally frequent ones the smallest, so that no order of reading decides."""
    return min(counts, key=lambda text: (-counts[text], text))
