"""Inputs made from the clients' own models: right by the rules of their shapes, and wrong in one place."""

import re
from collections import Counter
from itertools import chain, islice

# Some of these satisfies each pattern that a required member has.
WORDS = (
    "w-none",
    "arn:aws:iam::000000000000:role/w-none",
    "arn:aws:sns:us-east-1:000000000000:w-none",
    "s3://w-none/x",
    "https://w-none",
    "alias/w-none",
    "000000",
    "000000000000",
    "p1",
    "1",
    "text/csv",
    "w.none",
    "ml.m5.large",
    "AKIAIOSFODNN7EXAMPLE",
    "PT1H",
    "-PT1H",
    "0",
    "arn:aws:sagemaker:us-east-1:000000000000:model/w-none",
    "v1",
    "eu-west-1",
)
BREAKERS = ("\u00e9\u00e9", "?", " w none ", "-", "~!~", "\t")
LONGEST = 20_000
MOST = 600


def word_for(shape):
    """A text that the rules of the shape let in."""
    facts = shape.metadata
    if shape.enum:
        return shape.enum[0]
    least, most = facts.get("min", 0), facts.get("max", 10**9)
    for word in chain(WORDS, ("a" * least, "a1" * least, "1" * least, "x" * 32, "A" * 20)):
        if least <= len(word) <= most and fits(facts.get("pattern"), word):
            return word
    raise AssertionError(f"no word for {shape.name} {facts}")


def fits(pattern, word):
    # Python knows no \\p: classes; what the models mean by them is any of these letters.
    if pattern is None:
        return True
    pattern = re.sub(r"\[?\\p\{[^}]*\}", lambda found: "[\\w " if found[0][0] == "[" else r"\w", pattern)
    try:
        return re.fullmatch(pattern, word) is not None
    except re.error:
        return True


def right(shape, deep=0):
    """The least that the rules of the shape let in."""
    facts = shape.metadata
    match shape.type_name:
        case "structure":
            names = shape.required_members
            if getattr(shape, "is_tagged_union", False):
                names = list(shape.members)[:1]
            return {name: right(shape.members[name], deep + 1) for name in names}
        case "list":
            return [right(shape.member, deep + 1)] * max(1, facts.get("min", 0))
        case "map":
            return {right(shape.key, deep + 1): right(shape.value, deep + 1)}
        case "string":
            return word_for(shape)
        case "blob":
            return b"x" * max(1, facts.get("min", 0))
        case "boolean":
            return False
        case "timestamp":
            return 1_700_000_000
        case "float" | "double":
            return float(facts.get("min", 1))
        case _:
            return facts.get("min", 1)


def without_required(shape):
    """(member, input) for each required member left out; members within members as `a.b`."""
    usual = right(shape)
    for name in shape.required_members:
        yield name, {key: value for key, value in usual.items() if key != name}
    for name, member in shape.members.items():
        inner, wrap = member, lambda value: value
        if member.type_name == "list":
            inner, wrap = member.member, lambda value: [value]
        if inner.type_name == "structure" and inner.required_members:
            for missing in inner.required_members:
                value = {key: item for key, item in right(inner).items() if key != missing}
                # Nothing at all in a structure cannot be sent by every protocol.
                if value:
                    yield missing, {**usual, name: wrap(value)}


def out_of_rules(shape):
    """(member, input) for rules of each member that one value can break; two of each member at most."""
    usual = right(shape)
    for name, member in shape.members.items():
        for value in islice(breakers(member), 2):
            yield name, {**usual, name: value}


class Sparing:
    """Lets a kind of member through in a few places: in the fortieth its rule says nothing new."""

    def __init__(self, places=3):
        self.places = places
        self.seen = Counter()

    def lets(self, *kind):
        self.seen[kind] += 1
        return self.seen[kind] <= self.places


def breakers(shape):
    facts = shape.metadata
    least, most = facts.get("min"), facts.get("max")
    if shape.type_name == "string":
        if shape.enum:
            yield "w-no-such-value"
            return
        if least:
            yield "" if least == 1 else "a" * (least - 1)
        if most is not None and most < LONGEST:
            yield "a" * (most + 1)
        if "pattern" in facts:
            yield from broken_patterns(facts)
    elif shape.type_name in ("integer", "long", "float", "double"):
        if least is not None:
            yield least - 1
        if most is not None and most < 2**31 - 1:
            yield most + 1
    elif shape.type_name == "list":
        if most is not None and most <= MOST:
            item = right(shape.member)
            # A form has no way to say that there are many of nothing.
            if item != {}:
                yield [item] * (most + 1)
        yield from ([value] for value in breakers(shape.member))
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            for value in breakers(member):
                yield {**right(shape), name: value}


def broken_patterns(facts):
    fitting = (w for w in BREAKERS if facts.get("min", 0) <= len(w) <= facts.get("max", 10**9))
    for word in fitting:
        if not fits(facts["pattern"], word):
            yield word
            return


def of_other_kind(shape):
    """A value of JSON that is not of the shape's kind."""
    return {
        "string": [{"a": 1}],
        "integer": "w-none",
        "long": "w-none",
        "float": "w-none",
        "double": "w-none",
        "boolean": "w-none",
        "timestamp": {"a": 1},
        "blob": 5,
        "list": "w-none",
        "map": "w-none",
        "structure": "w-none",
    }[shape.type_name]
