"""A sandbox as its folder records it."""

from kafka_tools.sandbox.processes import Process
from kafka_tools.sandbox.state_file import Sandbox, Server

SANDBOX = Sandbox(
    "3.9.1",
    "zookeeper",
    "ID",
    (
        Server("zookeeper", 1, 20001, (20005, 20006), process=Process(1, "never")),
        Server("broker", 1, 20002, rack="rack-1", process=Process(1, "never")),
        Server("broker", 2, 20003),
    ),
    complete=True,
)
