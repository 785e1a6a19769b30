"""The steps of the pipeline: one verb, one file each; none knows another."""
