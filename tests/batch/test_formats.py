"""Tables as annotators and detectors save them: the same boxes, whatever the format."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from helpers import invoke, loaded, noise, opened, save
from PIL import Image, ImageSequence

from glimpse import GlimpseError, limits
from glimpse.batch import read_table

SHAPE = 30, 40
BOX = 8, 6, 20, 12  # x, y, w, h
COCO = {
    "images": [
        {"id": 7, "file_name": "deep/b.png", "width": 40, "height": 30},
        {"id": 9, "file_name": "a.png", "width": 40, "height": 30},
    ],
    "annotations": [
        {"id": 1, "image_id": 9, "category_id": 3, "bbox": list(BOX)},
        {"id": 2, "image_id": 7, "category_id": 4, "bbox": [0, 0, 5, 5]},
    ],
    "categories": [{"id": 3, "name": "cat"}, {"id": 4, "name": "dog"}],
}
VOC = """<?xml version="1.0"?><annotation><folder>x</folder><filename>a.png</filename>
<size><width>40</width><height>30</height><depth>3</depth></size>
<object><name>cat</name><part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>
<bndbox><xmin>9</xmin><ymin>7</ymin><xmax>28</xmax><ymax>18</ymax></bndbox></object></annotation>"""
LABELME = {
    "version": "5", "imagePath": "..\\pictures\\a.png", "imageWidth": 40, "imageHeight": 30,
    "shapes": [{"label": "cat", "shape_type": "rectangle", "points": [[8, 6], [28, 18]]}],
}  # fmt: skip
VIA = """filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes
a.png,1,"{}",1,0,"{""name"":""rect"",""x"":8,""y"":6,""width"":20,""height"":12}","{""class"":""cat""}"
b.png,1,"{}",0,0,"{}","{}"
"""
REGION = {"original_width": 40, "original_height": 30, "image_rotation": 0}
VALUE = {"x": 20.0, "y": 20.0, "width": 50.0, "height": 40.0, "rotation": 0, "rectanglelabels": ["cat"]}
CATEGORIES = {"categories": [{"id": 3, "name": "cat"}]}
REGIONS = {
    "a.png99": {
        "filename": "a.png",
        "regions": [
            {
                "shape_attributes": {"name": "rect", "x": 8, "y": 6, "width": 20, "height": 12},
                "region_attributes": {"class": "cat", "x": "99", "image": "none"},
            }
        ],
    }
}
PROJECT = {
    "project": {"vid_list": ["1", "2"]},
    "attribute": {"1": {"aname": "class", "type": 4, "options": {"7": "cat", "8": "dog"}}},
    "file": {"5": {"fid": 5, "fname": "a.png", "type": 2, "loc": 1, "src": ""}},
    "view": {"2": {"fid_list": [5]}},
}
VIA3_CSV = """# Exported using VGG Image Annotator
# ATTRIBUTES = {"1": {"aname": "class", "options": {"7": "cat"}}}
# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata
"2_x","[""a.png""]",0,"[]","[2,8,6,20,12]","{""1"":""7""}"
"""
DETECTION = {"_cls": "Detection", "bounding_box": [0.2, 0.2, 0.5, 0.4], "label": "cat"}
CORNERS = {"x1": 8.0, "y1": 6.0, "x2": 28.0, "y2": 18.0}
CENTER = {"label": "cat", "coordinates": {"x": 18, "y": 12, "width": 20, "height": 12}}
APOSTROPHE = "it's"
POSE = "0.3 0.3 0.98 0.6 0.3 0.95 0.45 0.4 0.9 0.3 0.5 0.97 0 0 0.1"
CVAT = """<?xml version="1.0"?><annotations><version>1.1</version>
<image id="0" name="a.png" width="40" height="30">{}</image></annotations>"""


def quoted(value):
    """A cell of CSV with a value as Python prints it."""
    return '"' + str(value).replace('"', '""') + '"'


FILES = {
    "coco": json.dumps(COCO),
    "coco in lines": json.dumps(COCO, indent=1),
    "voc": VOC,
    "labelme": json.dumps(LABELME, indent=2),
    "via": VIA,
    "json lines": json.dumps({"file_name": "a.png", "bbox": list(BOX), "class": "cat"}) + "\n",
    "yolo": "3 0.45 0.4 0.5 0.4\n",
    "yolo with confidence": "3 0.45 0.4 0.5 0.4 0.91\n",
    "yolo of an oriented box": "3 0.2 0.2 0.7 0.2 0.7 0.6 0.2 0.6\n",
    "yolo of a polygon": "3 0.2 0.2 0.7 0.2 0.7 0.6\n",
    "yolo with a track": "3 0.45 0.4 0.5 0.4 0.91 12\n",
    "yolo with keypoints": "3 0.45 0.4 0.5 0.4 0.1 0.1 2\n",
    "label studio": json.dumps(
        [
            {
                "id": 1,
                "data": {"image": "/data/upload/1/0123abcd-a.png"},
                "annotations": [
                    {"was_cancelled": True, "result": [REGION]},
                    {"result": [REGION | {"value": VALUE}]},
                ],
            }
        ]
    ),
    "label studio, json-min": json.dumps(
        [{"image": "/x/0123abcd-a.png", "id": 1, "label": [REGION | VALUE]}]
    ),
    "label studio, csv": 'image,id,label\n/x/0123abcd-a.png,1,"'
    + json.dumps([REGION | VALUE]).replace('"', '""')
    + '"\n',
    "windows": 'filepath;bbox;class\r\nC:\\x\\A.PNG;"8 6 20 12";cat\r\n',
    "qwen": json.dumps({"image": "a.png", "bbox_2d": [8, 6, 28, 18], "class": "cat"}) + "\n",
    "cells": 'image,bbox,class\na.png,"[8, 6, 20, 12]",cat\n',
    "coco, panoptic": json.dumps(
        {
            "images": [{"id": 1, "file_name": "a.png"}],
            "annotations": [
                {
                    "image_id": 1,
                    "file_name": "mask.png",
                    "segments_info": [{"category_id": 3, "bbox": BOX}, {"category_id": 3, "iscrowd": 1}],
                }
            ],
            **CATEGORIES,
        }
    ),
    "coco, lvis": json.dumps(
        {
            "images": [{"id": 1, "coco_url": "http://x/val/a.png"}],
            "annotations": [{"image_id": 1.0, "category_id": 3.0, "bbox": BOX}],
            **CATEGORIES,
        }
    ),
    "a list of objects": json.dumps([{"file": "a.png", "bbox": BOX, "class": "cat"}], indent=1),
    "objects of datasets": json.dumps(
        {"file_name": "a.png", "objects": {"bbox": [BOX], "class": ["cat"], "area": []}}
    ),
    "ultralytics": json.dumps(
        [{"image": "a.png", "class": "cat", "box": {"x1": 8.0, "y1": 6.0, "x2": 28.0, "y2": 18.0}}]
    ),
    "via, json": json.dumps(REGIONS),
    "via, project": json.dumps({"_via_settings": {}, "_via_img_metadata": REGIONS}, indent=1),
    "cvat": CVAT.format('<box label="cat" xtl="8" ytl="6" xbr="28.0" ybr="18" rotation="0.0"></box>'),
    "cvat, a polygon": CVAT.format('<polygon label="cat" points="8,6;28,6;28,18"/>'),
    "cvat, a mask": CVAT.format('<mask label="cat" rle="0, 9" left="8" top="6" width="20" height="12"/>'),
    "yolo of floats": "3.000000 0.45 0.4 0.5 0.4\n",
    "yolo of a polygon with confidence": "3 0.2 0.2 0.7 0.2 0.7 0.6 0.91\n",
    "yolo of a polygon that turns back": "3 0.2 0.2 0.7 0.2 0.7 0.6 0.2 0.6 0.3 0.6\n",
    "yolo of an oriented box with confidence and track": "3 0.2 0.2 0.7 0.2 0.7 0.6 0.2 0.6 0.91 12\n",
    "yolo of keypoints that were found": f"3 0.45 0.4 0.5 0.4 {POSE} 0.9 7\n",
    "label studio, signed": json.dumps(
        [
            {
                "data": {"image": "https://x/%61.png?sig=1"},
                "annotations": [{"result": [REGION | {"value": VALUE}]}],
            }
        ]
    ),
    "via 3": json.dumps(
        PROJECT | {"metadata": {"2_x": {"vid": "2", "z": [], "xy": [2, 8, 6, 20, 12], "av": {"1": "7"}}}}
    ),
    "via 3, a rectangle by its extreme points": json.dumps(
        PROJECT | {"metadata": {"2_x": {"vid": 2, "xy": [8, 8, 9, 20, 6, 28, 9, 20, 18], "av": {"1": "7"}}}},
        indent=1,
    ),
    "via 3, csv": VIA3_CSV,
    "ultralytics, results": json.dumps([{"image": "a.png", "name": "cat", "class": 3, "box": CORNERS}]),
    "ultralytics, oriented": json.dumps(
        [
            {
                "image": "a.png",
                "name": "cat",
                "class": 3,
                "box": CORNERS | {"x3": 9, "y3": 9, "x4": 8, "y4": 18.0},
            }
        ]
    ),
    "ultralytics, csv": f'image,name,class,confidence,box\na.png,cat,3,0.9,"{CORNERS}"\n',
    "fiftyone": json.dumps(
        {"classes": ["dog", "cat"], "labels": {"b": None, "a": [DETECTION | {"label": 1}]}}
    ),
    "fiftyone, a dataset": json.dumps(
        {
            "samples": [
                {
                    "filepath": "a.png",
                    "metadata": {"_cls": "ImageMetadata", "width": 40, "height": 30},
                    "ground_truth": {"_cls": "Detections", "detections": [DETECTION]},
                    "uniqueness": 0.3,
                    "weather": {"_cls": "Classification", "label": "rain", "logits": None},
                }
            ]
        },
        indent=1,
    ),
    "create ml": json.dumps(
        [{"image": "b.png", "annotations": []}, {"image": "a.png", "annotations": [CENTER]}]
    ),
    "create ml, as apple has it": json.dumps([{"imagefilename": "a.png", "annotation": [CENTER]}], indent=1),
    "turi create": f'path,annotations\na.png,"{[CENTER]}"\n',
    "turi create, an apostrophe": f"path,annotations\na.png,{quoted([{**CENTER, 'note': APOSTROPHE}])}\n",
    "coco with numbers as texts": json.dumps(
        {
            "images": [{"id": "9", "file_name": "a.png"}],
            "annotations": [
                {
                    "image_id": 9,
                    "category_id": "3",
                    "bbox": [0, 0, 0, 0],
                    "segmentation": [[8, 6, 28, 6, 28, 18]],
                }
            ],
            **CATEGORIES,
        }
    ),
    "label studio, labels of another control": json.dumps(
        [
            {
                "data": {"image": "a.png"},
                "annotations": [
                    {
                        "result": [
                            REGION
                            | {"id": "r", "value": {k: VALUE[k] for k in ("x", "y", "width", "height")}},
                            REGION | {"id": "r", "value": VALUE},
                        ]
                    }
                ],
            }
        ]
    ),
    "a list of objects in each line": json.dumps(
        {"file_name": "a.png", "objects": [{"bbox": BOX, "class": "cat"}]}
    ),
    "kitti": "cat 0.00 0 -1.58 8.00 6.00 28.00 18.00 1.6 1.7 3.6 -0.6 1.7 46.7 -1.59\n"
    "DontCare -1 -1 -10 1 2 3 4 -1 -1 -1 -1000 -1000 -1000 -10\n",
    "dota": "imagesource:GoogleEarth\ngsd:0.1\n8 6 28 6 28 18 8 18 cat 0\n",
    "openimages": "ImageID,Source,LabelName,XMin,XMax,YMin,YMax,class\na,v,/m/01,0.2,0.7,0.2,0.6,cat\n",
}


@pytest.fixture(autouse=True)
def pictures(folder):
    (folder / "deep").mkdir()
    Path("classes.txt").write_text("w\nx\ny\ncat\n")
    save("deep/b.png", noise(*SHAPE, 3, seed=1))
    return save("a.png", noise(*SHAPE, 3))


def written(text, name="a.table"):
    Path(name).write_text(text, "utf-8")
    return name


def test_wider_names_each_image_before_its_boxes():
    some = "a.png\n2\n8 6 20 12 0 0 0 0 0 0 \n1 2 0 0 0 0 0 0 0 0\ndeep/b.png\n0\n0 0 0 0 0 0 0 0 0 0\n"
    table = read_table(written(some))
    assert [(row.image, row.placement.window(SHAPE, native=True).box) for row in table] == [
        ("a.png", (6, 18, 8, 28))
    ]
    assert table.notes == ["1 box without an area is left out"]


def test_tasks_that_have_predictions_alone_are_told():
    task = {"data": {"image": "a.png"}, "annotations": [], "predictions": [{"result": [REGION | VALUE]}]}
    assert read_table(written(json.dumps([task]))).notes == ["1 task with predictions alone is left out"]


@pytest.mark.parametrize("kind", FILES)
def test_every_format_gives_the_pixels_and_the_class_of_its_box(kind, pictures):
    words = ("--images", ".", "-o", "out/{class}/{stem}.png")
    result = invoke("read", "--table", written(FILES[kind]), *words)
    assert result.exit_code == 0, result.stderr
    (found,) = Path("out/cat").iterdir()
    assert found.stem.lower() == "a"
    np.testing.assert_array_equal(opened(found), opened(pictures)[6:18, 8:28])


def test_parquet_is_read_with_its_extra(pictures, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table(
        {"file_name": ["a.png"], "bbox": [list(BOX)], "class": ["cat"], "bytes": [b"x" * 999]}
    )
    parquet.write_table(table, "t.parquet")
    assert invoke("read", "--table", "t.parquet", "-o", "out/{class}.png").exit_code == 0
    np.testing.assert_array_equal(opened("out/cat.png"), opened(pictures)[6:18, 8:28])
    Path("t.parquet").write_bytes(Path("t.parquet").read_bytes()[:-20] + b"x" * 16 + b"PAR1")
    with pytest.raises(GlimpseError, match="damaged Parquet"):
        read_table("t.parquet")


def test_labels_are_found_beside_images_as_trained_with(pictures):
    for part in ("train", "val"):
        for side in ("images", "labels"):
            os.makedirs(f"set/{side}/{part}")
        save(f"set/images/{part}/{part}.jpg", noise(*SHAPE, 3))
        Path(f"set/labels/{part}/{part}.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    Path("set/labels/train/none.txt").write_text("")
    Path("set/labels/notes.txt").write_text("hello world\n")
    Path("set/data.yaml").write_text("nc: 2\nnames:\n  0: person\n  1: 'red car'\ntrain: x\n")
    result = invoke("read", "--table", "set/labels", "-o", "out/{class}-{stem}.png")
    assert result.exit_code == 0, result.stderr
    assert sorted(os.listdir("out")) == ["red car-train.png", "red car-val.png"]
    assert "1 file that is no annotation is left out" in result.stderr


@pytest.mark.parametrize("names", ["names: [a, 'b c']", "names:\n- a\n- b c", 'names:\n  0: a\n  1: "b c"\n',
                                   "names: {0: a, 1: 'b c'}", "names: [\n 'a, d',\n \"b c\",\n]\nx: [y]",
                                   "names:\n  '0': a\n  # two\n  '1': b c  # words\n"])  # fmt: skip
def test_classes_are_named_by_any_list_of_a_data_yaml(names):
    os.makedirs("d/labels")
    Path("d/data.yaml").write_text(f"train: x\n{names}\n")
    (row,) = read_table(written("1 .5 .5 .2 .2\n", "d/labels/a.txt"))
    assert row.cells["class"] == "b c"


def test_crowds_and_annotations_without_a_box_are_left_out_and_counted(pictures):
    more = [
        {
            "image_id": 9,
            "category_id": 3,
            "iscrowd": 1,
            "bbox": [0, 0, 9, 9],
            "segmentation": {"counts": "x"},
        },
        {"image_id": 9, "category_id": 3},
        {"image_id": 9, "category_id": 3, "segmentation": [[8, 6, 28, 6, 28, 18]]},
        {"image_id": 9, "category_id": 3, "keypoints": [8, 6, 2, 28, 18, 1, 0, 0, 0]},
        {"image_id": 99, "category_id": 8, "bbox": [1, 1, 2, 2]},
    ]
    table = read_table(written(json.dumps({**COCO, "annotations": COCO["annotations"] + more})))
    assert len(table) == 5
    assert table.notes == [
        "1 crowd is left out",
        "1 annotation without a box is left out",
        "2 annotations without a box get the box around their polygon or keypoints",
    ]
    windows = [row.placement.window(SHAPE, native=True) for row in table if not row.fault]
    assert windows[0] == windows[2] == windows[3]
    result = invoke("read", "--table", "a.table", "-o", "out/")
    assert result.exit_code == 1
    assert "1 crowd is left out" in result.stderr
    assert len(os.listdir("out")) == 4


def test_voc_finds_its_images_beside_its_folder_and_tells_what_is_turned():
    more = "<attributes><attribute><name>{}</name><value>30.0</value></attribute></attributes></object>"
    for folder in ("Annotations", "JPEGImages"):
        os.makedirs(f"set/{folder}")
    save("set/JPEGImages/a.png", noise(*SHAPE, 3))
    for name, count in (("rotation", 1), ("occluded", 0)):
        written(VOC.replace("</object>", more.format(name)), "set/Annotations/a.xml")
        table = read_table("set/Annotations")
        assert table[0].image == os.path.abspath("set/JPEGImages/a.png")
        assert len(table.notes) == count


def test_regions_of_via_that_are_none_are_left_out():
    table = read_table(written('{"a.png": {"filename": "a.png", "regions": 5}}'))
    assert (len(table), table.notes) == (0, ["1 row without a region is left out"])


def test_a_circle_is_the_box_around_it():
    circle = {"label": "c", "shape_type": "circle", "points": [[20, 15], [23, 19]]}
    project = {"metadata": {"2_x": {"vid": "2", "xy": [9, 20, 10, 15, 15, 23, 19], "av": {}}}}
    for text in (json.dumps({**LABELME, "shapes": [circle]}), json.dumps(PROJECT | project)):
        (row,) = read_table(written(text))
        assert row.placement.window(SHAPE, native=True).box == pytest.approx((10, 20, 15, 25))


@pytest.mark.parametrize(
    ("text", "box", "note"),
    [
        (
            json.dumps({**COCO, "annotations": [{**COCO["annotations"][0], "attributes": {"rotation": 30}}]}),
            (6, 18, 8, 28),
            "1 row is turned",
        ),
        (
            CVAT.format('<ellipse label="c" cx="20" cy="15" rx="5" ry="3" rotation="90"/>'),
            (12, 18, 15, 25),
            "1 row is turned",
        ),
        (
            VIA.replace('rect"",""x"":8,""y"":6', 'ellipse"",""cx"":20,""cy"":15').replace(
                'width"":20,""height"":12', 'rx"":20,""ry"":12,""theta"":1.5707963267948966'
            ),
            (-5, 35, 8, 32),
            "no rectangle",
        ),
    ],
)
def test_what_is_turned_is_told_or_gets_the_box_around_it(text, box, note):
    table = read_table(written(text))
    assert table[0].placement.window(SHAPE, native=True).box == pytest.approx(box)
    assert any(note in each for each in table.notes)


@pytest.mark.parametrize("kind", ["coco", "voc", "cells"])
def test_text_of_utf_16_is_told_by_its_mark(kind):
    text = FILES[kind].replace('version="1.0"', 'version="1.0" encoding="utf-16"')
    Path("a.table").write_bytes(text.encode("utf-16"))
    table = read_table("a.table")
    assert table[0].placement.window(SHAPE, native=True).box == (6, 18, 8, 28)


def test_results_find_the_images_of_their_numbers():
    save("000000000139.png", noise(*SHAPE, 3))
    Path("000000000139.txt").touch()
    for number in (139, "000000000139"):
        found = [{"image_id": number, "category_id": 2, "bbox": list(BOX), "score": 0.5}]
        (row,) = read_table(written(json.dumps(found)), folder=".")
        assert os.path.basename(row.image) == "000000000139.png"
    with pytest.raises(GlimpseError, match="--images"):
        read_table("a.table")


def test_a_missing_folder_of_images_is_one_line_before_any_work():
    result = invoke("read", "--table", written("image,x,y\na.png,1,2\n"), "--images", "gone", "-o", "out/")
    assert result.exit_code == 2
    assert "--images gone: no such folder" in result.stderr
    assert not os.path.exists("out")


def test_a_missing_image_fails_alone_and_the_others_come_out():
    COPY = json.loads(json.dumps(COCO))
    COPY["images"][0]["file_name"] = "gone.png"
    result = invoke("read", "--table", written(json.dumps(COPY)), "-o", "out/")
    assert result.exit_code == 1
    assert os.listdir("out") == ["a-00000.png"]
    assert "gone.png: no such file" in result.stderr


MANY = "<a>" * 200_000
BAD = {
    "a cell of turi create that is code": "path,annotations\na.png,\"[{'coordinates': print(1)}]\"\n",
    "a cut JSON": json.dumps(COCO)[:-40],
    "a JSON without images": '{"annotations": [], "info": 1}',
    "another JSON": '{\n"a": {"b": 1}}',
    "a JSON of many levels": '{"annotations": ' + "[" * 100_000,
    "a list of anything": "[1, 2]",
    "entities": '<!DOCTYPE a [<!ENTITY b "x">]><annotation>&b;</annotation>',
    "an XML of a million levels": MANY,
    "a cut XML": VOC[:200],
    "an XML of another encoding": VOC.replace('"1.0"', '"1.0" encoding="gbk"'),
    "an XML of no encoding": VOC.replace('"1.0"', '"1.0" encoding="x"'),
    "a video of CVAT": "<annotations><track><box/></track></annotations>",
    "a video of via 3": json.dumps(
        PROJECT | {"metadata": {"2_x": {"vid": "2", "z": [1.5], "xy": [2, 8, 6, 20, 12]}}}
    ),
    "a region of via 3 on no image": json.dumps(
        PROJECT | {"metadata": {"2_x": {"vid": "3", "xy": [2, 8, 6, 20, 12]}}}
    ),
    "classes of fiftyone": json.dumps({"classes": ["cat"], "labels": {"a": 0}}),
    "a list of images": json.dumps([{"image_id": 1, "file_name": "a.png", "annotations": [{"bbox": BOX}]}]),
    "MOT": "1,1,8,6,20,12,1,-1,-1,-1\n",
    "numbers that no pattern ends on": "Car" + " 1111111111" * 14 + " x\n",
    "a circle of one number": json.dumps(
        {"shapes": [{"shape_type": "circle", "points": [[1], [2, 3, 4]]}], "imagePath": "gone.png"}
    ),
    "another XML": "<svg><g/></svg>",
    "a row of 10 MB": "image,x,y\n" + "a" * 10_000_000 + ",1,2\n",
    "a huge number": '{"images": [], "annotations": [' + "9" * 9999 + "]}",
    "DeepLabCut": "scorer,a,a\nbodyparts,n,n\ncoords,x,y\n0,1,2\n",
    "too many columns": json.dumps({f"c{k}": 1 for k in range(limits.TABLE_COLUMNS + 1)}) + "\n{}\n",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_table_is_one_short_line(kind):
    result = invoke("read", "--table", written(BAD[kind]), "-o", "out/")
    assert result.exit_code in (1, 2)
    lines = result.stderr.splitlines()
    assert len(lines) <= 2
    assert max(map(len, lines)) < 300, lines
    assert "internal error" not in result.stderr
    assert not os.path.exists("out")


@pytest.mark.parametrize("name", ["../../up", "a/b", "x\0y", "c" * 300, "..", "/etc/x"])
def test_a_class_leads_out_of_no_folder(name):
    COPY = json.loads(json.dumps(COCO))
    COPY["categories"][0]["name"] = name
    result = invoke("read", "--table", written(json.dumps(COPY)), "-o", "out/{class}/{index}.png")
    assert result.exit_code in (0, 1)
    assert all(Path("out").resolve() in path.resolve().parents for path in Path().rglob("[01].png"))
    assert "Traceback" not in result.output
    assert max(map(len, result.stderr.splitlines())) < 200


# What numbers count from


def where(words, text, shape=(480, 640)):
    """Row and column of the centre of a table of one row, on a picture of 480 x 640."""
    save("p.png", noise(*shape))
    result = invoke(
        "read", "p.png", "--table", written(text), "-n", "8", "-o", "q.png", "--overwrite", *words
    )
    assert result.exit_code == 0, result.stderr
    found = json.loads(invoke("info", "q.png").stdout)
    return found["gx"], found["gy"]


PUPIL = "--reference 1x1 --origin bottom-left --columns x=norm_pos_x,y=norm_pos_y"
EYELINK = "--reference 1920x1080 --placed 640,300,640,480"


@pytest.mark.parametrize(
    ("words", "text", "row", "col"),
    [
        (PUPIL, "norm_pos_x,norm_pos_y\n0.25,0.75\n", 119.5, 159.5),
        (EYELINK, "x,y\n700,350\n", 50, 60),
        (f"{EYELINK} --origin center", "x,y\n0,0\n", 239.5, 319.5),
        (f"{EYELINK} --origin center", "x,y\n-60,90\n", 149.5, 259.5),
        (f"{EYELINK} --origin bottom-left", "x,y\n700,729\n", 50, 60),
        ("--reference 640x480", "x,y\n60,50\n", 50, 60),
        ("--reference 1280x960", "x,y\n120.5,100.5\n", 50, 60),
        ("--reference 100x100", "x,y\n50,25\n", 119.5, 319.5),
        ("--reference 1000x1000", "x1,y1,x2,y2\n250,250,750,750\n", 239.5, 319.5),
        ("--origin bottom-left", "x,y\n60,429\n", 50, 60),
        ("--origin bottom-left", "x,y,w,h\n60,380,20,100\n", 49.5, 69.5),
        ("--reference 1x1", "x_center,y_center,width,height\n0.5,0.25,0.5,0.5\n", 119.5, 319.5),
    ],
)
def test_numbers_count_from_where_their_tool_does(words, text, row, col):
    assert where(words.split(), text) == pytest.approx((row, col))


def test_normalized_is_the_reference_of_1x1():
    text = "x,y\n0.3,0.7\n"
    assert where(["--normalized"], text) == where(["--reference", "1x1"], text)
    assert invoke("read", "--table", "a.table", "--normalized", "--reference", "1x1").exit_code == 2


def test_boxes_and_centres_of_the_command_line_are_in_the_same_frame():
    save("p.png", noise(480, 640))
    words = ["--reference", "1280x960", "-o", "q.png", "--overwrite"]
    assert invoke("read", "p.png", "--box", "80,40,200,100", *words).exit_code == 0
    np.testing.assert_array_equal(opened("q.png"), opened("p.png")[20:70, 40:140])
    assert (
        invoke("read", "p.png", "--row", "99.5", "--col", "19.5", "--delta", "4", "-n", "8", *words).exit_code
        == 0
    )
    found = json.loads(invoke("info", "q.png").stdout)
    assert (found["gx"], found["gy"], found["delta"]) == (49.5, 9.5, 2)


def test_a_slice_and_a_frame_exclude_each_other_and_padding_is_of_the_frame():
    words = ["--reference", "80x60", "-o", "q.png"]
    result = invoke("read", "a.png", "--slice", "10:30,20:60", *words)
    assert (result.exit_code, "--slice counts pixels of the picture itself" in result.stderr) == (2, True)
    assert invoke("read", "a.png", "--box", "20,20,30,20", "--pad", "4", *words).exit_code == 0
    np.testing.assert_array_equal(opened("q.png"), opened("a.png")[8:22, 8:27])


def test_a_place_on_a_screen_needs_its_size():
    result = invoke("read", "a.png", "--placed", "0,0,5,5")
    assert (result.exit_code, "--reference WxH" in result.stderr) == (2, True)


# No guess


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("filename,width,height,class,x,y", "--columns x=x,y=y,width=width,height=height"),
        ("filename,width,height,x_center,y_center,bbox_width,bbox_height", "--columns width=bbox_width"),
        ("filename,cx,cy,w,h,x,y", "in two ways"),
        ("filename,gx,gy,x1,y1,x2,y2", "in two ways"),
        ("filename,x1,y1,x2,y2,cx,cy", "in two ways"),
        ("filename,x,y,box_w,box_h", "--columns x=x,y=y,w=box_w,h=box_h"),
        ("filename,x,y,x2,y2", "--columns x1=x,y1=y,x2=x2,y2=y2"),
        ("filename,x,y,right,bottom", "x2=right,y2=bottom"),
        ("filename,x1,y1,x2,y2,x3,y3,x4,y4", "corners of a turned box"),
    ],
)
def test_what_could_be_read_two_ways_is_refused_with_the_columns_that_decide(header, words):
    numbers = ",".join(map(str, range(header.count(","))))
    with pytest.raises(GlimpseError, match=words):
        read_table(written(f"{header}\na.png,{numbers}\n"))


def test_what_is_no_header_is_told_in_a_few_letters():
    with pytest.raises(GlimpseError) as error:
        read_table(written("x = {" + '"file_name": "a.png", ' * 999))
    assert str(error.value).count("file_name") < 5


def test_two_ways_that_agree_are_one():
    text = "image,x,y,w,h,x1,y1,x2,y2,cx,cy\na.png,8,6,20,12,8,6,28,18,18,12\n"
    for each in (text, "image,x1,y1,x2,y2,cx,cy\na.png,8,6,28,18,18,12\n"):
        (row,) = read_table(written(each))
        assert row.placement.window(SHAPE, native=True).box == (6, 18, 8, 28)


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("f,image_width,image_height,region_count,label", "x=COLUMN,y=COLUMN,w=COLUMN,h=COLUMN"),
        ("image,bbox_left,bbox_top,bbox_right,bbox_bottom", "left=bbox_left,top=bbox_top,right=bbox_right"),
        ("image,gazex,gazey", "y=gazey,x=gazex"),
        (
            "norm_pos_x,norm_pos_y,confidence",
            "y=norm_pos_y,x=norm_pos_x --reference 1x1 --origin bottom-left",
        ),
        ("FPOGX,FPOGY,FPOGD", "x=COLUMN,y=COLUMN,w=COLUMN,h=COLUMN"),
        ("fixation x [px],fixation y [px],azimuth [deg]", '"y=fixation y .px.,x=fixation x .px."'),
        ("start timestamp [ns],duration [ms],Gaze point X [MCS px]", "Gaze point X .MCS px.; looked"),
        ("image,BX,BY,Width,Height", "x=COLUMN,y=COLUMN,w=COLUMN,h=COLUMN"),  # a corner is no centre
        ("image,tlx,tly", "x=COLUMN,y=COLUMN,w=COLUMN,h=COLUMN"),
        ("image,box_x,box_y", "x=COLUMN,y=COLUMN,w=COLUMN,h=COLUMN"),
    ],
)
def test_a_hint_is_given_only_where_it_is_sure(header, hint):
    with pytest.raises(GlimpseError, match=hint):
        read_table(written(f"{header}\n"))


def test_many_unknown_columns_are_a_short_line():
    with pytest.raises(GlimpseError) as refused:
        read_table(written(",".join(f"column_{k}" for k in range(20_000)) + "\n"))
    assert len(str(refused.value)) < 500
    assert "and 19988 more" in str(refused.value)


def test_corners_of_cvat_are_a_box():
    (row,) = read_table(written("image,xtl,ytl,xbr,ybr\na.png,8,6,28,18\n"))
    assert row.placement.window(SHAPE, native=True).box == (6, 18, 8, 28)


def test_centres_that_are_all_shares_are_told():
    text = "image,x,y\na.png,0.25,0.75\na.png,0.5,0.1\n"
    assert "--normalized, and --origin bottom-left" in read_table(written(text)).notes[0]
    assert not read_table("a.table", normalized=True).notes
    assert not read_table(written(text + "a.png,20,0.5\n")).notes
    assert not read_table(written("image,x,y\na.png,0.5%,0.1%\n")).notes


def test_turned_rows_and_numbers_beyond_their_reference_are_counted():
    for name in ("Box angle (deg)", "theta", "rotation"):
        text = f"image,x,y,w,h,{name}\na.png,1,2,3,4,0\na.png,1,2,3,4,30\n"
        assert f"1 row is turned (column {name})" in " ".join(read_table(written(text)).notes)
    assert read_table(written(text.replace("30", ""))).notes == ()
    assert "2 of 2 rows leave 0 to 1x1" in " ".join(read_table("a.table", normalized=True).notes)
    assert not read_table(written("image,x,y\na.png,0.4,0.7\n"), normalized=True).notes


def test_boxes_of_the_stored_picture_ask_for_it_and_are_cut_from_it():
    stored = noise(30, 40, 3)
    exif = Image.Exif()
    exif[274] = 6
    for name in ("a.png", "t.tif", "j.jpg", "w.webp"):
        Image.fromarray(stored).save(name, exif=exif, **({"lossless": True} if name == "w.webp" else {}))
        images = [{"id": 9, "file_name": name, "width": 40, "height": 30}]
        text = json.dumps({**COCO, "images": images, "annotations": COCO["annotations"][:1]})
        words = ["--table", written(text), "-o", "q.png", "--overwrite"]
        result = invoke("read", *words)
        assert (result.exit_code, "--exif ignore" in result.stderr) == (1, True), name
        assert invoke("read", *words, "--exif", "ignore").exit_code == 0
        if name != "j.jpg":
            np.testing.assert_array_equal(opened("q.png"), stored[6:18, 8:28], err_msg=name)
        assert "--exif ignore" in invoke("show", *words).stderr


@pytest.mark.parametrize("kind", ["coco", "label studio"])
def test_a_picture_that_lies_down_since_is_neither_a_copy_nor_turned_by_its_exif(kind):
    save("a.png", noise(40, 30, 3))
    result = invoke("read", "--table", written(FILES[kind]), "-o", "out/")
    assert "a picture of 40 x 30 pixels, this one is 30 x 40: it lies down" in result.stderr
    assert "--reference" not in result.stderr


def test_annotations_of_a_picture_of_another_size_fail_with_the_reference():
    text = json.dumps({**COCO, "images": [{"id": 9, "file_name": "a.png", "width": 80, "height": 60}]})
    result = invoke("read", "--table", written(text), "-o", "out/")
    assert "this one is 40 x 30; is it a copy? --reference 80x60" in result.stderr
    assert invoke("read", "--table", "a.table", "-o", "out/", "--reference", "80x60", "-q").exit_code == 1
    assert os.listdir("out") == ["a-00000.png"]


@pytest.mark.parametrize(
    ("header", "cells", "seconds"),
    [
        ("duration", ["200", "400"], 0.6),
        ("duration_s", ["0.2", "0.4"], 0.6),
        ("onset,offset", ["1000,1200", "1300,1700"], 0.6),
    ],
)
def test_windows_stand_as_long_as_their_rows_say(header, cells, seconds):
    rows = "".join(f"9,9,{cell}\n" for cell in cells)
    words = [
        "--table",
        written(f"x,y,{header}\n{rows}"),
        "-n",
        "4",
        "--saccade",
        "0",
        "--plain",
        "-o",
        "q.gif",
    ]
    result = invoke("sweep", "a.png", *words)
    assert result.exit_code == 0, result.stderr
    with Image.open("q.gif") as film:
        assert sum(frame.info["duration"] for frame in ImageSequence.Iterator(film)) == 1000 * seconds


def test_a_column_may_be_named_as_one_of_seconds():
    words = [
        "-n",
        "4",
        "--saccade",
        "0",
        "--plain",
        "-o",
        "q.gif",
        "--columns",
        "duration_s=looked",
        "--table",
    ]
    assert invoke("sweep", "a.png", *words, written("x,y,looked\n9,9,0.5\n9,9,1\n")).exit_code == 0
    with Image.open("q.gif") as film:
        assert [frame.info["duration"] for frame in ImageSequence.Iterator(film)] in ([500, 1000], [1500])


def test_a_table_in_json_over_its_limit_is_refused_unread(monkeypatch):
    monkeypatch.setattr("glimpse.limits.JSON_BYTES", 100)
    with pytest.raises(GlimpseError, match="more than 100 bytes"):
        read_table(written(FILES["coco"]))
    assert len(read_table(written("image,x,y\n" + "a.png,1,2\n" * 50))) == 50


def test_durations_that_are_seconds_are_told():
    table = read_table(written("x,y,duration\n9,9,0.2\n9,9,0.4\n"), images=["a.png"])
    assert "duration_s=duration" in table.notes[0]
    table = read_table(written("x,y,onset,offset\n9,9,100.2,100.5\n9,9,101,102\n"), images=["a.png"])
    assert "onset and offset are in milliseconds, and all are below 10" in table.notes[0]


# Beyond the image


OUT = "image,x,y,w,h\na.png,30,6,20,12\na.png,8,6,20,12\na.png,90,6,20,12\n"


@pytest.mark.parametrize(
    ("outside", "sizes", "code", "said"),
    [
        (
            "keep",
            {0: (12, 20), 1: (12, 20), 2: (12, 20)},
            0,
            "2 of 3 windows lie beyond their images, 1 partly and 1 wholly",
        ),
        ("clip", {0: (12, 10), 1: (12, 20)}, 1, "its box lies wholly beyond the image"),
        (
            "skip",
            {1: (12, 20)},
            0,
            "2 of 3 windows lie partly or wholly beyond their images",
        ),
        ("fail", {1: (12, 20)}, 1, "half of its window lies beyond the image"),
    ],
)
def test_what_lies_outside_is_kept_cut_left_out_or_failed(outside, sizes, code, said):
    result = invoke("read", "--table", written(OUT), "-o", "out/", "--outside", outside)
    assert result.exit_code == code, result.stderr
    assert said in result.stderr
    assert {int(name[2:7]): opened(f"out/{name}").shape[:2] for name in os.listdir("out")} == sizes
    if outside == "clip":
        np.testing.assert_array_equal(opened("out/a-00000.png"), opened("a.png")[6:18, 30:40])


def test_patches_that_are_made_up_are_told_of_even_quietly():
    result = invoke("read", "--table", written(OUT), "-o", "out/", "-q")
    assert result.stderr == "glimpse: 2 of 3 windows lie beyond their images, 1 partly and 1 wholly\n"
    result = invoke("read", "a.png", "--box", "30,6,15,12", "-o", "p.png")
    assert "a third of the patch is the repeated edge" in result.stderr
    assert not invoke("read", "a.png", "--box", "30,6,15,12", "-o", "q.png", "-q").stderr
    assert "wholly beyond" in invoke("read", "a.png", "--box", "90,6,15,12", "-o", "r.png", "-q").stderr


# Lines for people


def test_many_outputs_are_counted_and_alike_errors_are_one_line():
    rows = ["a.png,30,6,20,12"] * 30 + ["gone.png,1,1,2,2"] * 40
    result = invoke("read", "--table", written("image,x,y,w,h\n" + "\n".join(rows)), "-o", "crops/")
    said = result.stderr.splitlines()
    assert said[-3:] == [
        "glimpse: 40 windows failed alike: no such file or directory",
        "glimpse: 30 patches in crops/, 30 partly outside",
        "glimpse: 40 of 70 windows failed",
    ]
    assert len(said) == 6
    listed = invoke("-v", "read", "--table", "a.table", "-o", "crops/", "--overwrite").stderr.splitlines()
    assert len(listed) == 30 + 3 + 3


def test_many_patches_of_one_file_are_counted_in_it():
    table = written("image,x,y\n" + "a.png,9,9\n" * 21)
    result = invoke("read", "--table", table, "-n", "4", "--delta", "1", "-o", "all.npz")
    assert "21 patches in all.npz" in result.stderr


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("out/{class}.xyz", "the name must end in"),
        ("out/{none}/", "no {none} like this; there are stem"),
        ("out/{none}.png", "no {none} like this"),
    ],
)
def test_what_is_wrong_for_all_rows_is_one_line_before_any_work(output, said):
    result = invoke("read", "--table", written(FILES["coco"]), "-o", output)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert said in result.stderr
    assert not os.path.exists("out")


def test_a_folder_fills_its_fields():
    result = invoke("read", "--table", written(FILES["coco"]), "-o", "out/{class}/{stem}/")
    assert result.exit_code == 0, result.stderr
    found = sorted(str(path) for path in Path("out").rglob("*.png"))
    assert found == ["out/cat/a/a-00000.png", "out/dog/b/b-00001.png"]


def test_an_option_given_twice_is_an_error_but_for_those_that_take_many():
    result = invoke("read", "a.png", "--box", "1,1,5,5", "--box", "2,2,5,5")
    assert (result.exit_code, "--box is given 2 times" in result.stderr) == (2, True)
    words = ["--columns", "x=x", "--columns", "y=y", "-q", "-q"]
    assert invoke("read", "a.png", "--table", written("x,y\n9,9\n"), *words, "-o", "p.png").exit_code == 0


# A manifest


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_manifest_lists_the_patches_and_write_takes_it_back(ending, pictures):
    name = f"out/metadata.{ending}"
    words = ["--table", written(FILES["coco"]), "-o", "out/{class}/{stem}.png", "--manifest", name]
    assert invoke("read", *words).exit_code == 0
    whole = Path(name).read_bytes()
    rows = read_table(name)
    assert [row.cells["file_name"] for row in rows] == ["cat/a.png", "dog/b.png"]
    assert [row.cells["class"] for row in rows] == ["cat", "dog"]
    assert rows[0].cells["source_w"] == "20"
    assert invoke("read", *words).exit_code == 2
    assert Path(name).read_bytes() == whole
    Path("out/cat/a.png").unlink()
    assert invoke("read", *words, "--skip-existing").exit_code == 0
    assert sorted(Path(name).read_bytes().splitlines()) == sorted(whole.splitlines())
    Path(name).unlink()
    assert invoke("read", *words, "--skip-existing").exit_code == 0
    assert len(read_table(name)) == 2
    result = invoke("write", "--table", name, "--canvas", "a.png", "-o", "back.png")
    assert result.exit_code == 0, result.stderr
    assert opened("back.png").shape == opened(pictures).shape


def test_a_manifest_never_replaces_an_input(pictures):
    Path("in.csv").write_text("image,x,y,w,h\na.png,1,1,5,5\n")
    words = ["--table", "in.csv", "-o", "out/", "--overwrite", "--manifest"]
    assert invoke("read", *words, "in.csv").exit_code == 2
    assert invoke("read", *words, "m.txt").exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_imagefolder_of_datasets_opens_a_manifest(ending):
    words = ["--table", written(FILES["coco"]), "-n", "8", "-o", "out/{class}/{stem}.png"]
    assert invoke("read", *words, "--manifest", f"out/metadata.{ending}").exit_code == 0
    classes, sizes = loaded(
        "imagefolder",
        'sorted(rows["class"]), [picture.size for picture in rows["image"]]',
        data_dir="out",
    )
    assert classes == ["cat", "dog"]
    assert sizes == [[8, 8], [8, 8]]


@pytest.mark.parametrize("rows", [1_000, 300_000])
def test_a_parquet_of_few_bytes_that_unpacks_to_many_is_refused(rows, tmp_path, monkeypatch):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    monkeypatch.chdir(tmp_path)
    cells = arrow.DictionaryArray.from_arrays(np.zeros(rows, np.int32), ["x" * 500_000])
    parquet.write_table(arrow.table([cells, np.ones(rows)], ["image", "gx"]), "t.parquet", compression="zstd")
    with pytest.raises(GlimpseError, match="its texts take too many bytes when unpacked"):
        read_table("t.parquet")


def test_a_parquet_of_one_endless_list_is_refused(tmp_path, monkeypatch):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    monkeypatch.chdir(tmp_path)
    parquet.write_table(arrow.table([["a.png"], [np.ones(6_000_000)]], ["image", "bbox"]), "t.parquet")
    with pytest.raises(GlimpseError, match="its columns unpack to 6000001 values"):
        read_table("t.parquet")
