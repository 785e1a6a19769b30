"""Where packs come from: the embedded spool, or Kafka."""
