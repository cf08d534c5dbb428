"""Test charts: coordinates to read a crop's place from, and a zone plate to see aliasing with."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER, FINE, COARSE = (252, 249, 240), (222, 220, 212), (96, 100, 112)
ROW_INK, COLUMN_INK = (178, 44, 34), (26, 84, 158)


def chart(rows: int = 330, columns: int = 450) -> Image.Image:
    """RGB: the line of row 100 is array row 100; every crossing of two coarse lines names itself."""
    pixels = np.full((rows, columns, 3), PAPER, np.uint8)
    for step, ink in ((10, FINE), (50, COARSE)):
        pixels[::step] = ink
        pixels[:, ::step] = ink
    picture = Image.fromarray(pixels)
    for row in range(0, rows, 50):
        for column in range(0, columns, 50):
            crossing(picture, row, column)
    axis_row(picture)
    axis_column(picture)
    return picture


def crossing(picture: Image.Image, row: int, column: int) -> None:
    """The row above the column, right below the crossing; cut off at the border like everything else."""
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(12)
    pen.rectangle((column + 1, row + 1, column + 29, row + 27), fill=PAPER)
    pen.text((column + 3, row + 12), f"r{row}", fill=ROW_INK, font=font, anchor="ls")
    pen.text((column + 3, row + 25), f"c{column}", fill=COLUMN_INK, font=font, anchor="ls")


def caption(text: str, ink: tuple[int, int, int], arrow: int) -> Image.Image:
    """Words and an arrow of that length to the right of them."""
    font = ImageFont.load_default(14)
    start = round(font.getlength(text)) + 8
    strip = Image.new("RGB", (start + arrow + 4, 17), PAPER)
    pen = ImageDraw.Draw(strip)
    pen.text((3, 13), text, fill=ink, font=font, anchor="ls")
    pen.line((start, 8, start + arrow - 8, 8), fill=ink, width=3)
    pen.polygon([(start + arrow - 10, 2), (start + arrow, 8), (start + arrow - 10, 14)], fill=ink)
    return strip


def axis_row(picture: Image.Image) -> None:
    strip = caption("row (gx) DOWN", ROW_INK, arrow=80).transpose(Image.Transpose.ROTATE_270)
    picture.paste(strip, (82, 62))


def axis_column(picture: Image.Image) -> None:
    picture.paste(caption("col (gy) ACROSS", COLUMN_INK, arrow=130), (155, 31))


def zone(rows: int = 320, columns: int = 400, centre: tuple[int, int] = (128, 150)) -> Image.Image:
    """Grey: rings whose frequency grows with the radius up to half a cycle per pixel at the farthest edge."""
    down, across = (np.arange(n) - c for n, c in zip((rows, columns), centre, strict=True))
    farthest = max(np.abs(down).max(), np.abs(across).max())
    # The phase pi k r^2 turns at k r cycles per pixel along the radius, less along either axis.
    k = 0.5 / farthest
    phase = np.pi * k * (down[:, None] ** 2 + across**2)
    return Image.fromarray(np.rint(127.5 + 127.5 * np.cos(phase)).astype(np.uint8))
