"""A change log as the recorded sites wrote theirs, of invented stories: `python tests/recorded/synthetic.py` writes it.

Eight stories of four articles each. An article that joins a story changes those that were there; the site counts
copies (an article under its earlier title among them) as related articles, gives some leaders a bonus that nothing
explains, and writes files anew for pictures that are cached by now.
"""

from __future__ import annotations

import json
from typing import Any, Final

from newsdesk.editorial.frontmatter import render
from recorded.logs import PER_RELATED, SYNTHETIC, THRESHOLD

STORIES: Final = (
    ("Power Apps gets a garden planner", "Canvas apps water the roses"),
    ("Portals open at the harbour", "A harbour on portals, and how it floats"),
    ("AI Builder counts the ducks", "Ducks, counted again by AI Builder"),
    ("Model-driven apps run the lighthouse", "A lighthouse in model driven apps"),
    ("Microsoft Teams plays chess", "Chess in msteams: the opening"),
    ("The common data service of the island library", "Library cards and the common data service"),
    ("Kites over the dunes", "A kite that wouldnâ€™t fly  and why"),
    ("Bakers publish their bread recipes with power apps and nothing but power apps, at last", "Bread at the bay"),
)
HOSTS: Final = ("powerapps.studio.example", "www.gazette.example", "forum.example", "www.youtube.com")
PROVIDERS: Final = ("studio.example", "gazette.example", "forum.example", "studio.example")
WEIGHTS: Final = (50, 40, 0, 50)
ENTRIES: Final = (
    ("Power Apps", ("power apps",)),
    ("Canvas apps", ("canvas app", "canvas apps")),
    ("Model-driven apps", ("model-driven apps", "model-driven apps", "model driven apps", "model driven app")),
    ("Common Data Service", ("common data service",)),
    ("AI Builder", ("ai builder",)),
    ("Portals", ("portals",)),
    ("Teams integration", ("microsoft teams", "teams", "msteams")),
)


def article(story: int, member: int, *, retitled: bool = False) -> dict[str, Any]:
    """Member 0 to 3 of a story: on the site's own blog, in a gazette, in a forum, or as a video."""
    title = STORIES[story][member % 2] + ("" if member < 2 else ", a second look")
    if retitled:
        title += " (updated)"
    slug = f"story-{story}-part-{member}"
    found: dict[str, Any] = {
        "category": "news",
        "title": title,
        "excerpt": f"What there is to say of part {member}.",
        "publishedDateTime": f"2021-03-{story + 1:02}T0{member}:00:00Z",
        "type": "video" if member == 3 else "article",
        "provider": {"name": PROVIDERS[member].title(), "domain": PROVIDERS[member]},
        "topics": [name for name, entries in ENTRIES if any(entry in title.lower() for entry in entries)] or ["News"],
    }
    if member == 3:
        found["originalUrl"] = f"https://www.youtube.com/watch?v=part{story}{member}abcde"
        found["featuredContent"] = f'<iframe src="https://www.youtube.com/embed/part{story}{member}abcde"></iframe>'
    else:
        found["webUrl"] = f"https://{HOSTS[member]}/{slug}/"
    if member == 1 and story % 2:
        found["ampWebUrl"] = f"https://www.gazette.example/amp/{slug}"
    if (story + member) % 3:
        found["images"] = [{"url": f"https://pictures.example/{slug}.jpg", "width": 640, "height": 480}]
    found["quality"] = quality(found, WEIGHTS[member])
    return found


def quality(found: dict[str, Any], weight: int) -> int:
    title = found["title"].lower()
    hits = sum(entry in title for name, entries in ENTRIES if name in found["topics"] for entry in entries)
    points = 2 * len(found["topics"]) + 15 * hits + weight
    points += 20 * ("images" in found) + 20 * ("ampWebUrl" in found) + 50 * ("featuredContent" in found)
    return max(0, points - max(0, len(found["title"]) - 70) // 2)


def related(found: dict[str, Any]) -> dict[str, Any]:
    """The article as another one's list names it."""
    left_out = {"category", "topics", "featuredContent", "heat", "published"}
    return {name: value for name, value in found.items() if name not in left_out}


def state(found: dict[str, Any], others: list[dict[str, Any]], bonus: int = 0) -> dict[str, Any]:
    """The article as the site decides it among *others*: it does not know copies."""
    best = max((other["quality"] for other in others), default=-1)
    heat = found["quality"] + (PER_RELATED * len(others) if found["quality"] >= 50 else 0) + bonus
    if best > found["quality"]:
        heat = -1
    decided = {"heat": heat, "published": heat >= THRESHOLD}
    return {**found, **decided, **({"related": [related(other) for other in others]} if others else {})}


def states() -> list[tuple[str, str, dict[str, Any] | None]]:
    """(op, path, article) of every change, in order; no article where the file is deleted."""
    changes: list[tuple[str, str, dict[str, Any] | None]] = []
    for story in range(len(STORIES)):
        for joined in range(4):
            members = [article(story, member) for member in range(joined + 1)]
            for member in reversed(range(joined + 1)):
                others = [other for place, other in enumerate(members) if place != member]
                bonus = 1 + story if joined == 3 and member == 3 and story < 8 else 0
                changed = state(members[member], others, bonus)
                changes.append(("A" if member == joined else "M", path(story, member), changed))
        old, new = article(story, 0), article(story, 0, retitled=True)
        members = [article(story, member) for member in range(1, 4)]
        changes.append(("M", path(story, 0), state(new, [old, *members])))  # its own earlier title
        twice = state(article(story, 2), [new, new, *members[:1]])  # one article twice
        changes.append(("M", path(story, 2), twice))
        if "images" in new:
            cached = {**new, "images": [{**new["images"][0], "isCached": True}], "secured": SECURED}
            changes.append(("M", path(story, 0), state(cached, [old, *members])))
        rival = {**related(new), "webUrl": f"https://rival.example/{story}", "title": "The rival's story"}
        rival["publishedDateTime"] = f"2021-0{2 + 2 * (story % 2)}-01T00:00:00Z"
        rival.pop("ampWebUrl", None)
        changes.append(("M", path(story, 0), state(new, [rival])))  # a tie, won in every other story
    removed = {**state(article(0, 1), []), "removed": True, "published": False}
    changes.append(("M", path(0, 1), removed))
    changes.append(("D", path(1, 2), None))
    return changes


SECURED: Final = "Y2lwaGVydGV4dA==;aW5pdGlhbGlzYXRpb24xNg=="


def path(story: int, member: int) -> str:
    return f"_news/2021-03-{story + 1:02}-part-{member}.md"


def lines() -> list[str]:
    """The log: one JSON object a line."""
    found = [
        {"seq": seq, "at": 1_614_556_800 + 60 * seq, "op": op, "path": where, "text": changed and render(changed)}
        for seq, (op, where, changed) in enumerate(states(), start=1)
    ]
    broken = {"seq": len(found) + 1, "at": 1_614_600_000, "op": "A", "path": "_news/broken.md"}
    found.append({**broken, "text": "---\ntitle: an unquoted: colon\n---\n"})
    return [json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in found]


if __name__ == "__main__":
    SYNTHETIC.write_text("\n".join(lines()) + "\n", encoding="utf-8")
