"""The newsroom of the benchmark: four hundred publishers, two dozen topics with keywords, and the rules made of them."""

from __future__ import annotations

from typing import Any, Final

TOPICS: Final[dict[str, tuple[str, ...]]] = {
    "Harbours": ("ferry", "container terminal", "dry dock"),
    "Railways": ("night train", "signal box", "high-speed line"),
    "Energy": ("wind farm", "heat pump", "grid operator"),
    "Water": ("reservoir", "desalination", "flood barrier"),
    "Health": ("vaccine", "clinical trial", "family doctor"),
    "Schools": ("school board", "exam", "apprenticeship"),
    "Housing": ("rent", "social housing", "building permit"),
    "Courts": ("appeal", "constitutional court", "class action"),
    "Elections": ("ballot", "run-off", "coalition talks"),
    "Budget": ("deficit", "tax reform", "audit office"),
    "Markets": ("bond yield", "takeover bid", "central bank"),
    "Chips": ("wafer", "chip plant", "export licence"),
    "Space": ("launch pad", "lunar lander", "satellite"),
    "Climate": ("heat wave", "emissions", "glacier"),
    "Farming": ("harvest", "fertiliser", "dairy"),
    "Fishing": ("quota", "trawler", "cod"),
    "Cinema": ("premiere", "box office", "screenplay"),
    "Music": ("orchestra", "tour dates", "debut album"),
    "Football": ("transfer window", "penalty", "own goal"),
    "Cycling": ("breakaway", "time trial", "peloton"),
    "Privacy": ("facial recognition", "data broker", "encryption"),
    "Work": ("strike", "four-day week", "pension"),
    "Cities": ("tram", "bike lane", "zoning"),
    "Museums": ("restitution", "excavation", "sculpture"),
}
"""Topics and their keywords; hyphens occur so that folding them matters."""

_STEMS: Final = ("courier", "gazette", "observer", "ledger", "tribune", "herald", "bulletin", "chronicle")
_SUFFIXES: Final = ("com", "org", "net", "io")
DOMAINS: Final = tuple(f"{_STEMS[n % 8]}{n}.{_SUFFIXES[n // 8 % 4]}" for n in range(400))
"""Registered domains of two labels; the first publish most."""

WEIGHTED: Final = 100
DENIED: Final = (DOMAINS[161], DOMAINS[332])
WEIGHTS: Final = {domain: 40 - 2 * number // 5 for number, domain in enumerate(DOMAINS[:WEIGHTED])}
"""Points of the hundred largest, 40 to 1; all others have none."""


def rules() -> dict[str, Any]:
    """The rules file as data; its points are those of the shipped rules."""
    providers: list[dict[str, Any]] = [{"domain": domain, "weight": weight} for domain, weight in WEIGHTS.items()]
    providers += [{"domain": domain, "deny": True} for domain in DENIED]
    return {
        "name": "bench",
        "version": "1",
        "topics": [{"name": name, "keywords": list(keywords)} for name, keywords in TOPICS.items()],
        "providers": providers,
    }
