"""How the site is built, by ``make docs``.

``SKAE_FAST=1`` shows the lessons without running them; one whose data set is not on
this machine is so shown in any case. ``SKAE_INTERSPHINX=1`` links to the pages of
scikit-learn and others, which takes a network.
"""

import os
import shutil
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))

import skae  # noqa: E402
from skae.datasets import fetch_fashion_mnist  # noqa: E402

FAST = os.environ.get("SKAE_FAST") == "1"

project = "skae"
author = "The skae developers"
copyright = author
version = release = skae.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "front_page",
    "linked_names",
    "outside_links",
    "own_members",
]
root_doc = "index"
exclude_patterns = ["_build", "_lessons"]
templates_path = ["_templates"]
default_role = "py:obj"
smartquotes = False
toc_object_entries_show_parents = "hide"

# Markdown pages, which are read on a code host as well.
myst_heading_anchors = 3

# The API, from docstrings.
autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
numpydoc_validation_checks = {
    *("GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08", "GL09", "GL10"),
    *("SS01", "SS02", "SS03", "SS04", "SS05", "SS06"),
    *("PR02", "PR05", "PR06", "PR09", "PR10"),
    *("RT04", "RT05", "SA02", "SA03", "SA04"),
}

if os.environ.get("SKAE_INTERSPHINX") == "1":
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "numpy": ("https://numpy.org/doc/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "python": ("https://docs.python.org/3", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "skorch": ("https://skorch.readthedocs.io/en/stable", None),
        "torch": ("https://docs.pytorch.org/docs/stable", None),
    }

# The lessons: copies, since the folder has other examples that are no lessons.
LESSONS = DOCS / "_lessons"
shutil.rmtree(LESSONS, ignore_errors=True)
LESSONS.mkdir()
shutil.copy(DOCS / "_templates" / "lessons.rst", LESSONS / "GALLERY_HEADER.rst")
for lesson in (DOCS.parent / "examples").glob("plot_*.py"):
    shutil.copy(lesson, LESSONS)

# Data sets beside the checkout, for those that do not ship with the package.
DATA = DOCS.parents[1] / "shared" / "data"
if DATA.is_dir():
    os.environ.setdefault("SKAE_DATA_HOME", str(DATA))

FETCHED = {"plot_02_fashion_mnist": fetch_fashion_mnist}
NOTE = """
.. note::

   This page was made where the data set is missing: it shows the lesson's code, and
   not what comes of it. Run the script, which downloads the data, to see that.
"""


def missing(name):
    """Return why a lesson cannot run here, None if it can; nothing is downloaded."""
    try:
        FETCHED[name](n_samples=1, download_if_missing=False)
    except FileNotFoundError as error:
        return str(error)
    return None


def say_that_it_is_not_run(name, reason):
    print(f"The lesson {name} is shown without being run. {reason}", file=sys.stderr)
    lesson = LESSONS / f"{name}.py"
    title, code = lesson.read_text().split('"""\n\n# %%\n', 1)
    lesson.write_text(f'{title}{NOTE}"""\n\n# %%\n{code}')


NOT_RUN = {}
if not FAST:
    NOT_RUN = {name: reason for name in FETCHED if (reason := missing(name))}
for name, reason in NOT_RUN.items():
    say_that_it_is_not_run(name, reason)

sphinx_gallery_conf = {
    "examples_dirs": "_lessons",
    "gallery_dirs": "lessons",
    "backreferences_dir": "api/backreferences",
    "doc_module": ("skae",),
    "plot_gallery": not FAST,
    "filename_pattern": "/" + "".join(f"(?!{name})" for name in NOT_RUN) + "plot_",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,  # which figure is the thumbnail
    "write_computation_times": False,
    "image_srcset": ["2x"],
    "capture_repr": (),
}

html_theme = "pydata_sphinx_theme"
html_title = "skae"
html_static_path = ["_static"]
html_css_files = ["skae.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "skae"},
    "header_links_before_dropdown": 5,
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}
html_sidebars = {"index": [], "changes": [], "getting_started": []}
copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = ">>> |\\.\\.\\. |\\$ "
copybutton_prompt_is_regexp = True
