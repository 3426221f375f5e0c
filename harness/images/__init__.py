"""Images made without an engine: the frontend's archive, and stand-ins for what tests pull."""
