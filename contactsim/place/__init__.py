from contactsim.place.core import Level, Place  # noqa: F401
