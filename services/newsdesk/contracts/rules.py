"""The rules file: the editors' judgement as versioned data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
        """Topics and providers are named once, and parents exist and form no circle."""
        faults = [*_topic_faults(self.topics), *_provider_faults(self.providers)]
        if faults:
            errors = [
                InitErrorDetails(
                    type=PydanticCustomError("inconsistent", "{what}", {"what": what}), loc=loc, input=None
                )
                for loc, what in faults
            ]
            raise ValidationError.from_exception_data(type(self).__name__, errors)
        return self


_Fault = tuple[tuple[str | int, ...], str]
"""Where in the file something is wrong, and what."""


def _topic_faults(topics: Sequence[TopicRule]) -> Iterator[_Fault]:
    parents: dict[str, str | None] = {}
    for number, topic in enumerate(topics):
        if topic.name in parents:
            yield ("topics", number, "name"), f"the topic {topic.name!r} is listed twice"
        parents[topic.name] = topic.parent
    for number, topic in enumerate(topics):
        if topic.parent is not None and topic.parent not in parents:
            yield ("topics", number, "parent"), f"there is no topic {topic.parent!r}"
        elif topic.name in _ancestors(topic.name, parents):
            yield ("topics", number, "parent"), f"the topic {topic.name!r} is its own ancestor"


def _ancestors(name: str, parents: Mapping[str, str | None]) -> set[str]:
    """The parent of *name*, and its parent, and so on, as far as that goes or until it comes round."""
    found: set[str] = set()
    ancestor = parents.get(name)
    while ancestor is not None and ancestor not in found:
        found.add(ancestor)
        ancestor = parents.get(ancestor)
    return found


def _provider_faults(providers: Sequence[ProviderRule]) -> Iterator[_Fault]:
    seen: set[str] = set()
    for number, provider in enumerate(providers):
        domain = provider.domain.casefold().removeprefix("www.")
        if domain in seen:
            yield ("providers", number, "domain"), f"the domain {domain!r} is listed twice"
        seen.add(domain)
