"""contactsim: a laboratory for intergroup contact."""
