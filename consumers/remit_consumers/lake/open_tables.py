"""The tables that one writer or reader of a lake has opened, each as it saw it last."""

from pathlib import Path

import pyarrow as pa

from remit_consumers.lake.tables import Table, open_table


class OpenTables:
    """Opens each table of a lake once.

    Attributes:
        root: The lake's folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._tables: dict[str, Table] = {}

    def newest(self, name: str, schema: pa.Schema | None = None) -> Table:
        """A table as of now, made if need be."""
        if name not in self._tables:
            self._tables[name] = open_table(self.root, name, schema)
        self._tables[name].refresh()
        return self._tables[name]

    def known(self, name: str, schema: pa.Schema | None = None) -> Table:
        """A table as it was seen last; as of now where it never was."""
        return self._tables.get(name) or self.newest(name, schema)

    def all(self) -> list[Table]:
        """Every table that was opened."""
        return list(self._tables.values())
