"""The blocks of the guide's pages run as they stand, and print what these show."""

import contextlib
import io
import math
import re
import sys
import types
import warnings
from pathlib import Path

import pytest

from skae import plotting
from skae.plugins import KINDS

DOCS = Path(__file__).parents[1] / "docs"
FOLDERS = ["", "guide/", "howto/"]
TEXTS = {
    path.relative_to(DOCS).as_posix(): path.read_text()
    for folder in FOLDERS
    for path in sorted(DOCS.glob(f"{folder}*.md"))
}
PAGES = [name for name, text in TEXTS.items() if "```python" in text]
BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<shown>.*?)^```\n)?",
    flags=re.DOTALL | re.MULTILINE,
)
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")


def blocks(text):
    """Yield the code of every block, its first line's number, and its output."""
    for match in BLOCK.finditer(text):
        line = text[: match.start("code")].count("\n")
        yield match["code"], line, match["shown"]


def announced(code):
    """Return the categories of the warnings that a block says it gives."""
    return re.findall(r"# warns (\w+)", code)


def output_of(code, name, line, namespace):
    """Run a block, with its lines numbered as in the page."""
    printed = io.StringIO()
    compiled = compile("\n" * line + code, name, "exec")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with contextlib.redirect_stdout(printed):
            exec(compiled, namespace)
    given = [warning.category.__name__ for warning in caught]
    assert given == announced(code), [str(warning.message) for warning in caught]
    return printed.getvalue()


def unit_of_last_digit(number):
    digits, _, exponent = number.partition("e")
    return 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))


def agrees(shown, found):
    """Return whether a number is the shown one, but for a unit of its last digit.

    Machines round differently, which training carries on. Integers are to be the same.
    """
    if "." not in shown and "." not in found and "e" not in shown + found:
        return shown == found
    limit = 1.01 * unit_of_last_digit(shown) + 0.03 * abs(float(shown))
    return math.isclose(float(shown), float(found), rel_tol=0, abs_tol=limit)


def same_text(shown, found):
    """Return whether two texts are the same but for blanks and agreeing numbers."""
    pairs = [(NUMBER.findall(text), NUMBER.split(text)) for text in (shown, found)]
    (numbers, words), (other_numbers, other_words) = pairs
    words, other_words = (
        [re.sub(r"\s+", "", word) for word in each] for each in (words, other_words)
    )
    return words == other_words and all(map(agrees, numbers, other_numbers))


def module_of_blocks(monkeypatch):
    """Return a module whose classes can be pickled, as those of a script can.

    What a page registers is forgotten after the test.
    """
    module = types.ModuleType("guide")
    monkeypatch.setitem(sys.modules, "guide", module)
    for registry in KINDS.values():
        for name in ("_classes", "_origins"):
            monkeypatch.setattr(registry, name, dict(getattr(registry, name)))
    return module


@pytest.mark.documents
@pytest.mark.parametrize("name", PAGES)
def test_the_page_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = vars(module_of_blocks(monkeypatch))
    wrong = []
    for code, line, shown in blocks(TEXTS[name]):
        found = output_of(code, name, line, namespace)
        if shown is not None and not same_text(shown, found):
            wrong.append(f"{name}, line {line + 1} prints:\n{found}")
    assert not wrong, "\n".join(wrong)


def test_the_guide_has_its_pages():
    named = {"guide/reduce_dimensions.md", "howto/umap.md", "searching.md"}
    assert named <= {*PAGES}
    assert len(PAGES) > 40


@pytest.mark.parametrize("name", PAGES)
def test_every_block_is_seen(name):
    text = TEXTS[name]
    assert len(list(blocks(text))) == text.count("```python")
    n_shown = sum(shown is not None for _, _, shown in blocks(text))
    assert n_shown == text.count("```text")


TASKS = [name for name in TEXTS if name.startswith(("guide/", "howto/"))]


@pytest.mark.parametrize("name", TASKS)
def test_pages_begin_with_the_need_and_go_on_with_code(name):
    title, need, begin = TEXTS[name].split("\n\n", 3)[:3]
    assert title.startswith("# ")
    assert len(re.findall(r"[.?:](?=\s|$)", need)) <= 4, "in a few sentences"
    assert begin.startswith(("```python\n", "```py\n", "```console\n"))


@pytest.mark.parametrize("name", TASKS)
def test_pages_are_short(name):
    n_lines = TEXTS[name].count("\n")
    assert n_lines <= (60 if name.startswith("howto/") else 170)


@pytest.mark.parametrize(
    "word",
    [
        *("UMAP", "t-SNE", "ColumnTransformer", "missing values", "custom loss"),
        *("MLflow", "TensorBoard", "SHAP", "images", "GPU", "Optuna", "ONNX"),
    ],
)
def test_titles_have_the_words_that_people_look_for(word):
    titles = "".join(re.findall(r"^# .*$", "\n".join(TEXTS.values()), re.M))
    assert word.lower() in titles.lower()


def anchors(text):
    headings = re.findall(r"^##+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(((?!https?:)[^)]+)\)", TEXTS[name]):
        file, _, anchor = target.partition("#")
        path = (DOCS / name).parent / file if file else DOCS / name
        assert path.exists(), target
        if anchor:
            page = path.resolve().relative_to(DOCS).as_posix()
            assert anchor in anchors(TEXTS[page]), target


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_that_is_saved_is_shown(name):
    saved = re.findall(r'savefig\("(.*?)"', TEXTS[name])
    assert saved == re.findall(r"\((?:\.\./)?images/(guide-.*?)\)", TEXTS[name])


def test_every_display_is_shown():
    guide = "".join(TEXTS[name] for name in PAGES)
    drawn = set(re.findall(r"(\w+Display)\.from_", guide))
    assert drawn == set(plotting.__all__)


@pytest.mark.parametrize(
    ("shown", "found", "is_same"),
    [
        ("(178, 3) R2: 0.75", "(178, 3)\nR2:  0.76", True),
        ("(178, 3) R2: 0.75", "(178, 3) R2: 0.95", False),
        ("(178, 3)", "(178, 4)", False),
        ("array([1.5, 2.5])", "array([1.5])", False),
        ("-0.01 nats", "0.00 nats", True),
        ("True", "False", False),
        ("", "something", False),
    ],
)
def test_texts_compare_to_the_digits_shown(shown, found, is_same):
    assert same_text(shown, found) is is_same


def test_warnings_have_to_be_announced():
    code = "import warnings\nwarnings.warn('this', UserWarning)"
    with pytest.raises(AssertionError, match="this"):
        output_of(code, "page", 0, {})
    assert output_of(f"{code}  # warns UserWarning", "page", 0, {}) == ""
    with pytest.raises(AssertionError):
        output_of("1  # warns UserWarning", "page", 0, {})
