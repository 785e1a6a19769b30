"""The proof: what was collected and what became of it, told and checked from the receipts and the files themselves."""
