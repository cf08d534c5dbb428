"""``python -m glimpse`` and the ``glimpse`` command."""

import atexit
import gc
import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback where Ctrl-C comes during the imports
gc.disable()  # until `cli.reporter.report`: to search what imports leave for garbage costs a twentieth
atexit.register(gc.freeze)  # the memory of a process that ends needs no search either

from glimpse.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
