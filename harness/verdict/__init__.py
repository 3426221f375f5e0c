"""From what both sides did to verdicts; pure."""
