"""The dashboard: pages for a privacy officer, made of the receipts that everybody else counts with."""
