"""The commands of the command line, each a function of its name; modules are imported only when they are used."""
