"""Finds the commit that turned a verdict: search, history, what may matter, and what was learnt."""
