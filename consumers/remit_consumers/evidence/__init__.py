"""Evidence: bundles that anyone can check, anchors outside, a public report, and what was collected and never read."""
