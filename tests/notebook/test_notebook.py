"""A notebook that is executed: what its cells show."""

import json

import pytest

pytestmark = pytest.mark.slow

CELLS = {
    "image": """
import numpy as np, glimpse
image = np.random.default_rng(0).random((60, 80, 3))
window = glimpse.Window(30, 40, delta=2, sigma=1, n=16)
window""",
    "show": "glimpse.show(image, window)",
    "profile": "glimpse.profile(image, window)",
    "sweep": "glimpse.sweep(image, window, window.replace(delta=4), frames=3)",
    "explore": "glimpse.explore(image, window)",
    "location": "glimpse.locate(image, glimpse.read(image, window, channel_axis=2), channel_axis=2)",
}
SHOWN = {
    "image": "image/png",
    "show": "image/png",
    "profile": "image/png",
    "sweep": "text/html",
    "explore": "text/html",
    "location": "image/png",
}


def test_every_cell_shows_its_picture(tmp_path):
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient: pip install -e '.[notebook]'")
    pytest.importorskip("ipykernel", reason="needs ipykernel: pip install -e '.[notebook]'")
    import nbformat
    from jupyter_client.kernelspec import NoSuchKernel

    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(code) for code in CELLS.values()]
    try:
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(tmp_path))
    except NoSuchKernel:
        pytest.skip("needs the kernel python3")
    for cell, kind in zip(notebook.cells, SHOWN.values(), strict=True):
        (output,) = cell.outputs
        assert kind in output.data, json.dumps(output)[:300]
        assert len(output.data["text/plain"]) < 400
        assert "stderr" not in output.get("name", "")
