"""Registered domains by the public suffix list, of which a snapshot is part of the project.

Changing the snapshot moves articles from task to task, so it is a migration; PSL_SHA256 pins it.
public_suffix_list.dat is the list of publicsuffix.org unmodified, under its own licence (MPL-2.0, in its header).
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from publicsuffixlist import PublicSuffixList

PSL_FILE: Final = "public_suffix_list.dat"
PSL_SHA256: Final = "0232f4df0831911356e8ee1f4d5c3b6b12c0ed3f6bd66b0f81c8ab5d3d49e9ca"

MAX_HOST_CHARS: Final = 253
"""RFC 1035, 2.3.4, without the root's dot."""


def psl_bytes() -> bytes:
    """The snapshot as it is vendored.

    The one file that the judgement reads: a constant of this version that happens to be too long for source code.
    """
    return files(__package__).joinpath(PSL_FILE).read_bytes()


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(source=psl_bytes())


def registered_domain(host: str) -> str:
    """The registered domain of *host*, private suffixes counting as suffixes (blog.github.io is one).

    An IP address, a single label, and a host that is itself a public suffix are their own.
    """
    if len(host) > MAX_HOST_CHARS:
        return host  # no host, and not worth a place in the memory
    return _registered(host) or host.lower()


def is_registrable(host: str) -> bool:
    """Whether *host* is a registered domain or lies under one: not an IP address, not a bare public suffix."""
    return _registered(host) is not None


@lru_cache(maxsize=16_384)
def _registered(host: str) -> str | None:
    last = host.rpartition(".")[2]
    if ":" in host or last.isdecimal():
        return None
    return _suffixes().privatesuffix(host)
