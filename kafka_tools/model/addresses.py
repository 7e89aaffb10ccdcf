"""HOST:PORT, as it is written everywhere."""

IPV6_LETTERS = frozenset("0123456789abcdefABCDEF:.%")


def parse(text: str, default_port: int) -> tuple[str, int] | None:
    """Return host and port of `HOST[:PORT]`, an IPv6 address (in brackets) without them; None for what is neither."""
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):  # no port, or the colons of an IPv6 address in brackets
        host, port = text, str(default_port)
    if not (port.isdecimal() and port.isascii() and len(port) <= 5 and 0 < int(port) < 65536):
        return None
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        return (host, int(port)) if host and set(host) <= IPV6_LETTERS else None
    is_name = host != "" and not any(letter.isspace() or letter in ":[]" for letter in host)
    return (host, int(port)) if is_name else None
