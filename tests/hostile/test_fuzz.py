"""Fuzz targets, each for GLIMPSE_FUZZ_SECONDS (2 by default): what people and files write, whatever it is."""

import json
import os
import time

import click
import pytest
from hostile_files import figure
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from glimpse import GlimpseError, Window
from glimpse.batch.names import NAMES, OF_WINDOW, Template
from glimpse.batch.placements import parse_n, position, positive
from glimpse.cli.param_types import (
    parse_canvas,
    parse_gain,
    parse_levels,
    ranged,
)
from glimpse.io.record import Record, parse_record

pytestmark = pytest.mark.hostile

SECONDS = float(os.environ.get("GLIMPSE_FUZZ_SECONDS", "2"))

GOOD = Record(Window(180, 260, 5, 2.5, n=(40, 30)), (430, 500), "face.png").to_dict()
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
near = st.dictionaries(st.sampled_from([*GOOD, "method", "angle"]), values | st.just(2), max_size=3)
records = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200),
    near.map(lambda change: json.dumps({**GOOD, **change})),
    st.tuples(st.integers(0, 300), st.text(max_size=3)).map(lambda at: spliced(json.dumps(GOOD), *at)),
)
numbers = st.from_regex(r"[+-]?[0-9.eE_xnaif%]{0,8}", fullmatch=True) | st.floats().map(str)
words = st.lists(numbers | st.sampled_from(":,%[] -{}!"), max_size=9).map("".join) | st.text(max_size=30)
fields = st.sampled_from([*NAMES, *OF_WINDOW, "self", "0", "__class__", "stem.a", "gx[0]"])
templates = st.lists(
    st.tuples(fields, st.text("!:.0123456789dfgrs*^<", max_size=6)).map(
        lambda part: "{" + "".join(part) + "}"
    )
    | st.text(max_size=5),
    max_size=4,
).map("".join)


def spliced(text, place, more):
    return text[:place] + more + text[place + len(more) :]


def one_record(text):
    record = parse_record(text)
    assert parse_record(record.to_json()) == record


def one_slice(text):
    window = Window.from_slice(text, (430, 500), n=(43, 50))
    assert 0 <= window.box[0] < window.box[1] <= 430 + 1e-6


def one_template(text):
    filled = Template(text).fill({**dict.fromkeys(NAMES, "s"), "index": 3, **dict.fromkeys(OF_WINDOW, 2.5)})
    assert len(filled) < len(text) + 400


PARSERS = [parse_n, parse_levels, parse_gain, ranged(position("gx")), ranged(positive("delta"))]


PARSERS = [parse_n, parse_levels, parse_gain, parse_canvas, ranged(position("gx")), ranged(positive("delta"))]


def one_word(text):
    """One of the parsers of the command line: it returns, or says in one line what is wrong."""
    PARSERS[sum(map(ord, text)) % len(PARSERS)](text)


TARGETS = {
    "records": (one_record, records),
    "slices": (one_slice, words),
    "templates": (one_template, templates),
}
TARGETS["numbers and ranges"] = one_word, words


@pytest.mark.parametrize("name", TARGETS)
def test_fuzz(name):
    target, examples = TARGETS[name]
    tried = refused = 0

    @settings(
        max_examples=500,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(examples)
    def attempt(text):
        nonlocal tried, refused
        tried += 1
        try:
            target(text)
        except (GlimpseError, click.UsageError):
            refused += 1

    end, turn = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        seed(turn)(attempt)()
        turn += 1
    figure(
        f"fuzzing {name}", f"{tried} inputs in {SECONDS:g} s, {refused} refused in one line, 0 other errors"
    )
    assert 0 < refused < tried
