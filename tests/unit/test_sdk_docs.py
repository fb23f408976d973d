"""The page on Python is true: every name of `tawsim` that it uses is there, and every public method stands on it."""

import re
from pathlib import Path

import tawsim as tw

PAGE = (Path(tw.__file__).parent.parent.parent / "docs" / "reference" / "python.md").read_text(encoding="utf-8")


def test_every_name_on_the_page_is_there() -> None:
    for name in re.findall(r"\btw\.([A-Za-z_]+)", PAGE):
        assert hasattr(tw, name), name


def test_every_method_of_a_project_stands_on_the_page() -> None:
    for kind in (tw.Project, tw.Labeller):
        for name in vars(kind):
            if not name.startswith("_") and callable(getattr(kind, name)):
                assert re.search(rf"\b{name}\(", PAGE), f"{kind.__name__}.{name}"
