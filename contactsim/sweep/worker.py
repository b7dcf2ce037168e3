"""A worker process: ``python -m contactsim.sweep.worker STORE``, told what to do line by line.

Each line in is a task in JSON, each line out says what became of it. A worker that loses its parent stops
with the week that it is in; what it has written stays.
"""

from __future__ import annotations

import json
import os
import signal
import sys


def main() -> int:
    """Live tasks until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption means
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints must not reach the parent as an answer
    from contactsim.sweep.live import Liver, OutdatedError

    parent = os.getppid()

    def tick() -> None:
        if os.getppid() != parent:
            os._exit(1)

    liver = Liver(sys.argv[1], tick)
    for line in sys.stdin:
        try:
            answer = liver.live(json.loads(line))
        except (OSError, OutdatedError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            answer = {"fatal": f"store={sys.argv[1]} cannot be written: {reason or error}" if isinstance(error, OSError)
                      else str(error)}
        print(json.dumps(answer), file=out, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
