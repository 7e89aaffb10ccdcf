"""SVG and HTML: what the terminal would show, complete, escaped, and without anything from elsewhere."""

import re
from html.parser import HTMLParser
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_tools.render import OutputOptions
from kafka_tools.render.pictures import FORMATS
from kafka_tools.render.views import Level, Mark, Table
from kafka_tools.report import Report

SVG = "{http://www.w3.org/2000/svg}"


def report(title: str, words: str = "broken words") -> Report:
    table = Table([SimpleNamespace(state=Mark(words, Level.BROKEN))], {"state": "State"}, title=title, facts=("one",))
    return Report((), {}, (), lambda: [table])


def words_of_svg(document: str) -> list[str]:
    texts = [element.text or "" for element in ElementTree.fromstring(document).iter(f"{SVG}text")]
    return [text for text in texts if text.strip()]


class Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_svg() -> None:
    document = FORMATS["svg"](report("<b>&amp;"), OutputOptions("svg"))
    assert words_of_svg(document) == ["<b>&amp;", "one", "State", "broken", "words"]
    assert re.findall(r"https?://[^\"' )]+", document) == ["http://www.w3.org/2000/svg"]
    red = re.search(r"\.(\S+-r\d+) { fill: #b3001b;font-weight: bold }", document)
    assert red
    assert f'class="{red[1]}"' in document


def test_html() -> None:
    document = FORMATS["html"](report("<b>&amp;"), OutputOptions("html"))
    parser = Text()
    parser.feed(document)
    assert "<b>&amp;   one\n\n  State\n  broken words\n" in parser.text
    assert "b" not in parser.tags
    assert "http" not in document


@settings(max_examples=50)
@given(st.text(min_size=1))
def test_any_text_makes_a_valid_document(text: str) -> None:
    ElementTree.fromstring(FORMATS["svg"](report(text, text), OutputOptions("svg")))


def test_a_picture_is_as_wide_as_the_terminal_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    def width(columns: str) -> float:
        monkeypatch.setenv("COLUMNS", columns)
        box = re.search(r'viewBox="0 0 ([\d.]+) ', FORMATS["svg"](report("t", "word " * 60), OutputOptions("svg")))
        assert box
        return float(box[1])

    assert width("60") < width("100") < width("400") == width("1000")
