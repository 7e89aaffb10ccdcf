"""Lists rules: `ktools acls --list | --export`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.backends import Acls, open_acls
from kafka_tools.model.acls import AclBinding, AclBindingFilter, sort_key
from kafka_tools.model.target import Target
from kafka_tools.report import Report
from kafka_tools.tools.acls.output import ACL_COLUMNS, AclRow, current_lines, principal_lines

if TYPE_CHECKING:
    from kafka_tools.render.views import View


class ListAcls(NamedTuple):
    """Asks for the rules that one of the filters selects, of these principals where any is named.

    `group_by` is what a table has a section for: `resource` or `principal`.
    """

    target: Target
    filters: tuple[AclBindingFilter, ...]
    principals: tuple[str, ...] = ()
    group_by: str = "resource"


def list_acls(request: ListAcls) -> Report:
    """Return the rules that are selected, sorted."""
    with open_acls(request.target) as acls:
        found = selected(acls, request.filters)
        malformed = acls.malformed()
    principals = request.principals
    # Compared as texts, as AclCommand does: User:* is no answer to User:alice.
    shown = [each for each in found if not principals or each.entry.principal in principals]
    return Report(
        rows=map(AclRow.of, shown),
        columns=ACL_COLUMNS,
        plain=principal_lines(principals, shown) if principals else current_lines(shown),
        tables=lambda: _tables(shown, request.group_by),
        notes=malformed,
        status=int(bool(malformed)),
    )


def export(request: ListAcls) -> Report:
    """Return the rules as a document that `--import` reads: JSON, one rule a line."""
    # Rows are read twice, for the document and by the renderer of another format: hence the list.
    report = list_acls(request)
    rows = list(report.rows)
    return report._replace(rows=rows, plain=_document(rows), names_only=True)


def selected(acls: Acls, filters: Sequence[AclBindingFilter]) -> list[AclBinding]:
    """Return the rules that one of the filters selects, each once, sorted."""
    return sorted({binding for each in filters for binding in acls.describe(each)}, key=sort_key)


def _tables(shown: Sequence[AclBinding], group_by: str) -> "Iterator[View]":
    from kafka_tools.tools.acls.views import tables

    return tables(shown, group_by)


def _document(rows: Sequence[AclRow]) -> list[str]:
    import json

    documents = [json.dumps(row._asdict(), ensure_ascii=False) for row in rows]
    return ["[" + ",\n ".join(documents) + "]"]
