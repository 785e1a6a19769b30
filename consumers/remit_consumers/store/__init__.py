"""Where files of the lake lie: in a local folder, or in a bucket of an object store."""
