"""Providers: who published an article, resolved by registered domain."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from newsdesk.editorial.identity import digest_of
from newsdesk.editorial.images import choose_images
from newsdesk.editorial.text import repair_line
from newsdesk.editorial.urls import UrlError, read_url, registered_domain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsdesk.contracts.rules import ProviderRule


_RESOLVED: Final = frozenset({"name", "domain", "images"})
_REMEMBERED: Final = 16_384
_REMEMBERED_CHARS: Final = 256


class Resolved(NamedTuple):
    """A provider as the article has it: what is written of it, and what the rules say of it.

    *fields* is shared by all articles of the provider and never changed; *content* is the digest of what upstream said,
    *weight* is (points, domain in the rules).
    """

    fields: Mapping[str, Any]
    content: str
    weight: tuple[int, str]
    denied: bool


class ProviderTable:
    """The editors' table of providers, looked up from the most specific host to the registered domain."""

    def __init__(self, rules: Iterable[ProviderRule]) -> None:
        self._rules = {domain_host(rule.domain) or _bare(rule.domain): rule for rule in rules}
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._resolve_named)

    def resolve(self, given: Mapping[str, Any] | None, host: str) -> Resolved:
        """The provider of an article on *host*, of which upstream says *given*."""
        if not given:
            return self._remembered(None, None, host)
        name, domain = given.get("name"), given.get("domain")
        plain = given.keys() <= {"name", "domain"}
        if plain and len(name or "") + len(domain or "") + len(host) <= _REMEMBERED_CHARS:
            return self._remembered(name, domain, host)
        return self._resolve(given, host)

    def _resolve_named(self, name: str | None, domain: str | None, host: str) -> Resolved:
        return self._resolve({"name": name, "domain": domain}, host)

    def _resolve(self, given: Mapping[str, Any], host: str) -> Resolved:
        rule = self.find(host, given.get("domain"))
        fields = resolve_provider(given, host, rule)
        return Resolved(
            fields=fields,
            content=digest_of([given_name(given), fields.get("domain")]),
            weight=(rule.weight, rule.domain) if rule else (0, ""),
            denied=rule.deny if rule else False,
        )

    def find(self, host: str, domain: str | None) -> ProviderRule | None:
        """The rule for an article on *host* whose provider says *domain*; None where the table has none.

        The host decides where it belongs to the provider (blogs weigh differently from the rest of a site); a video on
        a platform is weighed as its provider's, or else as the platform's. A denied host stays denied, whoever it
        says that it is.
        """
        if not self._rules:
            return None
        start = _bare(host)
        there = self._lookup(start)
        said = domain_host(domain)
        if said is None or f".{start}".endswith(f".{said}") or (there is not None and there.deny):
            return there
        return self._lookup(said) or there

    def _lookup(self, start: str) -> ProviderRule | None:
        """The rule of the most specific domain that *start* lies under."""
        last = registered_domain(start)
        while start:
            if rule := self._rules.get(start):
                return rule
            if start == last:
                return None
            start = start.partition(".")[2]
        return None


def resolve_provider(given: Mapping[str, Any] | None, host: str, rule: ProviderRule | None) -> dict[str, Any]:
    """The provider on the record: the registered domain of what was given, else of the host; the name likewise.

    Unknown fields stay, and of its images those that can be shown.
    """
    provider: dict[str, Any] = {}
    name = given_name(given)
    domain = given.get("domain") if given else None
    if name or (rule is not None and rule.name):
        provider["name"] = name or (rule.name if rule else None)
    if site := domain_host(domain) or host:
        provider["domain"] = registered_domain(site)
    if given:
        kept = ((field, value) for field, value in given.items() if value is not None and field not in _RESOLVED)
        provider.update(kept)
        if images := choose_images(given.get("images") or ()):
            provider["images"] = images
    return provider


def given_name(given: Mapping[str, Any] | None) -> str | None:
    """The provider's name as upstream gave it, repaired; None where it gave none."""
    return repair_line(given.get("name") or "") or None if given else None


def domain_host(domain: str | None) -> str | None:
    """The host that *domain* names, which may be given as a host, with www., or as a URL; None where it names none."""
    if not domain:
        return None
    text = domain if "://" in domain else f"https://{domain}"
    try:
        return _bare(read_url(text).host)
    except UrlError:
        return None


def _bare(host: str) -> str:
    return host.casefold().removeprefix("www.")
