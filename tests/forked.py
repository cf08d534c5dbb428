"""The command in many processes that share their imports: forks, with streams and limits of their own."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from typing import NamedTuple

SERVER = r"""
import importlib, json, os, pkgutil, resource, signal, sys
control, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w", buffering=1)
nothing = os.open(os.devnull, os.O_RDWR)
os.dup2(nothing, 0), os.dup2(nothing, 1)
import glimpse.__main__
from PIL import Image
Image.init()
for part in ("cli", "batch", "io", "attention"):
    package = importlib.import_module(f"glimpse.{part}")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"glimpse.{part}.{module.name}")

def run(words, folder, streams, seconds, space):
    for number, name in enumerate(streams, start=1):
        os.dup2(os.open(name, os.O_WRONLY), number)
    os.chdir(folder)
    if space:
        resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    signal.alarm(5 * seconds)  # of a wait without work
    sys.argv = ["glimpse", *words]
    try:
        glimpse.__main__.main()
    except SystemExit as end:
        return end.code or 0

for line in control:
    child = os.fork()
    if not child:
        code = 70
        try:
            code = run(*json.loads(line))
        finally:
            os._exit(code)
    _, status, spent = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    print(json.dumps([code, spent.ru_utime + spent.ru_stime, spent.ru_maxrss * 1024]), file=answers)
"""


class Done(NamedTuple):
    """A process that has ended: its exit code, its streams, CPU seconds and bytes at its peak."""

    returncode: int
    stdout: bytes
    stderr: bytes
    seconds: float
    peak: float


@cache
def server():
    words = [sys.executable, "-c", SERVER]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(lambda: (process.stdin.close(), process.stdout.close(), process.wait()))
    return process


def forked(*words, cwd=None, seconds=60, space=0):
    """Run the command, with bounds of CPU and of its address space."""
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
        task = [[os.fsdecode(word) for word in words], os.fspath(cwd or os.getcwd()), [out.name, err.name]]
        process = server()
        process.stdin.write(json.dumps([*task, seconds, space]) + "\n")
        process.stdin.flush()
        code, spent, peak = json.loads(process.stdout.readline())
        return Done(code, out.read(), err.read(), spent, peak)
