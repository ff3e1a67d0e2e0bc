"""The rules file: the editors' judgement as versioned data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Points = Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=200)]
Switch = Annotated[bool, Field(strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TitleLength(_Part):
    """One point less for every *per_point* characters of the title beyond *limit*."""

    limit: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 70
    per_point: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 2


class Quality(_Part):
    """The points of the additive score; mode trust takes upstream's quality where an article brings one."""

    mode: Literal["score", "trust"] = "score"
    per_topic: Points = 2
    per_keyword: Points = 15
    image: Points = 20
    amp: Points = 20
    featured: Points = 50
    title_length: TitleLength = TitleLength()


class Heat(_Part):
    """*per_related* points for each related article, for a leader whose quality is at least *floor*."""

    per_related: Points = 20
    floor: Points = 50


class Publish(_Part):
    """An article that leads its story is published when its heat reaches *threshold*."""

    threshold: Points = 70


class TopicRule(_Part):
    """A topic of the newsroom, its keywords, and the topic that it implies."""

    name: Name
    keywords: tuple[Name, ...] = ()
    parent: Name | None = None


class ProviderRule(_Part):
    """A provider by domain (or host): its name, its weight in points, and whether it is denied."""

    domain: Name
    name: Name | None = None
    weight: Points = 0
    deny: Switch = False


class Matching(_Part):
    """How keywords are matched in texts."""

    word_boundaries: Switch = True
    fold_hyphens: Switch = True
    count_repeated_entries: Switch = False


class Related(_Part):
    """How many related articles the record keeps; all count for heat."""

    keep: Annotated[int, Field(strict=True, ge=0, le=1000)] = 50


class Rules(_Part):
    """A rules file."""

    name: Name
    version: Annotated[str, Field(min_length=1, max_length=50, coerce_numbers_to_str=True)]
    quality: Quality = Quality()
    heat: Heat = Heat()
    publish: Publish = Publish()
    related: Related = Related()
    topics: tuple[TopicRule, ...] = ()
    providers: tuple[ProviderRule, ...] = ()
    matching: Matching = Matching()

    @model_validator(mode="after")
    def _consistent(self) -> Rules:
        """Topic and provider names are unique, and parents exist and form no circle."""
        parents = {topic.name: topic.parent for topic in self.topics}
        if len(parents) < len(self.topics):
            raise ValueError("topics: a name is listed twice")
        domains = [provider.domain.casefold() for provider in self.providers]
        if len(set(domains)) < len(domains):
            raise ValueError("providers: a domain is listed twice")
        for name, parent in parents.items():
            seen = {name}
            ancestor = parent
            while ancestor is not None:
                if ancestor not in parents:
                    raise ValueError(f"topics: the parent {ancestor!r} of {name!r} is not in the list")
                if ancestor in seen:
                    raise ValueError(f"topics: {name!r} is its own ancestor")
                seen.add(ancestor)
                ancestor = parents[ancestor]
        return self
