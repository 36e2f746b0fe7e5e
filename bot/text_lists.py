"""A long list of texts in SQL as one parameter, on either engine.

``column IN (?, ?, …)`` with the 3,321 communes of the country costs SQLAlchemy a name for
each of them in each statement: most of the time of a page that asks two dozen times.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean

MANY = 50  # up to here a list is named one by one, and an index on the column may help


def one_of(column: Any, texts: Collection[str]) -> ColumnElement[bool]:
    """SQL: the column holds one of these."""
    if len(texts) <= MANY:
        return column.in_(texts)  # type: ignore[no-any-return]
    listed = bindparam(None, json.dumps(sorted(texts)), type_=String())
    return _OneOf(column, listed)


class _OneOf(FunctionElement[bool]):
    name = "one_of"
    type = Boolean()
    inherit_cache = True


@compiles(_OneOf, "sqlite")
def _sqlite(element: _OneOf, compiler: SQLCompiler, **more: Any) -> str:
    """The plus hides the column from its index: half a country is no reason to choose it."""
    column, listed = (compiler.process(one, **more) for one in element.clauses)
    return f"(+{column} IN (SELECT value FROM json_each({listed})))"


@compiles(_OneOf, "postgresql")
def _postgresql(element: _OneOf, compiler: SQLCompiler, **more: Any) -> str:
    column, listed = (compiler.process(one, **more) for one in element.clauses)
    values = f"SELECT json_array_elements_text(CAST({listed} AS JSON))"
    return f"({column} IN ({values}))"
