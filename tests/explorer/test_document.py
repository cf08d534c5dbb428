"""The page as a file: whole, small, safe with any text in it, its picture exact."""

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from importlib import resources

import numpy as np
import pytest
from helpers import invoke, noise, save
from PIL import Image, ImageCms

from glimpse import GlimpseError, Window
from glimpse.batch.pages import shell_word
from glimpse.explorer import Subject, TableRow, backdrop, document, page, table_page
from glimpse.window import EDGES, KERNELS

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{given}}&amp;'\".png"


class Parts(HTMLParser):
    """Tags with their attributes, and the text of scripts and styles."""

    def __init__(self, data):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts = [], []
        self.feed(data.decode("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.texts.append("")

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag):
        self.tags.append(("end", {}))
        self.texts.append("")

    def handle_data(self, data):
        if self.texts:
            self.texts[-1] += data

    def all(self, tag):
        return [(a, t) for (name, a), t in zip(self.tags, self.texts, strict=True) if name == tag]

    @property
    def given(self):
        """What is told of the first image."""
        return next(json.loads(t) for a, t in self.all("script") if a.get("id") == "given")["images"][0]

    @property
    def picture(self):
        source = next(a["src"] for a, _ in self.all("img"))
        return Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))


def to_rgb(levels):
    return np.broadcast_to(np.atleast_3d(levels), (*levels.shape[:2], 3)).astype(np.uint8)


def subject(levels, source, profile=None):
    record = {**Window.centered(levels.shape[:2]).to_dict(), "shape": levels.shape[:2], "source": source}
    return Subject(record, "glimpse read a.png", levels, profile=profile)


def page_of(levels, source="a.png", profile=None):
    return page(subject(levels, source, profile))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("ending", ["html", "htm", "HTML"])
def test_show_writes_a_page_by_its_ending(ending):
    save("a.png", noise(30, 44, 3))
    result = invoke("show", "a.png", "--row", 12, "-n", 9, "-o", f"look.{ending}")
    assert result.exit_code == 0, result.stderr
    with open(f"look.{ending}", "rb") as file:
        record = Parts(file.read()).given["record"]
    assert (record["gx"], record["n"], record["shape"], record["source"]) == (12, 9, [30, 44], "a.png")


def test_a_page_goes_where_other_outputs_go_and_is_replaced_as_they_are():
    save("a.png", noise(30, 44, 3))
    assert invoke("show", "a.png", "-o", "{stem}-{index}.html").exit_code == 0
    with open("a-0.html", "rb") as file:
        first = file.read()
    assert invoke("show", "a.png", "-o", "a-0.html").exit_code == 2
    assert invoke("show", "a.png", "-o", "a-0.html", "--overwrite").exit_code == 0
    with open("a-0.html", "rb") as file:
        assert file.read() == first


def test_standard_output_stays_a_png():
    save("a.png", noise(30, 44, 3))
    assert invoke("show", "a.png", "--width", "400", "-o", "-").stdout_bytes.startswith(b"\x89PNG")


def test_a_page_begins_with_the_window_of_like():
    save("a.png", noise(30, 44, 3))
    invoke("read", "a.png", "--row", 12, "--delta", 1.5, "--kernel", "box", "-n", "9,7", "-o", "p.png")
    invoke("show", "a.png", "--like", "p.png", "-o", "look.html")
    with open("look.html", "rb") as file:
        given = Parts(file.read()).given
    assert json.loads(invoke("info", "p.png").stdout).items() <= {**given["record"], "file": "p.png"}.items()


def test_the_page_without_its_picture_is_small():
    data = page_of(noise(30, 44, 3))
    assert len(data) - len(Parts(data).all("img")[0][0]["src"]) < 80_000


def test_the_policy_allows_the_scripts_and_the_style_of_the_page_alone():
    parts = Parts(page_of(noise(30, 44, 3), HOSTILE))
    policy = next(a["content"] for a, _ in parts.all("meta") if "http-equiv" in a)
    code = [t for a, t in parts.all("script") if "type" not in a] + [t for _, t in parts.all("style")]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in code]
    assert re.findall(r"sha256-([^']*)'", policy) == hashes
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    assert set(rules) == {"default-src", "base-uri", "form-action", "img-src", "script-src", "style-src"}
    assert "unsafe" not in policy
    assert not [a for _, a in parts.tags if any(name.startswith("on") or name == "style" for name in a)]


