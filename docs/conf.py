"""The documentation site: ``python -m sphinx -W --keep-going -c docs . build/site``.

The whole checkout is the source folder, so that a relative link works on the site as on a code host. Nothing is
loaded from another machine, neither when the site is built nor when it is read: no intersphinx, no remote fonts or
scripts. Equations stand in text blocks, with the names that the code has; so no library for mathematics is needed.
"""

from importlib.metadata import version as _version
from pkgutil import resolve_name as _resolve_name

project = "contactsim"
author = "The contactsim authors"
version = release = _version("contactsim")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "sphinx_copybutton"]
root_doc = "docs/index"
include_patterns = ["docs/**", "experiments/*/README.md", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
exclude_patterns = ["**/.*", ".*", "build", "dist", "**/__pycache__"]
language = "en_GB"
nitpicky = True
#: Short names in signatures, which cannot be looked up.
nitpick_ignore_regex = [
    ("py:.*", r"(np|pd)\..*|NDArray|Any|Path|Callable|Sequence|Mapping|Iterable|Iterator|Literal"),
    ("py:.*", "Figure|Design|Residents|Label|State|Rows|Instruments|Values"),
    ("py:attr", "moment"),
]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"contactsim {release}"
html_extra_path = ["_root"]  # index.html, which leads to the first page
html_show_sourcelink = False


def _without_page(app, env, node, contents):
    """A Python name without a page of its own is shown as it is, if it exists; a misspelt one is a warning."""
    name = node["reftarget"]
    try:
        _resolve_name(name if "." in name else f"contactsim.api.{name}")
    except (ImportError, AttributeError, ValueError):
        return None
    return contents


def setup(app):
    app.connect("missing-reference", _without_page)
