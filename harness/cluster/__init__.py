"""Tasks of a matrix on other machines, by a scheduler of Dask; the ledger stays where it is asked.

`places` says what a task needs and who has it (pure), `wire` what is sent and what comes back,
`errand` is what a worker does, `scheduler` the client's side, `local` workers on this machine.
"""
