"""URLs as hypothesis draws them: plausible ones, and hostile ones made of the pieces that keys look at."""

from __future__ import annotations

import string

from hypothesis import strategies as st

from newsdesk.editorial.urls.tracking import TRACKING_NAMES, TRACKING_PREFIXES

WORDS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
SITES = st.sampled_from(
    [
        "example.com",
        "news.example.co.uk",
        "cbc.ca",
        "example.github.io",
        "xn--bcher-kva.ch",
        "m.com",
        "127.0.0.1",
        "[::1]",
    ]
)
SEGMENTS = st.one_of(WORDS, st.lists(WORDS, min_size=2, max_size=4).map("-".join))
# No name of one letter and no "amp": what is drawn here must be neither tracking nor AMP.
PARAMETERS = st.tuples(st.sampled_from(["id", "p", "v", "storyid", "page", "q", "ID"]), WORDS).map("=".join)
TRACKING = st.tuples(
    st.one_of(
        st.sampled_from(sorted(TRACKING_NAMES)),
        st.tuples(st.sampled_from(TRACKING_PREFIXES), WORDS).map("".join),
    ).flatmap(lambda name: st.sampled_from([name, name.upper(), name.title()])),
    WORDS,
).map("=".join)


def join(host: str, path: list[str], parameters: list[str], scheme: str = "https") -> str:
    """The URL of these parts, without a slash at its end."""
    query = f"?{'&'.join(parameters)}" if parameters else ""
    return f"{scheme}://{host}{''.join(f'/{segment}' for segment in path)}{query}"


PATHS = st.lists(SEGMENTS.filter(lambda segment: "amp" not in segment), min_size=1, max_size=4)
PARTS = st.tuples(SITES, PATHS, st.lists(PARAMETERS, max_size=4))
PLAUSIBLE = PARTS.map(lambda parts: join(*parts))

_PIECES = st.sampled_from(
    [
        *("/", "//", "/amp", "/amp/", "/AMP", "/google-amp/", "/amphtml", ".amp", ".amp.html", ".amphtml", ".html"),
        *("/c/s/", "/v/s/", "/c/", "/amp/s/", "/wp/s/", "s/", "/platform", "/a-b-c", "/x", "example.com", "s", "."),
        *("a.cdn.ampproject.org", "cdn.ampproject.org", "www.google.com", "google.co.uk", "/..", "/.", "..", "%2e"),
        *("?", "&", "=", "amp", "amp=1", "outputType=amp", "&amp;", "amp;", "&#038;", "&%61mp;", "%", "%%34%31", "%7e"),
        *("%41", "%2F", "%zz", "%C3%A9", "é", " ", "\t", "\n", "\\", "#", "#!", "!", "@", "user:pw@", ":80", ":443"),
        *(":8080", "utm_source=x", "fbclid", "%75tm_source=y", "v=abcdefghijk", "/abcdefghijk", "/embed/", "/watch"),
        *("id=1", "p=2", "+", ";", "|", "'", '"', "<", "\x00", "\x7f", "\u200b", "\uff41", "\u0130", "\ud800"),
    ]
)
_HOSTS = st.one_of(
    SITES,
    st.sampled_from(
        [
            *(
                "www.example.com",
                "www.m.example.com",
                "amp.example.com",
                "EXAMPLE.com.",
                "m.com",
                "www.co.uk",
                "amp.dev",
            ),
            *("youtube.com", "m.youtube.com", "youtu.be", "www.gamespot.com", "localhost", "www.localhost", "1.2.3"),
            *("a.cdn.ampproject.org", "m.cdn.ampproject.org", "www.google.com", "amp.google.de", "bing-amp.com"),
            *("bücher.ch", "a..b", ".a", "a b", "github.io", "www.github.io", "example.com:443", "example.com:8080"),
        ]
    ),
)
HOSTILE = st.one_of(
    st.tuples(st.sampled_from(["http://", "https://", "HTTP://", "https:", " https:\\\\"]), _HOSTS, st.lists(_PIECES, max_size=9))
    .map(lambda parts: parts[0] + parts[1] + "".join(parts[2])),
    st.lists(_PIECES, max_size=6).map(lambda pieces: "https://" + "".join(pieces)),
    st.text(max_size=30),
    st.text(max_size=30).map("https://example.com/".__add__),
)  # fmt: skip
