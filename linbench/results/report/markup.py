"""HTML and SVG elements as text; all content is escaped here, and nowhere else."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


class Markup(str):
    """Text that is markup already, and is not escaped again."""

    __slots__ = ()


def element(name: str, *content: str | Markup, **attributes: str | float | None) -> Markup:
    """Return `<name attribute="…">content</name>`; content that is not `Markup` is escaped, attributes always are.

    Underscores in attributes become hyphens, one at the end is dropped (`class_`); those that are None are left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{join(content)}</{name}>")


def join(content: Iterable[str | Markup], between: str = "") -> Markup:
    """Join pieces to one, with those escaped that are not `Markup`."""
    return Markup(between.join(piece if isinstance(piece, Markup) else escape(piece) for piece in content))


def escape(text: str) -> Markup:
    """Return text as markup; characters that no document may hold become a replacement character."""
    allowed = "".join(c if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff") else "�" for c in text)
    return Markup(html.escape(allowed))


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """Return a table with a caption; the first column names the rows, the others are numbers."""
    head = element("tr", *(element("th", name, scope="col") for name in header))
    body = (
        element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:])) for row in rows
    )
    content = element("table", element("caption", caption), element("thead", head), element("tbody", *body))
    return scroll_region(content, caption, "wide numbers")


def scroll_region(content: Markup, label: str, class_: str = "wide") -> Markup:
    """Return content that may be wider than the screen in a region that the keyboard reaches."""
    return element("div", content, class_=class_, role="region", aria_label=label, tabindex="0")


def bullet_list(lines: Iterable[str]) -> Markup:
    """Return a list of sentences; empty markup for none."""
    items = [element("li", line) for line in lines]
    return element("ul", *items) if items else Markup()


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
