"""``python -m glimpse`` and the ``glimpse`` command."""

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback where Ctrl-C comes during the imports

from glimpse.cli import main

if __name__ == "__main__":
    main()
