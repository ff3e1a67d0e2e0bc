"""Words of which made-up sites, titles and excerpts are composed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

_PLACES: Final = (
    "Amberford", "Birchhaven", "Coldwater", "Dunmere", "Eastmarsh", "Fennick", "Greywick", "Hollowell", "Inverlee",
    "Juniper Bay", "Kestrel Point", "Larkspur", "Mosswood", "Northgate", "Oakhurst", "Pinecrest", "Quillon",
    "Ravenna Falls", "Saltmarsh", "Thornbury",
)  # fmt: skip
_PAPERS: Final = (
    "Post", "Ledger", "Courier", "Wire", "Observer", "Bulletin", "Gazette", "Signal", "Review", "Beacon", "Mirror",
    "Chronicle", "Dispatch", "Echo", "Register", "Weekly",
)  # fmt: skip
_WHO: Final = (
    "City council", "Start-up", "Hospital", "University lab", "Ferry company", "Transit agency", "School board",
    "Museum", "Chip maker", "Farm co-operative", "Airline", "Court", "Regulator", "Robot builder", "Library",
    "Power company", "Union", "Volunteer group",
)  # fmt: skip
_DOES: Final = (
    "tests", "drops", "delays", "defends", "bans", "expands", "reviews", "buys", "questions", "publishes",
    "opens", "suspends", "funds", "rethinks",
)  # fmt: skip
_WHAT: Final = (
    "facial recognition at its gates", "computer vision for harvests", "an AI that reads contracts",
    "object recognition in warehouses", "a face recognition pilot", "artificial intelligence for timetables",
    "AI tutors", "facial recognition for season tickets", "computer vision against potholes", "AI weather forecasts",
    "artificial intelligence in the archive", "object recognition on the beach",
    "its camera network", "a new ferry terminal", "the night bus", "driverless trams", "a solar roof",
    "its paper archive", "a chat service", "the winter market", "an open data portal", "noise meters", "a bridge toll",
    "rooftop gardens", "Q&A sessions", "the rail timetable",
)  # fmt: skip
_TAIL: Final = (
    "after a year of protests", "despite the cost", "before the vote", "in three districts", "and neighbours wonder why",
    "as winter comes", "for the second time", "without saying why", "to save time", "under a new law",
)  # fmt: skip
_SAYS: Final = (
    "Officials said the plan would be looked at again in spring.",
    "Critics say it won’t help those who need it most.",  # noqa: RUF001
    "The first results are expected within weeks.",
    "A spokesperson didn’t want to name a price – yet.",  # noqa: RUF001
    "Visitors at the café next door hadn’t noticed.",  # noqa: RUF001
    "The team of Zoë Müller has worked on it for years.",
    "Residents were asked, and most of them agreed.",
    "It is the largest project of its kind in the region.",
    "Nobody knows how many people are affected.",
    "Similar attempts elsewhere have failed before.",
)
SECTIONS: Final = ("news", "tech", "local", "business", "science", "culture")


def site_names() -> list[str]:
    """Some hundred names of sites, each made of a place and a paper."""
    return [f"{place} {paper}" for place in _PLACES for paper in _PAPERS]


def title(rng: Random) -> str:
    """A headline of 25 to 100 characters."""
    text = f"{rng.choice(_WHO)} {rng.choice(_DOES)} {rng.choice(_WHAT)}"
    if rng.random() < 0.5:  # noqa: PLR2004
        text = f"{text} {rng.choice(_TAIL)}"
    return text


def excerpt(rng: Random) -> str:
    """Two sentences."""
    first = int(rng.random() * len(_SAYS))
    return f"{_SAYS[first]} {_SAYS[first - 1 - int(rng.random() * (len(_SAYS) - 1))]}"


def slug(text: str) -> str:
    """*text* as it stands in a path."""
    letters = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in text.lower())
    return "-".join(letters.split())
