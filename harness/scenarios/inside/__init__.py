"""Runs a folder of scenarios as a Go test binary runs tests; nothing but Python and pytest.

A copy of this package lies in the artefact of a folder (harness/scenarios/suite.py) and runs in a
leg, where there is nothing else of this program.
"""
