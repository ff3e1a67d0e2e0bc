"""A made-up stream of article events, believable in its mix of good, repeated and bad, and the same for the same seed."""

from newsdesk.intake.generate.bad import BREAKABLE, broken
from newsdesk.intake.generate.stream import GeneratedEvent, generate
from newsdesk.intake.generate.tags import Tag

__all__ = ["BREAKABLE", "GeneratedEvent", "Tag", "broken", "generate"]
