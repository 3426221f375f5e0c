"""Scenarios: a folder of tests of ours that is run in a leg in the place of a suite's tests."""
