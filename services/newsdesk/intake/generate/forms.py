"""Other forms of the same: of a URL, of a text, of a whole event. The desk sees through all of them."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final

from newsdesk.intake.generate.tags import Tag

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

_TRACKING: Final = (
    "utm_source=newsletter&utm_medium=email", "utm_campaign=spring", "fbclid=IwAR0made0up", "gclid=EAIaIQmadeup",
    "mc_cid=12ab34cd", "utm_source=feed&fbclid=xyz",
)  # fmt: skip


def _tracking(url: str, rng: Random) -> str:
    return _with_parameter(url, rng.choice(_TRACKING))


def _amp(url: str, rng: Random) -> str:
    scheme, host, rest = _parts(url)
    match rng.randrange(4):
        case 0:
            return f"{scheme}://{host}/amp/{rest}"
        case 1:
            return f"{scheme}://{host}/google-amp/{rest}"
        case 2:
            return _with_parameter(url, "outputType=amp")
        case _:
            return _with_parameter(url, "amp=1")


def _amp_cache(url: str, _: Random) -> str:
    host, rest = _parts(url)[1:]
    name = host.replace("-", "--").replace(".", "-")
    return f"https://{name}.cdn.ampproject.org/c/s/{host}/{rest}"


def _http(url: str, _: Random) -> str:
    return "http" + url.removeprefix("https")


def _other_host(url: str, rng: Random) -> str:
    scheme, host, rest = _parts(url)
    bare = host.removeprefix("www.")
    return f"{scheme}://{rng.choice((f'm.{bare}', f'mobile.{bare}', host.upper(), f'amp.{bare}'))}/{rest}"


def _slash(url: str, _: Random) -> str:
    path, mark, query = url.partition("?")
    return f"{path}/{mark}{query}"


def _fragment(url: str, rng: Random) -> str:
    return f"{url}#{rng.choice(('comments', 'top', 'section-2'))}"


def _short_link(url: str, _: Random) -> str:
    return f"https://youtu.be/{url.rpartition('=')[2]}"


PAGE_FORMS: Final[Mapping[Tag, Callable[[str, Random], str]]] = {
    Tag.TRACKING: _tracking,
    Tag.AMP: _amp,
    Tag.AMP_CACHE: _amp_cache,
    Tag.HTTP: _http,
    Tag.OTHER_HOST: _other_host,
    Tag.SLASH: _slash,
    Tag.FRAGMENT: _fragment,
}
"""Other forms of the URL of a page."""

VIDEO_FORMS: Final[Mapping[Tag, Callable[[str, Random], str]]] = {Tag.TRACKING: _tracking, Tag.SHORT_LINK: _short_link}
"""Other forms of the URL of a video."""

_PAGE: Final = tuple(PAGE_FORMS.items())
_VIDEO: Final = tuple(VIDEO_FORMS.items())


def other_url(url: str, rng: Random, *, video: bool) -> tuple[str, Tag]:
    """*url* in another form with the same key, and which form."""
    tag, form = rng.choice(_VIDEO if video else _PAGE)
    return form(url, rng), tag


def mojibake(text: str) -> str:
    """*text* as it looks when its UTF-8 is read as cp1252."""
    return text.encode().decode("cp1252")


def entities(text: str) -> str:
    """*text* with HTML entities."""
    return html.escape(text).replace("’", "&rsquo;").replace("é", "&#233;")  # noqa: RUF001


def shuffled(event: dict[str, Any], rng: Random) -> dict[str, Any]:
    """*event* with its fields, and its related articles, in another order."""
    fields = list(event.items())
    rng.shuffle(fields)
    mixed = dict(fields)
    if "related" in mixed:
        mixed["related"] = rng.sample(mixed["related"], len(mixed["related"]))
    return mixed


def _with_parameter(url: str, parameter: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{parameter}"


def _parts(url: str) -> tuple[str, str, str]:
    """Scheme, host, and what follows the host's slash."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    return scheme, host, path
