from __future__ import annotations

from typing import Any

import pytest

from newsdesk.contracts.rules import ProviderRule
from newsdesk.editorial.provider import ProviderTable, resolve_provider

TABLE = ProviderTable(
    [
        ProviderRule(domain="harbour.example", name="Harbour Post", weight=30),
        ProviderRule(domain="blog.harbour.example", weight=50),
        ProviderRule(domain="www.Gazette.example", weight=40),
        ProviderRule(domain="spam.example", deny=True),
        ProviderRule(domain="bücher.example", weight=5),
        ProviderRule(domain="youtube.com", weight=1),
    ]
)


@pytest.mark.parametrize(
    ("host", "said", "domain"),
    [
        pytest.param("harbour.example", None, "harbour.example", id="the host"),
        pytest.param("www.harbour.example", None, "harbour.example", id="www"),
        pytest.param("news.harbour.example", None, "harbour.example", id="a host under it"),
        pytest.param("a.blog.harbour.example", "harbour.example", "blog.harbour.example", id="the most specific host"),
        pytest.param("gazette.example", None, "www.Gazette.example", id="the rule has www. and capitals"),
        pytest.param("harbour.example", "www.harbour.example", "harbour.example", id="said with www."),
        pytest.param("harbour.example", "https://www.harbour.example/", "harbour.example", id="said as a URL"),
        pytest.param("harbour.example", "HARBOUR.example.", "harbour.example", id="said in capitals, with a dot"),
        pytest.param("xn--bcher-kva.example", None, "bücher.example", id="an international name"),
        pytest.param("youtube.com", "harbour.example", "harbour.example", id="a video is its provider's"),
        pytest.param("youtube.com", "unknown.example", "youtube.com", id="a video of nobody known"),
        pytest.param("spam.example", "harbour.example", "spam.example", id="denied, whoever it says that it is"),
        pytest.param("harbour.example", "spam.example", "spam.example", id="says itself that it is denied"),
        pytest.param("harbour.example", "not a domain", "harbour.example", id="said nonsense"),
        pytest.param("evilharbour.example", None, None, id="another domain that ends alike"),
        pytest.param("evilharbour.example", "harbour.example", "harbour.example", id="which says whose it is"),
        pytest.param("harbour.example.org", None, None, id="another domain that begins alike"),
        pytest.param("192.0.2.1", None, None, id="an address"),
        pytest.param("", None, None, id="nothing"),
    ],
)
def test_the_rule_of_a_provider(host: str, said: str | None, domain: str | None) -> None:
    rule = TABLE.find(host, said)

    assert (rule.domain if rule else None) == domain


@pytest.mark.parametrize(
    ("given", "host", "resolved"),
    [
        pytest.param(None, "www.cbc.ca", {"domain": "cbc.ca"}, id="by the host"),
        pytest.param({"domain": "www.cbc.ca"}, "x.example", {"domain": "cbc.ca"}, id="given with www."),
        pytest.param({"domain": "news.bbc.co.uk"}, "x.example", {"domain": "bbc.co.uk"}, id="the registered domain"),
        pytest.param({"domain": "Nonsense!"}, "www.cbc.ca", {"domain": "cbc.ca"}, id="nonsense: by the host"),
        pytest.param({"name": "CBC"}, "cbc.ca", {"name": "CBC", "domain": "cbc.ca"}, id="a name"),
        pytest.param({"name": "Radio  CafÃ©"}, "cbc.ca", {"name": "Radio Café", "domain": "cbc.ca"}, id="a bad name"),
        pytest.param({"name": " "}, "cbc.ca", {"domain": "cbc.ca"}, id="an empty name"),
        pytest.param({"note": [], "x": None}, "cbc.ca", {"domain": "cbc.ca", "note": []}, id="unknown fields stay"),
        pytest.param(
            {"images": [{"url": "https://u:p@cbc.ca/1"}, {"url": "https://cbc.ca/2"}]},
            "cbc.ca",
            {"domain": "cbc.ca", "images": [{"url": "https://cbc.ca/2"}]},
            id="images that can be shown",
        ),
        pytest.param({"images": None}, "cbc.ca", {"domain": "cbc.ca"}, id="no images"),
        pytest.param({"domain": "localhost"}, "", {"domain": "localhost"}, id="one label"),
    ],
)
def test_the_provider_on_the_record(given: dict[str, Any] | None, host: str, resolved: dict[str, Any]) -> None:
    assert resolve_provider(given, host, None) == resolved


def test_the_rules_name_a_provider_that_has_no_name() -> None:
    rule = ProviderRule(domain="cbc.ca", name="CBC")

    assert resolve_provider(None, "cbc.ca", rule) == {"name": "CBC", "domain": "cbc.ca"}
    assert resolve_provider({"name": "CBC News"}, "cbc.ca", rule)["name"] == "CBC News"
