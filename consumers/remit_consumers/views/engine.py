"""The engine: a statement over Arrow data sets, in a connection that reaches nothing else and cannot be changed."""

import threading
from collections.abc import Mapping

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from remit_schemas.errors import QueryFailed

TIMEOUT_S = 300.0
"""A statement that has run for five minutes is stopped: nobody waits longer at a terminal (our choice)."""

MEMORY = "2GB"
"""What a statement may take; it never spills to a disk, where values would outlive it."""

_CONFIG: Mapping[str, str] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "memory_limit": MEMORY,
}

_WORDS: Mapping[type[duckdb.Error], str] = {
    duckdb.BinderException: "it names a column or function that is not there, or uses one in a way it cannot be used",
    duckdb.CatalogException: "it names a function or type that is not there",
    duckdb.ParserException: "it is no SQL that can be read",
    duckdb.SyntaxException: "it is no SQL that can be read",
    duckdb.PermissionException: "it reaches beyond the views",
    duckdb.ConversionException: "a value cannot be made what it asks for (TRY_CAST gives null there)",
    duckdb.OutOfRangeException: "a number is out of range",
    duckdb.OutOfMemoryException: f"it takes more than {MEMORY} of memory",
    duckdb.InterruptException: f"it was stopped after {TIMEOUT_S:.0f} s",
}
"""What the engine's errors are called here: its own messages quote values."""


def run(sql: str, views: Mapping[str, ds.Dataset], timeout_s: float = TIMEOUT_S) -> pa.Table:
    """Run one statement that was looked at.

    Args:
        sql: A single SELECT.
        views: What it may read, by name.
        timeout_s: When it is stopped.

    Raises:
        QueryFailed: It cannot be run, took too long or too much; no value is quoted.
    """
    with duckdb.connect(":memory:", config=dict(_CONFIG)) as engine:
        for name, view in views.items():
            engine.register(name, view)
        engine.execute("SET TimeZone = 'UTC'")  # whatever the machine's
        engine.execute("SET lock_configuration = true")
        alarm = threading.Timer(timeout_s, engine.interrupt)
        alarm.daemon = True
        alarm.start()
        try:
            result: pa.Table = engine.sql(sql).to_arrow_table()
        except Exception as error:  # noqa: BLE001 - a foreign engine, whose messages quote values
            raise QueryFailed(_words(error, views)) from None
        finally:
            alarm.cancel()
    return result


def _words(error: Exception, views: Mapping[str, ds.Dataset]) -> str:
    """Say what went wrong in words of our own."""
    words = next((said for kind, said in _WORDS.items() if isinstance(error, kind)), "")
    message = f"the statement cannot be run: {words or type(error).__name__}"
    if isinstance(error, duckdb.BinderException):
        columns = (f"{name}({', '.join(view.schema.names)})" for name, view in views.items())
        message += f"; there are {', '.join(columns)}"
    return message
