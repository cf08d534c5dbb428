"""What tests of the page in a browser share."""

import base64
import time

import numpy as np


def wait_until(page, code):
    """Wait until an expression holds, without `wait_for_function`, which the page's policy forbids."""
    for _ in range(1000):
        if page.evaluate(code):
            return
        time.sleep(0.01)
    raise AssertionError(f"never came true: {code}")


def settle(page):
    """Wait until the last change is drawn and in the address."""
    wait_until(page, "state && !waiting && location.hash === fragment() && places[place] === fragment()")


def reach(page, code):
    """Wait until an expression of the window holds, as after Back, and all that the page shows is of it."""
    wait_until(page, code)
    settle(page)


def shown(page, name):
    """The RGB levels of a canvas of the page, which is opaque."""
    code = """name => { const c = $(name), {width, height} = c;
      const pen = Object.assign(document.createElement("canvas"), {width, height}).getContext("2d");
      pen.drawImage(c, 0, 0);
      const {data} = pen.getImageData(0, 0, width, height);
      return [height, width, btoa(data.reduce((text, byte) => text + String.fromCharCode(byte), ""))]; }"""
    rows, cols, data = page.evaluate(code, name)
    pixels = np.frombuffer(base64.b64decode(data), np.uint8).reshape(rows, cols, 4)
    assert (pixels[..., 3] == 255).all()
    return pixels[..., :3].astype(float)
