"""Every message in every version, against kio."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.model.codec import decode, encode, struct_decoder
from kafka_tools.wire.schema import Message
from tests.support.examples import a_share
from tests.support.kio_entities import as_ours, entities, entity_class, last_version, messages, read, same, written


def _versions() -> Iterator[Any]:
    for message in messages():
        for version in range(message.first, last_version(message) + 1):
            yield pytest.param(message, version, id=f"{message.name}-{version}")


VERSIONS = list(_versions())


def test_the_messages_are_found() -> None:
    names = {message.name for message in messages()}
    assert {"ApiVersions", "Metadata", "DescribeConfigs", "DescribeTopicPartitions"} < names


@pytest.mark.parametrize(("message", "version"), VERSIONS)
@a_share(4)
@given(data=st.data(), correlation=st.integers(0, 2**31 - 1))
def test_requests(message: Message, version: int, data: st.DataObject, correlation: int) -> None:
    kind = entity_class(message, version, request=True)
    entity = data.draw(entities(kind))
    request = message.encode(version, as_ours(entity), correlation, "ktools")
    header, body = read(kind.__header_schema__, request)
    assert (header.request_api_key, header.request_api_version) == (message.key, version)
    assert (header.correlation_id, header.client_id) == (correlation, "ktools")
    assert body == written(entity)
    assert read(kind, body) == (entity, b"")
    [struct] = decode(body, struct_decoder(message.request, version, version >= message.flexible))
    assert same(message.request, struct, as_ours(entity))


@pytest.mark.parametrize(("message", "version"), VERSIONS)
@a_share(4)
@given(data=st.data())
def test_answers(message: Message, version: int, data: st.DataObject) -> None:
    kind = entity_class(message, version, request=False)
    entity = data.draw(entities(kind))
    header, body = written(kind.__header_schema__(correlation_id=7)), written(entity)
    assert header[:4] == b"\0\0\0\7"
    assert same(message.response, message.decode(version, header[4:] + body), as_ours(entity))
    assert encode(message.response, version, version >= message.flexible, as_ours(entity)) == body
