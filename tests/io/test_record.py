"""The record of a file: the same after a round trip, and whatever else stands there is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import scenes

from glimpse import GlimpseError, Window, limits
from glimpse.io.record import Record, checked_shape, parse_record
from glimpse.window import per_axis

WINDOW = Window(gx=180, gy=260, delta=5, sigma=2.5, n=40)
GOOD = Record(WINDOW, (430, 500), "face.png").to_dict()
FAR = json.dumps({**GOOD, "gx": 1})
# the default alphabet by another name, which takes a second to be made
characters = st.characters(exclude_categories=["Cs"])
sources = st.text(characters, max_size=20)


@given(scenes(), sources, st.sampled_from([None, "transpose", "inverse"]))
def test_a_record_survives_its_json(scene, source, method):
    shape, window = scene
    record = Record(window, shape, source, method=method)
    assert parse_record(record.to_json()) == record
    assert parse_record(record.to_json().encode()) == record


@given(scenes(), st.sets(st.sampled_from(["gx", "gy", "delta", "sigma", "gamma"]), min_size=1))
def test_the_record_of_a_sweep_survives_its_json(scene, swept):
    shape, first = scene
    last = Window(
        **{**first.to_dict(), **{name: per_axis(lambda x: x + 1, getattr(first, name)) for name in swept}}
    )
    swept = {name for name in swept if getattr(first, name) != getattr(last, name)}
    record = Record(first, shape, "a.png", last=last if swept else None)
    values = record.to_dict()
    assert values.get("last", {}).keys() == swept
    assert all(parse_record(record.to_json()).last == last for _ in swept)
    assert parse_record(record.to_json()) == record


def test_a_record_reads_as_the_design_says():
    assert Record(WINDOW, (430, 500), "face.png").to_json() == (
        '{"glimpse": 2, "gx": 180.0, "gy": 260.0, "delta": 5.0, "sigma": 2.5, "gamma": 1.0, "n": 40, '
        '"kernel": "gaussian", "edge": "extend", "axes": "gx=row, gy=col", "shape": [430, 500], '
        '"source": "face.png"}'
    )


# as the first version wrote them: of a patch, of a canvas, of a sweep, and as `locate` printed them
FIRST = (
    '{"glimpse": 1, "gx": 180.0, "gy": 260.0, "delta": 5.0, "sigma": 2.5, "gamma": 1.0, "n": [40, 30], '
    '"kernel": "gaussian", "edge": "extend", "axes": "gx=row, gy=col", "shape": [430, 500], '
    '"source": "face.png"}',
    '{"glimpse": 1, "gx": 180.0, "gy": 260.0, "delta": 5.0, "sigma": 2.5, "gamma": 2.0, "n": 40, '
    '"kernel": "box", "edge": "black", "axes": "gx=row, gy=col", "shape": [430, 500], '
    '"source": "face.png", "method": "inverse"}',
    '{"glimpse": 1, "gx": [180.0, 9.0], "gy": 260.0, "delta": [5.0, 8.0], "sigma": 2.5, "gamma": 1.0, '
    '"n": 40, "kernel": "gaussian", "edge": "extend", "axes": "gx=row, gy=col", "shape": [430, 500], '
    '"source": "face.png", "fast": 2}',
    '{"glimpse": 1, "gx": 180.0, "gy": 260.0, "delta": 5.0, "sigma": 2.5, "gamma": 1.5, "n": 40, '
    '"kernel": "gaussian", "edge": "extend", "axes": "gx=row, gy=col", "shape": [430, 500], '
    '"source": "face.png", "rows": [80.0, 280.0], "cols": [160.0, 360.0], "offset": 0, "residual": 0.3, '
    '"confidence": 0.9, "settled": true}',
)
UPGRADED = (
    Record(Window(180, 260, 5, 2.5, n=(40, 30)), (430, 500), "face.png"),
    Record(Window(180, 260, 5, 2.5, 2, 40, "box", "black"), (430, 500), "face.png", method="inverse"),
    Record(WINDOW, (430, 500), "face.png", last=Window(9, 260, 8, 2.5, n=40), fast=2),
    Record(Window(180, 260, 5, 2.5, 1.5, 40), (430, 500), "face.png"),
)


@pytest.mark.parametrize(("text", "record"), [*zip(FIRST, UPGRADED, strict=True)])
def test_records_of_the_first_version_are_read_for_ever(text, record):
    assert parse_record(text) == record
    assert parse_record(record.to_json()) == record


def test_a_pair_is_a_list_and_the_other_end_of_a_sweep_has_its_own_key():
    first, last = Window(1, 2, (3, 4), 5, n=(6, 7)), Window(1, 2, (6, 8), (5, 6), n=(6, 7))
    values = Record(first, (8, 9), "a", last=last).to_dict()
    assert (values["delta"], values["sigma"], values["n"]) == ([3, 4], 5, [6, 7])
    assert values["last"] == {"delta": [6, 8], "sigma": [5, 6]}


def test_n_is_a_pair_where_the_axes_differ_and_a_canvas_says_how_it_was_written():
    record = Record(Window(1, 2, 3, 4, n=(5, 6)), (7, 8), "a", method="inverse")
    assert (record.to_dict()["n"], record.to_dict()["method"]) == ([5, 6], "inverse")


def test_a_record_is_one_line_of_ascii_whatever_the_name():
    line = Record(WINDOW, (4, 5), 'ü\n"\u2028\udcff').to_json()
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert parse_record(line).source == 'ü\n"\u2028\udcff'


def test_a_sweep_has_no_single_window():
    assert Record(WINDOW, (4, 5), "a").single == WINDOW
    with pytest.raises(GlimpseError, match="names no single window"):
        _ = Record(WINDOW, (4, 5), "a", last=Window(1, 2, 3, 4)).single


@given(scenes(), st.lists(scenes(), min_size=1, max_size=3), st.sampled_from([None, "transpose"]))
def test_a_record_of_several_windows_survives_its_json(scene, others, method):
    shape, first = scene
    windows = (first, *(window for _, window in others))
    record = Record(first, shape, "a.png", method=method, windows=windows)
    assert parse_record(record.to_json()) == record
    assert not record.is_patch
    with pytest.raises(GlimpseError, match=f"is of {len(windows)} windows and names no single one"):
        _ = record.single


def test_of_several_windows_only_what_sets_them_apart_is_told():
    record = Record(
        WINDOW, (430, 500), "a.png", method="transpose", windows=(WINDOW, Window(1, 260, 5, 2.5, n=9))
    )
    assert record.to_dict()["windows"] == [{}, {"gx": 1.0, "n": 9}]


def test_a_record_of_too_many_windows_is_known_to_be_too_long():
    record = Record(
        WINDOW, (430, 500), "a.png", windows=tuple(Window(i, 260, 5, 2.5, n=40) for i in range(5999))
    )
    assert not record.fits
    assert Record(WINDOW, (430, 500), "a.png", windows=record.windows[:500]).fits


def altered(**values):
    return json.dumps({**GOOD, **values})


def without(*names):
    return json.dumps({key: value for key, value in GOOD.items() if key not in names})


def raw(name, text):
    """The good record with something that json.dumps would not write."""
    return json.dumps({**GOOD, name: "HERE"}).replace('"HERE"', text)


def first(name, text):
    """As `raw`, of the first version."""
    return raw(name, text).replace('"glimpse": 2', '"glimpse": 1')


HOSTILE = {
    "nothing": "",
    "space": " ",
    "an empty object": "{}",
    "an empty list": "[]",
    "a list of a record": f"[{FAR}]",
    "a string": '"glimpse"',
    "a number": "1",
    "null": "null",
    "words": "Created with some editor",
    "two records": FAR + FAR,
    "cut short": FAR[:-1],
    "a comma too many": FAR[:-1] + ",}",
    "bytes that are no text": b'{"glimpse": 1, "source": "\xff\xfe\xfa"}',
    "brackets 30,000 deep": "[" * 30_000,
    "brackets 100,000 deep": "[" * 100_000 + "]" * 100_000,
    "objects 10,000 deep": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "too long": altered(source="a" * limits.RECORD_BYTES),
    "no version": without("glimpse"),
    "version 3": altered(glimpse=3),
    "version 0": altered(glimpse=0),
    "version true": altered(glimpse=True),
    "version 1.0": altered(glimpse=1.0),
    "version text": altered(glimpse="1"),
    "version null": altered(glimpse=None),
    "gx NaN": raw("gx", "NaN"),
    "gx Infinity": raw("gx", "Infinity"),
    "gx -Infinity": raw("gx", "-Infinity"),
    "gx 1e999": raw("gx", "1e999"),
    "gx 1e999 in a range": first("gx", "[1, 1e999]"),
    "gx NaN in a range": first("gx", "[NaN, 1]"),
    "gx a pair": altered(gx=[1, 2]),
    "delta of three": altered(delta=[1, 2, 3]),
    "delta of none": altered(delta=[]),
    "delta a pair of pairs": altered(delta=[[1, 2], [3, 4]]),
    "sigma a pair with 0": altered(sigma=[1, 0]),
    "sigma a pair with 1e999": raw("sigma", "[1, 1e999]"),
    "gamma a pair": altered(gamma=[1, 2]),
    "last null": altered(last=None),
    "last a list": altered(last=[1]),
    "last a number": altered(last=3),
    "last with a kernel": altered(last={"kernel": "box"}),
    "last with an unknown name": altered(last={"angle": 3}),
    "last with text": altered(last={"gx": "3"}),
    "last within last": altered(last={"last": {"gx": 1}}),
    "last 1e999": raw("last", '{"gx": 1e999}'),
    "last with gx twice": raw("last", '{"gx": 1, "gx": 2}'),
    "last in the first version": altered(glimpse=1, last={"gx": 2}),
    "gx of 400 digits": raw("gx", "1" + "0" * 400),
    "gx of 9,000 digits": raw("gx", "1" + "0" * 9000),
    "gx true": altered(gx=True),
    "gx text": altered(gx="180"),
    "gx null": altered(gx=None),
    "gx an object": altered(gx={}),
    "gx an empty range": altered(glimpse=1, gx=[]),
    "gx a range of one": altered(glimpse=1, gx=[1]),
    "gx a range of three": altered(glimpse=1, gx=[1, 2, 3]),
    "gx a range of ranges": altered(glimpse=1, gx=[[1, 2], [3, 4]]),
    "delta a range of ranges": altered(glimpse=1, delta=[[1, 2], [3, 4]]),
    "gx a range of truths": altered(glimpse=1, gx=[True, False]),
    "gx too far": altered(gx=1e10),
    "gx missing": without("gx"),
    "sigma missing": without("sigma"),
    "gx twice": raw("gx", '1, "gx": 2'),
    "glimpse twice": raw("glimpse", '1, "glimpse": 1'),
    "an unknown name": altered(angle=3),
    "a name of Python": altered(__class__="Window"),
    "delta 0": altered(delta=0),
    "delta negative": altered(delta=-1),
    "delta a range to 0": altered(glimpse=1, delta=[1, 0]),
    "sigma 0": altered(sigma=0),
    "sigma denormal": altered(sigma=5e-324),
    "gamma 0": altered(gamma=0),
    "gamma null": altered(gamma=None),
    "n 0": altered(n=0),
    "n negative": altered(n=-3),
    "n true": altered(n=True),
    "n a fraction": altered(n=2.5),
    "n a whole float": altered(n=40.0),
    "n text": altered(n="40"),
    "n null": altered(n=None),
    "n too many": altered(n=limits.N_MAX + 1),
    "n of 400 digits": raw("n", "1" + "0" * 400),
    "n []": altered(n=[]),
    "n [1]": altered(n=[1]),
    "n [2, 3, 4]": altered(n=[2, 3, 4]),
    "n [2, true]": altered(n=[2, True]),
    "n [[2, 3], [4, 5]]": altered(n=[[2, 3], [4, 5]]),
    "n an object": altered(n={"rows": 3}),
    "kernel unknown": altered(kernel="lanczos"),
    "kernel a list": altered(kernel=["gaussian"]),
    "kernel null": altered(kernel=None),
    "edge unknown": altered(edge="wrap"),
    "edge an object": altered(edge={}),
    "axes swapped": altered(axes="gx=col, gy=row"),
    "axes a list": altered(axes=[]),
    "source a number": altered(source=3),
    "offset text": altered(offset="3"),
    "offset true": altered(offset=True),
    "offset a list": altered(offset=[]),
    "offset 1e999": raw("offset", "1e999"),
    "source null": altered(source=None),
    "method unknown": altered(method="magic"),
    "method a list": altered(method=["transpose"]),
    "a swept canvas": altered(method="transpose", last={"gx": 2}),
    "a swept canvas of the first version": altered(glimpse=1, method="transpose", gx=[1, 2]),
    "windows null": altered(windows=None),
    "windows empty": altered(windows=[]),
    "windows of one": altered(windows=[{}]),
    "windows an object": altered(windows={"gx": 1}),
    "windows of numbers": altered(windows=[1, 2]),
    "windows with an unknown name": altered(windows=[{}, {"angle": 3}]),
    "windows with a range": altered(windows=[{}, {"gx": [1, 2]}]),
    "windows with delta 0": altered(windows=[{}, {"delta": 0}]),
    "windows within windows": altered(windows=[{}, {"windows": [{}, {}]}]),
    "a first window of its own": altered(windows=[{"gx": 1}, {"gx": 2}]),
    "shape missing": without("shape"),
    "shape null": altered(shape=None),
    "shape 0": altered(shape=[0, 5]),
    "shape negative": altered(shape=[-4, -5]),
    "shape of one": altered(shape=[5]),
    "shape of three": altered(shape=[5, 6, 3]),
    "fast true": altered(fast=True),
    "a residual beyond all numbers": raw("residual", "1e999"),
    "shape text": altered(shape="56"),
    "shape true": altered(shape=[True, 5]),
    "shape a float": altered(shape=[4.0, 5]),
    "shape NaN": raw("shape", "[NaN, 5]"),
    "shape 1e999": raw("shape", "[1e999, 5]"),
    "shape 2,000,000,000": altered(shape=[2_000_000_000, 5]),
    "a canvas of 70,000": altered(shape=[70_000, 5], method="transpose"),
    "shape of 400 digits": raw("shape", "[1" + "0" * 400 + ", 5]"),
    "a canvas of too many pixels": altered(shape=[65_535, 65_535], method="transpose"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_record_is_refused_in_one_line(text):
    with pytest.raises(GlimpseError) as refused:
        parse_record(text)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("name", ["gamma", "n", "kernel", "edge", "axes", "source"])
def test_what_has_a_default_may_be_left_out(name):
    assert parse_record(without(name)).window.gx == 180


def test_the_limit_of_a_record_is_its_length(monkeypatch):
    monkeypatch.setattr(limits, "RECORD_BYTES", len(FAR))
    assert parse_record(FAR).window.gx == 1
    with pytest.raises(GlimpseError, match="longer than"):
        parse_record(FAR + " ")


@pytest.mark.parametrize("shape", [(1, 1), (65_535, 1), [1, 65_535], (13_377, 13_377)])
def test_shapes_within_the_limits_are_taken(shape):
    assert checked_shape(shape) == tuple(shape)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(characters, max_size=5),
                    lambda inner: st.lists(inner, max_size=3), max_leaves=5),
       st.sampled_from([*GOOD, "method", "windows", "last"]), st.sampled_from([1, 2]))  # fmt: skip
def test_any_value_anywhere_gives_a_record_or_our_error(value, name, version):
    try:
        record = parse_record(json.dumps({**GOOD, "glimpse": version, name: value}))
    except GlimpseError:
        return
    assert parse_record(record.to_json()) == record