def test_the_page_names_no_other_file():
    parts = Parts(page_of(noise(30, 44, 3)))
    links = [a[name] for _, a in parts.tags for name in ("src", "href", "srcset", "action") if name in a]
    assert links
    assert all(link.startswith("data:") for link in links)
    assert not [t for _, t in parts.all("style") if "url(" in t or "@import" in t]


@pytest.mark.parametrize("source", [HOSTILE, "\u2028 é\n\x1b.png", "\udcff.png", "<!--.png", "{{page}}"])
def test_a_file_name_stays_text(source):
    harmless, parts = Parts(page_of(noise(30, 44, 3))), Parts(page_of(noise(30, 44, 3), source))
    assert [tag for tag, _ in parts.tags] == [tag for tag, _ in harmless.tags]
    assert parts.given["record"]["source"] == source
    (data,) = (text for attributes, text in parts.all("script") if attributes.get("id") == "given")
    assert not set("<>&") & set(data)  # whatever parses the page takes them for nothing else
    shown = source.encode("utf-8", "replace").decode()
    assert parts.all("title")[0][1] == f"{shown} – glimpse"


def test_choices_are_those_of_the_window():
    parts = Parts(page_of(noise(30, 44, 3)))
    names = [*KERNELS, *EDGES]
    assert [t.strip() for _, t in parts.all("option")][-len(names) :] == names


def test_the_mathematics_of_the_page_has_every_kernel_of_the_table():
    code = resources.files("glimpse.explorer").joinpath("layer.js").read_text("utf-8")
    table = re.search(r"^const KERNELS = \{$(.*?)^\};$", code, re.MULTILINE | re.DOTALL)[1]
    rows = dict(re.findall(r"^  (\w+): \{$(.*?)^  \},$", table, re.MULTILINE | re.DOTALL))
    assert tuple(rows) == KERNELS
    for row in rows.values():
        assert set(re.findall(r"^    (\w+)[:(]", row, re.MULTILINE)) == {
            "sigma",
            "reach",
            "weigh",
            "latticeSum",
        }


@pytest.mark.parametrize("shape", [(30, 44, 3), (30, 44), (1, 1, 3), (16_383, 2)])
def test_the_picture_has_the_exact_levels_and_nothing_else(shape):
    levels = noise(*shape)
    with Parts(page_of(levels)).picture as picture:
        assert not picture.info.keys() & {"exif", "icc_profile", "xmp"}
        assert picture.mode in ("L", "RGB")
        np.testing.assert_array_equal(picture.convert("RGB"), to_rgb(levels))


def test_the_picture_of_many_pixels_is_reduced_by_a_whole_factor():
    levels = np.tile(noise(2, 2, 3), (3, 8200, 1))  # longer than a WebP may be
    parts = Parts(page_of(levels))
    assert (parts.given["scale"], parts.given["record"]["shape"]) == (2, [6, 16400])
    assert any("reduced 2 times" in note for note in parts.given["notes"])
    with parts.picture as picture:
        expected = levels[:2, :2].mean(axis=(0, 1))
        np.testing.assert_allclose(picture, np.broadcast_to(expected, (3, 8200, 3)), atol=0.51)


@pytest.mark.parametrize(
    ("rows", "cols", "scale"), [(1000, 1500, 1), (1000, 1501, 2), (9, 65_535, 5), (9000, 9000, 8)]
)
def test_reduction_is_the_least_whole_factor(rows, cols, scale):
    assert backdrop.reduction(rows, cols) == scale


