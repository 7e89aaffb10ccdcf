"""The checks of brokers: each server that was named step by step, then the cluster behind them."""

from collections.abc import Iterator
from functools import partial
from time import monotonic

from kafka_tools.brokers import checkup, diagnosis
from kafka_tools.brokers.checkup import Overview
from kafka_tools.brokers.diagnosis import Contact, Step
from kafka_tools.errors import NOT_AUTHORIZED, BrokerError, KafkaToolError, UnreachableError
from kafka_tools.model.addresses import text
from kafka_tools.model.snapshot import Quorum
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import OFFSETS
from kafka_tools.parallel import in_parallel
from kafka_tools.tools.doctor.checks import (
    BROKER,
    CLUSTER_ID,
    CONTROLLER,
    LISTENERS,
    Check,
    State,
    absent,
    failed,
    milliseconds,
    missing_offsets,
    not_run,
    offsets_check,
    passed,
    quorum,
)

FIRST_SECONDS = 3.0
"""How long the servers that were named are waited for, all at once."""

THEN_SECONDS = 2.5
"""How long everything after that may take."""

LATE_SECONDS = 0.2
"""How much longer a thread is waited for whose own limit should have ended it."""

EXPIRES_SOON_DAYS = 30
DAY_SECONDS = 86_400

ADVICE = {
    diagnosis.RESOLVE: "Is the name spelled rightly?",
    diagnosis.CONNECT: "Is it up, and its port open to this machine? Another one: --bootstrap-server HOST:PORT.",
    diagnosis.TLS: "ssl.truststore.location and ssl.keystore.location in a --command-config file say who is trusted.",
    diagnosis.VERSIONS: "Is this a Kafka listener? security.protocol in a --command-config file says what it speaks.",
    diagnosis.SASL: "sasl.mechanism and sasl.jaas.config in a --command-config file say who logs in, and how.",
}
CONTROLLERS_UP = "Are a majority of the controllers, or of the ZooKeeper servers, up?"


def check_brokers(target: Brokers) -> Iterator[Check]:
    """Yield the checks in their order; all of them take FIRST_SECONDS + THEN_SECONDS at most."""
    found = diagnosis.contacts(target, FIRST_SECONDS)
    try:
        for contact in found:
            yield from _steps(contact, target)
        answering = [contact for contact in found if contact.connected]
        # Any broker tells of the whole cluster, over the connection that was just examined.
        yield from _cluster(target, answering[0]) if answering else _unknown("no server answers")
    finally:
        for contact in found:
            contact.close()


def _steps(contact: Contact, target: Brokers) -> Iterator[Check]:
    """Yield the checks of one server. A server that was too slow fails in the step after the last that it finished."""
    where, late = contact.server, contact.late
    # A step that was too late left nothing behind: it is the first one that is missing, and gets the blame once.
    made = {step.name: step for step in contact.steps}
    unused = {} if target.security is not None and target.security.tls else {diagnosis.TLS: "plaintext"}
    unused |= {} if target.security is not None and target.security.sasl else {diagnosis.SASL: "no login"}
    for name in diagnosis.STEPS:
        step = made.get(name)
        if step is not None:
            yield _step(where, step)
        elif name in unused:
            yield Check(name, State.NOT_USED, where, None, unused[name])
        elif late is not None:
            yield failed(name, late, ADVICE[name], where)
            late = None
        else:
            yield not_run(name, "an earlier step failed", where)


def _step(where: str, step: Step) -> Check:
    if step.failure is not None:
        return failed(step.name, step.failure, ADVICE[step.name], where, step.seconds)
    if step.expires is None:
        return passed(step.name, step.found, where, step.seconds)
    # Here, as most checks need no clock: a listener in plaintext, or a certificate that nobody looked at.
    from time import gmtime, strftime, time

    found = f"{step.found}, certificate until {strftime('%Y-%m-%d', gmtime(step.expires))}"
    if step.expires - time() > EXPIRES_SOON_DAYS * DAY_SECONDS:
        return passed(step.name, found, where, step.seconds)
    return Check(step.name, State.AT_RISK, where, milliseconds(step.seconds), found, "It needs a new certificate soon.")


def _unknown(why: str) -> Iterator[Check]:
    for name in (CLUSTER_ID, CONTROLLER, BROKER, OFFSETS):
        yield not_run(name, why)


