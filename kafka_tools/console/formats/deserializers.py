"""Kafka's own deserializers (org.apache.kafka.common.serialization, 3.9): bytes as the text of their Java object.

Null never comes here: a format writes its null literal for it.
"""

import codecs
import struct
from collections.abc import Callable

from kafka_tools.console.formats import Deserializer, UnreadableError
from kafka_tools.errors import UsageError, nearest
from kafka_tools.model.java_numbers import double, single

Deserialize = Callable[[bytes], bytes]
"""Turns the bytes of a key, value or header into text; raises UnreadableError."""

PACKAGE = "org.apache.kafka.common.serialization."
FIXED_SIZES = {"Short": 2, "Integer": 4, "Float": 4, "Long": 8, "Double": 8, "UUID": 36}
"""Types whose values a ListSerializer writes without their sizes; in bytes."""

UUID_DIGITS = (8, 4, 4, 4, 12)


def compile_deserializer(deserializer: Deserializer) -> Deserialize:
    """Return the function that reads bytes as this deserializer does.

    Raises UsageError for a class or an encoding that is not there.
    """
    name = deserializer.class_name.removeprefix(PACKAGE)
    kind = name.removesuffix("Deserializer")
    match kind:
        case "String":
            return _string(deserializer)
        case "List":
            return _list(deserializer)
        case _ if kind in SIMPLE and name != kind:
            return SIMPLE[kind]
    near = nearest(name, (f"{each}Deserializer" for each in (*SIMPLE, "String", "List")))
    raise UsageError(
        f"there is no deserializer {deserializer.class_name}",
        f"Did you mean {PACKAGE}{near[0]}?" if near else "Classes of Java's that are not Kafka's own cannot be loaded.",
    )


def printable(content: bytes) -> str:
    r"""Return bytes as org.apache.kafka.common.utils.Bytes writes them: `\x00` for what is not printable ASCII."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else f"\\x{byte:02X}" for byte in content)


def _number(name: str, code: str, text: Callable[[float], str] = str) -> Deserialize:
    unpack = struct.Struct(f">{code}").unpack

    def read(content: bytes) -> bytes:
        try:
            return text(unpack(content)[0]).encode()
        except struct.error:
            size = struct.calcsize(f">{code}")
            raise UnreadableError(f"Size of data received by {name}Deserializer is not {size}") from None

    return read


def _boolean(content: bytes) -> bytes:
    if len(content) != 1:
        raise UnreadableError("Size of data received by BooleanDeserializer is not 1")
    if content[0] > 1:
        raise UnreadableError(f"Unexpected byte received by BooleanDeserializer: {content[0]}")
    return b"true" if content[0] else b"false"


def _uuid(content: bytes) -> bytes:
    """Read what java.util.UUID.fromString reads: five groups of hexadecimal digits, which may be short."""
    groups = content.decode(errors="replace").split("-")
    if len(groups) != 5 or len(content) > 36 or not all(group and _is_hexadecimal(group) for group in groups):
        raise UnreadableError("Error parsing data into UUID")
    # Of a group with more digits Java keeps the last ones: it reads a number and takes its low bits.
    sized = zip(groups, UUID_DIGITS, strict=True)
    return "-".join(group.lower().zfill(digits)[-digits:] for group, digits in sized).encode()


def _is_hexadecimal(text: str) -> bool:
    return set(text) <= set("0123456789abcdefABCDEF")


def _void(_content: bytes) -> bytes:
    raise UnreadableError("Data should be null for a VoidDeserializer.")


SIMPLE: dict[str, Deserialize] = {
    "ByteArray": bytes,  # Java prints the array's address
    "ByteBuffer": lambda content: b"java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]" % (len(content), len(content)),
    "Bytes": lambda content: printable(content).encode(),
    "Integer": _number("Integer", "i"),
    "Long": _number("Long", "q"),
    "Short": _number("Short", "h"),
    "Float": _number("Float", "f", single),
    "Double": _number("Double", "d", double),
    "UUID": _uuid,
    "Boolean": _boolean,
    "Void": _void,
}


def _string(deserializer: Deserializer) -> Deserialize:
    """Read text in the encoding that the properties name; UTF-8 stays as it is, valid or not."""
    config, part = deserializer.config, "key" if deserializer.is_key else "value"
    encoding = config.get(f"{part}.deserializer.encoding", config.get("deserializer.encoding", "UTF-8"))
    try:
        name = codecs.lookup(encoding).name
        b"\xff".decode(name, errors="replace")  # fails for Python's codecs of other things than text, such as base64
    except (LookupError, ValueError):
        raise UsageError(f"StringDeserializer: there is no encoding '{encoding}'") from None
    if name == "utf-8":
        return bytes
    if name == "utf-16":
        return _utf_16
    return lambda content: content.decode(name, errors="replace").encode(errors="replace")


def _utf_16(content: bytes) -> bytes:
    """Java takes UTF-16 without a byte order mark as big-endian."""
    # Python's "utf-16" would take the machine's own order, which is little-endian nearly everywhere.
    has_mark = content[:2] in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)
    return content.decode("utf-16" if has_mark else "utf-16-be", errors="replace").encode()


def _list(deserializer: Deserializer) -> Deserialize:
    part = "key" if deserializer.is_key else "value"
    name = f"default.list.{part}.serde.inner"
    serde = deserializer.config.get(name)
    if not serde:
        raise UsageError(f"ListDeserializer: the property {name} is missing")
    inner = serde.removeprefix(PACKAGE).removeprefix("Serdes$").removeprefix("Serdes.").removesuffix("Serde")
    if inner == "List":  # it would read the same property again: a StackOverflowError in Java (3.9)
        raise UsageError("ListDeserializer: a list of lists cannot be read")
    read = compile_deserializer(Deserializer(f"{inner}Deserializer", deserializer.config, deserializer.is_key))
    size = FIXED_SIZES.get(inner)

    def read_list(content: bytes) -> bytes:
        try:
            elements = _elements(content, size)
        except struct.error:
            raise UnreadableError("End of the stream was reached prematurely") from None
        return b"[%b]" % b", ".join(b"null" if element is None else read(element) for element in elements)

    return read_list


def _elements(content: bytes, fixed_size: int | None) -> list[bytes | None]:
    """Take a list apart as ListDeserializer does: a byte that is 0 where elements have one size, then what is null."""
    # ListSerializer (3.9) leaves the sizes of elements of one size out and lists the nulls; else null has the size -1.
    nulls: set[int] = set()
    place = 1
    strategy = struct.unpack_from(">b", content)[0]
    if strategy not in (0, 1):
        raise UnreadableError("Invalid serialization strategy flag value")
    has_sizes = strategy == 1
    if not has_sizes and fixed_size is None:
        raise struct.error("elements of unknown size")
    if not has_sizes:
        count = struct.unpack_from(">i", content, place)[0]
        nulls = set(struct.unpack_from(f">{max(count, 0)}i", content, place + 4))
        place += 4 + 4 * max(count, 0)
    (count,) = struct.unpack_from(">i", content, place)
    place += 4
    elements: list[bytes | None] = []
    for index in range(count):
        size = fixed_size or 0
        if has_sizes:
            (size,) = struct.unpack_from(">i", content, place)
            place += 4
        if size < 0 or index in nulls:
            elements.append(None)
            continue
        elements.append(struct.unpack_from(f">{size}s", content, place)[0])
        place += size
    return elements
