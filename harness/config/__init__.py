"""Data that people edit: lines, patch series, skip lists, and where they lie."""
