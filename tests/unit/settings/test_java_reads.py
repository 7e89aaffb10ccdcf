"""Properties files and JAAS lines mean what Java says they mean.

`java_reads.json` holds what java.util.Properties (OpenJDK 17) and org.apache.kafka.common.security.JaasConfig (3.9.1)
made of random texts: [P or J, text, result]; null where they refused it. A pair without a name is left out.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.settings import jaas, properties

READ: list[tuple[str, str, Any]] = json.loads(Path(__file__).with_name("java_reads.json").read_text())
LETTERS = st.sampled_from(
    ["a", "key", "=", ":", " ", "\t", "\f", "\n", "\r", "\\", "#", "!", "\\u0041", "\\u1", "é", '"']
)
NAMES = st.text(st.characters(codec="utf-16", exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(("text", "expected"), [(text, expected) for kind, text, expected in READ if kind == "P"])
def test_properties_as_java_reads_them(text: str, expected: dict[str, str] | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="malformed"):
            properties.parse(text.encode("latin-1"))
    else:
        assert properties.parse(text.encode("latin-1")) == expected


@pytest.mark.parametrize(("line", "expected"), [(text, expected) for kind, text, expected in READ if kind == "J"])
def test_jaas_lines_as_kafka_reads_them(line: str, expected: tuple[str, dict[str, str]] | None) -> None:
    if expected is None:
        with pytest.raises(ValueError):  # noqa: PT011  only that it is refused was recorded
            jaas.parse(line)
    else:
        module = jaas.parse(line)
        assert [module.name, dict(module.options)] == expected


@given(st.lists(LETTERS).map("".join))
def test_any_bytes_are_properties_or_malformed(text: str) -> None:
    try:
        found = properties.parse(text.encode("latin-1"))
    except ValueError:
        assert "\\u" in text
    else:
        assert "" not in found


def _escaped(text: str) -> str:
    units = text.encode("utf-16-be")
    return "".join(f"\\u{int.from_bytes(units[at : at + 2]):04x}" for at in range(0, len(units), 2))


@given(st.dictionaries(NAMES, NAMES | st.just("")))
def test_every_text_can_be_escaped(pairs: dict[str, str]) -> None:
    file = "".join(f"{_escaped(name)} : {_escaped(value)}\r\n" for name, value in pairs.items())
    assert properties.parse(file.encode()) == pairs


def test_bytes_are_iso_8859_1() -> None:
    assert properties.parse(b"name=\xe9") == {"name": "é"}


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\{ord(letter):03o}" if ord(letter) < 256 else letter for letter in text) + '"'


PASSWORDS = st.text(st.characters(codec="utf-16", exclude_categories=["Cs"]))


@given(PASSWORDS, PASSWORDS)
def test_every_password_can_be_quoted(username: str, password: str) -> None:
    line = f"a.Module required username={_quoted(username)} password = {_quoted(password)};"
    assert jaas.parse(line).options == {"username": username, "password": password}


@given(st.text())
def test_a_refused_line_is_not_repeated(text: str) -> None:
    secret = "s3cr3tWord"
    with pytest.raises(ValueError, match=r"\w") as refused:
        jaas.parse(f'a.Module required password="{text}{secret}')
    assert secret not in str(refused.value)


def test_options_do_not_show() -> None:
    assert "hidden" not in repr(jaas.parse('a.Module required password="hidden";'))
