"""Figures into files: SVG, PDF and PNG, whole or not at all, the same bytes for the same figure."""

import io
import os
import re
import warnings
from contextlib import suppress
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from matplotlib.figure import Figure

from ablate.errors import UsageError
from ablate.plots import style

PNG_DOTS_PER_INCH = 200

# What would tell one day, machine or version from another stays out of the files.
_SILENT = {
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
_IDENTIFIER = re.compile(r'(\bid="|xlink:href="#|url\(#)')


def save(figure: Figure, path: str | os.PathLike[str], *, title: str = "", description: str = "") -> Path:
    """Write a figure as SVG, PDF or PNG, by the ending of `path`; on return the whole file is there.

    `title` and `description` are what a screen reader says of the picture, by default what the plot left on a figure of its own;
    PDF and PNG keep the title in their metadata.

    Raises:
        UsageError: another ending, or a place that cannot be written.
    """
    target = Path(path)
    kind = check_ending(target)
    if kind == "svg":
        content = to_svg(figure, title=title, description=description).encode()
    else:
        title = title or str(figure.get_label())
        content = _rendered(figure, kind, {"Title": title} if title else {})
    _write(target, content)
    return target


def check_ending(path: Path) -> str:
    """The kind of file that a path's ending asks for.

    Raises:
        UsageError: neither svg, pdf nor png.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in _SILENT:
        ending = f"ends in '{path.suffix}'" if path.suffix else "has no ending"
        raise UsageError(f"{path} {ending}; a figure is an .svg, .pdf or .png file.")
    return kind


def to_svg(figure: Figure, *, title: str = "", description: str = "", id_prefix: str = "") -> str:
    """The figure as an SVG document whose text stays text; title and description as in `save`.

    Give each figure of one page its own `id_prefix`, so that no two elements of the page share an id.
    """
    title = title or str(figure.get_label())
    description = description or " ".join(str(axes.get_label()) for axes in figure.axes if axes.get_label())
    svg = _rendered(figure, "svg", {}).decode()
    before, _, rest = svg.partition("<svg")
    attributes, _, body = rest.partition(">")
    said = [(name, words) for name, words in (("title", title), ("desc", description)) if words]
    labels = " ".join(f"{id_prefix}{name}" for name, _ in said)
    labelled = f" aria-labelledby={quoteattr(labels)}" if said else ""
    elements = "".join(f'<{name} id="{name}">{escape(words)}</{name}>' for name, words in said)
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, count=1, flags=re.DOTALL)
    whole = f'{before}<svg{attributes} role="img"{labelled}>\n {elements}{body}'
    return _IDENTIFIER.sub(rf"\g<1>{id_prefix}", whole) if id_prefix else whole


def _rendered(figure: Figure, kind: str, metadata: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    # The colours are on the artists already; the theme here only completes the settings that hold while rendering.
    with style.settings(style.LIGHT, 8.0), warnings.catch_warnings():
        # A name in another script is drawn by the viewer's own fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format=kind, dpi=PNG_DOTS_PER_INCH, metadata={**_SILENT[kind], **metadata})
    return buffer.getvalue()


def _write(target: Path, content: bytes) -> None:
    """Replace `target` in one step; what was there stays if anything goes wrong."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise UsageError(f"Cannot write {target}: {error.strerror}.") from error
