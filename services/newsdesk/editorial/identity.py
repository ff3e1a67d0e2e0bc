"""Identity: an article is what its own URL's key names."""

from __future__ import annotations

import hashlib
from typing import Final

import orjson

_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = tuple(first + second for first in _BASE32 for second in _BASE32)
_BITS: Final = 130


def article_id(key: str) -> str:
    """The id of the article whose own URL has this key: 26 characters of lower-case base32.

    That is the first 130 bits of the digest; the library's base32 would take longer than all of the hashing.
    """
    bits = int.from_bytes(hashlib.sha256(b"v1\0" + key.encode()).digest()) >> (256 - _BITS)
    return "".join([_PAIRS[bits >> shift & 1023] for shift in range(_BITS - 10, -1, -10)])


def event_id(source: str, event: str) -> str:
    """A digest of a CloudEvent's source and id, which together name the event."""
    return short_digest(f"{source}\0{event}".encode())


def short_digest(data: bytes) -> str:
    """64 bits of BLAKE2b as 16 hexadecimal digits: tells contents apart, keeps the state small."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def digest_of(part: object) -> str:
    """The short digest of *part* as JSON."""
    return short_digest(orjson.dumps(part))
