"""Single runs with their folders, and one executor for many tasks: local processes or Dask, results in a store."""