def _cluster(target: Brokers, contact: Contact) -> Iterator[Check]:
    deadline = monotonic() + THEN_SECONDS
    [seen] = in_parallel({0: partial(checkup.overview, contact)}, deadline).values()
    if isinstance(seen, KafkaToolError):
        yield failed(CLUSTER_ID, seen, "", contact.server)
        yield from list(_unknown("an earlier check failed"))[1:]  # the cluster id has just failed
        return
    yield passed(CLUSTER_ID, seen.cluster_id or "it has none")
    # One connection serves both: the brokers are reached by connections of their own, so nobody waits for the other.
    found = in_parallel(
        {
            CONTROLLER: partial(_controller, contact, seen),
            BROKER: partial(_brokers, target, contact.server, seen, deadline),
        },
        deadline + LATE_SECONDS,
    )
    for name, checks in found.items():
        yield from [failed(name, checks, CONTROLLERS_UP)] if isinstance(checks, KafkaToolError) else checks
    # A request that was not answered in time has cost the connection: what is asked on it next would wait in vain.
    lost = isinstance(found[CONTROLLER], KafkaToolError) or not contact.connected
    if lost and seen.offsets is None:
        yield not_run(OFFSETS, "an earlier request got no answer")
        return
    [offsets] = in_parallel({0: partial(_offsets, contact, seen)}, deadline + 2 * LATE_SECONDS).values()
    yield failed(OFFSETS, offsets, CONTROLLERS_UP) if isinstance(offsets, KafkaToolError) else offsets


def _controller(contact: Contact, seen: Overview) -> list[Check]:
    try:
        controllers = checkup.quorum(contact)
    except BrokerError as error:
        # Who may not see the quorum need not be worried: the right is for administrators, the cluster may be well.
        if error.code not in NOT_AUTHORIZED:
            raise
        return [not_run(CONTROLLER, f"{error.message} It needs DESCRIBE on the cluster.")]
    if controllers is not None:
        return list(_quorum(controllers))
    # Kafka up to 3.9 in ZooKeeper mode: there is no quorum of controllers to ask (`quorum` is None).
    if seen.controller is None:
        return [failed(CONTROLLER, KafkaToolError("there is none now"), "Is ZooKeeper up? It is elected in seconds.")]
    # Brokers name the last controller until there is another, so one that is named may be long gone.
    try:
        if seen.topic is not None:
            checkup.read_zookeeper(contact, seen.topic)
    except UnreachableError:
        gone = KafkaToolError(f"broker {seen.controller} was the last one, but ZooKeeper gives brokers no answer")
        return [failed(CONTROLLER, gone, "Are a majority of the ZooKeeper servers up?")]
    return [passed(CONTROLLER, f"broker {seen.controller}")]


def _quorum(controllers: Quorum) -> Iterator[Check]:
    if controllers.leader is None:
        yield failed(CONTROLLER, KafkaToolError("none is active"), CONTROLLERS_UP)
    else:
        yield passed(CONTROLLER, f"{controllers.leader} is active")
    serving = len(controllers.voters) - len(controllers.silent)
    yield quorum("controller quorum", "controllers", len(controllers.voters), serving)


def _brokers(target: Brokers, server: str, seen: Overview, deadline: float) -> list[Check]:
    reached = diagnosis.brokers_reached(target, seen.brokers, deadline - monotonic())
    checks = []
    if not seen.brokers:
        checks.append(failed(BROKER, KafkaToolError("the cluster names none"), "Is it starting? Try again."))
    for broker, found in reached.items():
        where, name = text(seen.brokers[broker]), f"{BROKER} {broker}"
        if isinstance(found, KafkaToolError):
            cause = KafkaToolError(f"{diagnosis.cause_of(found)}; {server} advertises it there", found.hint)
            checks.append(failed(name, cause, LISTENERS, where))
        else:
            checks.append(passed(name, "ready for requests", where, found))
    return [*checks, *absent(seen.absent)]


def _offsets(contact: Contact, seen: Overview) -> Check:
    # A broker that is away for a restart still counts: three brokers can hold three replicas.
    brokers = len(seen.brokers) + len(seen.absent)
    if seen.offsets is not None:
        return offsets_check(seen.offsets, brokers)
    if not seen.brokers:
        return not_run(OFFSETS, "there is no broker")
    try:
        return missing_offsets(checkup.offsets_factor(contact, min(seen.brokers)), brokers)
    except BrokerError as error:
        if error.code not in NOT_AUTHORIZED:
            raise
        return not_run(OFFSETS, f"{error.message} It needs DESCRIBE and DESCRIBE_CONFIGS on this topic.")
