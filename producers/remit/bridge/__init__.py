"""From other languages' producers: plain Avro from ``PREFIX.plain``, sealed at once and sent to ``PREFIX.sealed``."""
