"""Survey items: what is asked of whom, and how a true state becomes an answer. They read a state and change nothing."""
