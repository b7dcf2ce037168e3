"""Carrying out many tasks: processes of this machine or Dask, with every result in a store."""
