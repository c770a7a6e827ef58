import os
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

from ablate import plots
from ablate.errors import UsageError
from ablate.lineages.airbench94_muon.lineage import LADDERS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def figure():
    return plots.waterfall(published=LADDERS[0], title="Improvements & more").figure


def test_svg_keeps_text_and_says_what_it_shows(figure) -> None:
    root = ElementTree.fromstring(plots.to_svg(figure, title="A < B", description='"quoted" & more').encode())
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "title desc"
    assert root[0].tag, root[0].text == (f"{SVG}title", "A < B")
    assert root[1].tag, root[1].text == (f"{SVG}desc", '"quoted" & more')
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert "22.20 %" in words
    assert "Improvements & more" in words


def test_svg_holds_no_date_and_no_version(figure) -> None:
    svg = plots.to_svg(figure)
    assert "metadata" not in svg
    assert "matplotlib.org" not in svg


def test_prefixed_ids_leave_no_reference_dangling(figure) -> None:
    plain, prefixed = plots.to_svg(figure), plots.to_svg(figure, id_prefix="waterfall-")
    root = ElementTree.fromstring(prefixed.encode())
    ids = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
    assert all(name.startswith("waterfall-") for name in ids)
    used = [value for element in root.iter() for value in element.attrib.values() if value.startswith(("#", "url(#"))]
    assert used
    assert all(value.removeprefix("url(").strip("#)") in ids for value in used)
    assert set(root.attrib["aria-labelledby"].split()) <= ids
    assert prefixed.replace("waterfall-", "") == plain


@pytest.mark.parametrize(
    ("ending", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG"), ("SVG", b"<?xml")]
)
def test_saves_whole_files_with_the_same_bytes(figure, tmp_path, ending: str, start: bytes) -> None:
    path = plots.save(figure, tmp_path / f"one.{ending}")
    again = plots.save(figure, tmp_path / f"two.{ending}")
    assert path.read_bytes().startswith(start)
    assert path.read_bytes() == again.read_bytes()
    assert sorted(os.listdir(tmp_path)) == [f"one.{ending}", f"two.{ending}"]
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("name", ["figure.jpeg", "figure"])
def test_other_endings_are_refused(figure, tmp_path, name: str) -> None:
    with pytest.raises(UsageError, match=r"a figure is an \.svg, \.pdf or \.png file"):
        plots.save(figure, tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_written_leaves_what_was_there(figure, tmp_path) -> None:
    with pytest.raises(UsageError, match=r"Cannot write .*absent.*: No such file or directory"):
        plots.save(figure, tmp_path / "absent" / "x.svg")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(UsageError, match="Cannot write"):
        plots.save(figure, tmp_path / "folder.svg")
    assert os.listdir(tmp_path) == ["folder.svg"]


@pytest.mark.skipif(shutil.which("rsvg-convert") is None, reason="rsvg-convert is not installed")
def test_svg_can_be_rasterised(figure, tmp_path) -> None:
    svg = plots.save(figure, tmp_path / "x.svg")
    subprocess.run(["rsvg-convert", str(svg), "-o", str(tmp_path / "x.png")], check=True)
    assert (tmp_path / "x.png").stat().st_size > 10_000