def test_levels_with_a_profile_are_turned_to_srgb():
    """A profile with the primaries of red and blue exchanged exchanges red and blue."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")
    levels = noise(30, 44, 3)
    with Parts(page_of(levels, profile=swapped)).picture as picture:
        np.testing.assert_allclose(picture, levels[..., ::-1].astype(int), atol=2)


def test_the_picture_is_upright_and_multiplied_by_its_alpha():
    levels, mirrored = noise(30, 44, 4), Image.Exif()
    mirrored[0x0112] = 2
    save("a.png", levels[:, ::-1], exif=mirrored)
    assert invoke("show", "a.png", "-o", "look.html").exit_code == 0
    with open("look.html", "rb") as file:
        parts = Parts(file.read())
    expected = levels[..., :3] * (levels[..., 3:] / 255)
    with parts.picture as picture:
        np.testing.assert_allclose(picture, expected, atol=0.51)
    assert any("on black" in note for note in parts.given["notes"])


def test_sixteen_bits_are_shown_as_eight_and_said():
    levels = (noise(30, 44).astype(np.uint16) << 8) + noise(30, 44, seed=1)
    Image.fromarray(levels).save("a.png")
    assert invoke("show", "a.png", "-o", "look.html").exit_code == 0
    with open("look.html", "rb") as file:
        parts = Parts(file.read())
    with parts.picture as picture:
        np.testing.assert_allclose(np.asarray(picture.convert("L")), levels / 257, atol=0.51)
    assert parts.given["grey"]
    assert any("8 bits" in note for note in parts.given["notes"])


def test_levels_stay_where_the_profile_is_srgb_or_cannot_be_used():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    levels = noise(30, 44, 3)
    for profile, notes in ((srgb, 0), (lab, 1), (b"none", 1)):  # LAB is no profile of RGB
        parts = Parts(page_of(levels, profile=profile))
        assert len(parts.given["notes"]) == notes
        with parts.picture as picture:
            np.testing.assert_array_equal(picture, levels)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("photo.png", "photo.png"),
        ("my photo.png", "'my photo.png'"),
        ("-o.png", "./-o.png"),
        ("-", "-"),
        ("$(rm x).png", "'$(rm x).png'"),
        ("two\nlines'.png", r"$'two\nlines\'.png'"),
        ("\x1b[0m.png", r"$'\x1b[0m.png'"),
        ("\udcff.png", r"$'\xff.png'"),
    ],
)
def test_names_are_quoted_for_a_shell(name, word):
    assert shell_word(name) == word


def test_the_command_repeats_how_the_image_was_decoded():
    np.save("a.npy", np.random.default_rng(0).uniform(0, 1, (30, 44)))
    invoke("show", "a.npy", "--range", "0,1.5", "--max-pixels", 5000, "-o", "look.html")
    with open("look.html", "rb") as file:
        command = Parts(file.read()).given["command"]
    assert command == "glimpse read a.npy --range 0.0,1.5 --max-pixels 5000"
    frames = [Image.fromarray(noise(30, 44, seed=k)) for k in range(2)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    invoke("show", "a.gif", "--page", 2, "-o", "two.html")
    with open("two.html", "rb") as file:
        assert Parts(file.read()).given["command"] == "glimpse read a.gif --page 2"


def test_the_page_of_a_table_tells_of_every_image_once_and_of_every_row():
    shapes = [(30, 44, 3), (20, 16)]
    windows = [Window.from_box((k, 2, 6, 8), n=4) for k in range(5)]
    rows = [TableRow(k, window, [HOSTILE]) for k, window in enumerate(windows)]
    groups = ((subject(noise(*shape), f"{k}.png"), rows[k::2]) for k, shape in enumerate(shapes))
    parts = Parts(table_page(groups, 2, name="b.csv", header=["image"]))
    given = next(json.loads(t) for a, t in parts.all("script") if a.get("id") == "given")
    assert [tuple(image["shape"]) for image in given["images"]] == [(30, 44), (20, 16)]
    for image, shape in zip(given["images"], shapes, strict=True):
        with Image.open(io.BytesIO(base64.b64decode(image["picture"].partition(",")[2]))) as picture:
            np.testing.assert_array_equal(picture.convert("RGB"), to_rgb(noise(*shape)))
    assert [row.pop("image") for row in given["rows"]] == [0, 1, 0, 1, 0]
    assert [Window.from_dict(row) for row in given["rows"]] == windows
    assert given["table"]["cells"] == [[HOSTILE]] * 5


def test_pictures_of_a_table_share_the_room_of_a_page(monkeypatch):
    monkeypatch.setattr(document, "PIXELS_IN_ALL", 4000)
    monkeypatch.setattr(document, "FEWEST_PIXELS", 1000)
    row = TableRow(0, Window.centered((60, 60)), [])
    for count, scale in ((1, 1), (4, 2)):
        groups = [(subject(noise(60, 60), "a.png"), [row])] * count
        assert Parts(table_page(groups, count, name="b.csv", header=[])).given["scale"] == scale
    with pytest.raises(GlimpseError, match="the table names 5 images; one page holds at most 4"):
        table_page([], 5, name="b.csv", header=[])
    with pytest.raises(GlimpseError, match="there are no windows to show"):
        table_page([], 1, name="b.csv", header=[])
