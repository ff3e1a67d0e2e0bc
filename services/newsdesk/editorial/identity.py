"""Identity: an article is what its own URL's key names."""

from __future__ import annotations

import base64
import hashlib


def article_id(key: str) -> str:
    """The id of the article whose own URL has this key: 26 characters of lower-case base32."""
    digest = hashlib.sha256(b"v1\0" + key.encode()).digest()
    return base64.b32encode(digest[:20]).decode("ascii")[:26].lower()


def event_id(source: str, event: str) -> str:
    """A digest of a CloudEvent's source and id, which together name the event."""
    return short_digest(f"{source}\0{event}".encode())


def short_digest(data: bytes) -> str:
    """64 bits of BLAKE2b as 16 hexadecimal digits: tells contents apart, keeps the state small."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()
