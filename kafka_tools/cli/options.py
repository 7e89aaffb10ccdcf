"""Options that several tools share, spelled and explained once."""

from kafka_tools.cli.joptsimple import Option, one_of
from kafka_tools.errors import UsageError
from kafka_tools.render.output_options import FORMATS

OUTPUT_FORMATS = FORMATS

BOOTSTRAP_SERVER = Option(
    ("--bootstrap-server",),
    "The Kafka brokers to connect to. Default: KTOOLS_BOOTSTRAP_SERVERS, a running sandbox, localhost:9092.",
    "HOST:PORT[,…]",
)
ZOOKEEPER = Option(
    ("--zookeeper",),
    "The ZooKeeper ensemble of a cluster up to Kafka 3.9, instead of its brokers. Default: KTOOLS_ZOOKEEPER.",
    "HOST:PORT[,…][/CHROOT]",
)
COMMAND_CONFIG = Option(
    ("--command-config",),
    "A properties file with the client's settings, by Java's names or librdkafka's. Default: KTOOLS_COMMAND_CONFIG.",
    "FILE",
)
SETTING = Option(
    ("-X",),
    "A setting of the client, by Java's or librdkafka's name; goes before the file's. May be repeated.",
    "NAME=VALUE",
    multiple=True,
    completes="client-setting",
)
OUTPUT = Option(
    ("--output",),
    f"{', '.join(OUTPUT_FORMATS)}; default: table on a terminal, Apache's plain text in a pipe.",
    "FORMAT",
    read=one_of(*OUTPUT_FORMATS),
)
COLUMNS = Option(
    ("--columns",), "Which columns, in which order, as json names them; not with --output plain.", "NAME[,NAME…]"
)
SORT_BY = Option(
    ("--sort-by",), "Sort by these columns, ascending or descending; not with --output plain.", "NAME[:desc][,…]"
)


def seconds(option: str, text: str) -> float:
    """Read a number of seconds above 0. Raises UsageError for anything else."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise UsageError(f"--{option}: '{text}' is no number of seconds")
    return value


WATCH = Option(
    ("--watch",), "Show it anew every so many seconds, with what changed marked, until Ctrl-C.", "SECONDS", read=seconds
)
HELP = Option(("--help",), "Show this message and exit.")
VERSION = Option(("--version",), "Show the version and exit.")
DEBUG = Option(("--debug",), "Show a traceback if ktools itself fails.")
GROUP_OPTIONS = (VERSION, DEBUG, HELP)
"""What `ktools` itself takes, before the tool."""
