"""Apache's names: which script and which class is which tool."""

from kafka_tools.shims import apache
from kafka_tools.tools import names


def test_each_tool_has_both_spellings() -> None:
    assert apache.scripts(["topics", "zookeeper-shell", "sandbox"]) == {
        "kafka-topics": "topics",
        "kafka-topics.sh": "topics",
        "zookeeper-shell": "zookeeper-shell",
        "zookeeper-shell.sh": "zookeeper-shell",
    }


def test_the_tools_of_ktools_that_apache_has_are_known() -> None:
    known = set(apache.scripts(names()).values())
    assert {"topics", "console-consumer", "console-producer", "run-class"} <= known
    assert known.isdisjoint({"layout", "context", "sandbox", "shims"})


def test_a_class_belongs_to_one_tool() -> None:
    classes = [each for of_tool in apache.MAIN_CLASSES.values() for each in of_tool]
    assert len(classes) == len(set(classes))
    assert {apache.tool_of(each) for each in classes} | {"run-class"} == set(apache.MAIN_CLASSES)
    assert apache.tool_of("kafka.tools.TopicCommand") is None
