"""Templates of the report (jinja2, everything escaped) and pictures as SVG."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import matplotlib
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from contactsim.evidence import formats


def render(template: str, **values: Any) -> Markup:
    """A template of ``contactsim/evidence/templates`` with these values."""
    return Markup(_environment().get_template(f"{template}.html.j2").render(**values))


@cache
def _environment() -> Environment:
    found = Environment(loader=PackageLoader("contactsim.evidence"), autoescape=True, undefined=StrictUndefined,
                        trim_blocks=True, lstrip_blocks=True)
    of = (formats.estimate, formats.band, formats.general, formats.rounded, formats.plus_minus, formats.percent,
          formats.thousands, formats.swept, formats.words)
    found.filters |= {function.__name__: function for function in of}
    return found


def svg(figure: Figure) -> Markup:
    """A figure as SVG with its texts as texts, the same bits each time."""
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "contactsim"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return Markup(drawn[drawn.index("<svg"):])
