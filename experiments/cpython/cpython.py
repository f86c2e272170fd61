"""Measures one mechanism of CPython: python3 -I -S -B -c SCRIPT MECHANISM KEY=VALUE...

The script prepares, prints "ready", waits for a line on standard input,
measures, and prints its units as one line of JSON. If something is wrong, the
last line on standard error is the reason. It runs on CPython 3.8 and later.
"""

import json
import multiprocessing
import os
import re
import signal
import sys
import threading
from time import perf_counter_ns as clock, sleep

LINUX = sys.platform.startswith("linux")


# --- Mechanisms. Each calls begin() when it is prepared, and returns its units.


def create(begin, unit, n):
    """Create, start and join an empty unit, one after another."""
    make = {"fork": fork_process, "spawn": spawn_process, "thread": thread}[unit]()
    run_empty(make)  # modules, and the resource tracker that spawn starts
    begin()
    start = clock()
    for _ in range(n):
        run_empty(make)
    return {"ns/op": (clock() - start) / n}


def submit(begin, way, n, workers, chunk):
    """Give tasks to a pool of processes, which answer what they were given."""
    with fork_context().Pool(workers) as pool:
        submit_all(pool, way, max(64, workers), chunk)
        begin()
        start = clock()
        answers = submit_all(pool, way, n, chunk)
        took = clock() - start
    if answers != list(range(n)):
        raise ValueError("a pool gave a wrong answer")
    return {"ns/op": took / n}


def balance(begin, way, n, workers, lock):
    """Add 1 to one number n times, by several threads at once."""
    global number
    number = 0
    update = {"inline": add_inline, "call": add_call}[way]
    guard = threading.Lock()
    line = threading.Barrier(workers + 1)

    def work(times):
        line.wait()
        if lock:
            for _ in range(times):
                with guard:
                    update()
        else:
            for _ in range(times):
                update()

    threads = [
        threading.Thread(target=work, args=(n // workers + (i < n % workers),), daemon=True)
        for i in range(workers)
    ]
    for each in threads:
        each.start()
    begin()
    start = clock()
    line.wait()
    for each in threads:
        each.join()
    took = clock() - start
    return {"ns/op": took / n, "lost": n - number, "tries": n}


def isolation(begin, unit, n):
    """A child writes a global variable: does its parent see that?"""
    global number
    make = {"fork": fork_process, "thread": thread}[unit]()
    begin()
    seen = 0
    for _ in range(n):
        number = 0
        child = make(target=write_number)
        child.start()
        child.join()
        if getattr(child, "exitcode", 0) != 0:
            raise ValueError("a child ended with exit code %s" % child.exitcode)
        seen += number == 1
    return {"seen": seen, "tries": n}


def timer(begin, way, delay, n, load):
    """How long after its delay does a timer fire, or a sleep end?"""
    wait = {"timer": wait_for_timer, "sleep": wait_asleep}[way]
    stop = threading.Event()
    begin()
    if load == "busy":
        busy = threading.Thread(target=compute, args=(stop,), daemon=True)
        busy.start()
    errors = sorted(wait(delay) - delay for _ in range(n))
    if load == "busy":
        stop.set()
        busy.join()
    return {
        "error-p50-ns": quantile(errors, 50),
        "error-p99-ns": quantile(errors, 99),
        "early": sum(error < 0 for error in errors),
        "tries": n,
    }


# --- What they are made of.

number = 0


def fork_process():
    return fork_context().Process


def spawn_process():
    return multiprocessing.get_context("spawn").Process


def thread():
    return threading.Thread


def run_empty(make):
    # Without a target it is empty, and spawn has nothing of this script to import.
    unit = make()
    unit.start()
    unit.join()
    if getattr(unit, "exitcode", 0) != 0:
        raise ValueError("an empty process ended with exit code %s" % unit.exitcode)


def same(x):
    return x


def submit_all(pool, way, n, chunk):
    if way == "apply":
        return [pool.apply(same, (i,)) for i in range(n)]
    if way == "async":
        results = [pool.apply_async(same, (i,)) for i in range(n)]
        return [result.get() for result in results]
    return pool.map(same, range(n), chunksize=chunk)


def add_inline():
    global number
    number = number + 1


def add_call():
    # CPython 3.10 and later let another thread run only at calls and at the end
    # of a loop's turn: without this call nothing would be lost there.
    global number
    seen = number
    number = plus_one(seen)


def plus_one(x):
    return x + 1


def write_number():
    global number
    number = 1


def wait_for_timer(delay):
    fired = []
    waiting = threading.Timer(delay / 1e9, lambda: fired.append(clock()))
    asked = clock()
    waiting.start()
    waiting.join()
    return fired[0] - asked


def wait_asleep(delay):
    asked = clock()
    sleep(delay / 1e9)
    return clock() - asked


def compute(stop):
    x = 1
    while not stop.is_set():
        for _ in range(1000):
            x = (x * 7 + 1) % 1000003


def quantile(ordered, percent):
    """The nearest rank."""
    return ordered[-(-percent * len(ordered) // 100) - 1]


# --- Nothing outlives its parent.


def fork_context():
    """The way to fork, whose children die with this process.

    The kernel kills them on Linux (prctl(2)). Elsewhere watch_parent does.
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        sys.exit("this system cannot fork: use unit=spawn or unit=thread")
    if LINUX:
        import ctypes

        prctl = ctypes.CDLL(None, use_errno=True).prctl
        words = [ctypes.c_ulong(word) for word in (signal.SIGKILL, 0, 0, 0)]
        parent = None

        def remember():
            nonlocal parent
            parent = os.getpid()

        def die_with_parent():
            # A parent that died before the call sends no signal any more.
            if prctl(1, *words) != 0 or os.getppid() != parent:
                os._exit(1)

        if prctl(1, *words) != 0:  # 1 is PR_SET_PDEATHSIG
            sys.exit("prctl(PR_SET_PDEATHSIG): %s" % os.strerror(ctypes.get_errno()))
        os.register_at_fork(before=remember, after_in_child=die_with_parent)
    return multiprocessing.get_context("fork")


def watch_parent():
    """Ends this process and its children when standard input is at its end."""
    while os.read(0, 4096):
        pass
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def begin():
    print("ready", flush=True)
    if not sys.stdin.readline():
        sys.exit("waiting for the start signal: the parent is gone")
    if not LINUX:  # there the kernel does it, and a thread would be in the figures
        threading.Thread(target=watch_parent, daemon=True).start()


# --- Arguments.


def one_of(*choices):
    def read(text):
        if text not in choices:
            raise ValueError("use " + ", ".join(choices))
        return text

    return read


def whole(low, high):
    def read(text):
        if not re.match(r"[0-9]{1,9}\Z", text) or not low <= int(text) <= high:
            raise ValueError("give a whole number from %d to %d" % (low, high))
        return int(text)

    return read


def duration(text):
    found = re.match(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ns|us|ms|s)\Z", text)
    ns = found and float(found[1]) * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[found[2]]
    if not ns or not 1 <= ns <= 60e9:
        raise ValueError("give a duration such as 5ms, from 1ns to 60s")
    return round(ns)


COUNT = whole(1, 10_000_000)
WORKERS = whole(1, 1000)

# Of each mechanism: how a key's value is read, and what it is if it is not given.
MECHANISMS = {
    "create": (create, {"unit": (one_of("fork", "spawn", "thread"), None), "n": (COUNT, None)}),
    "submit": (
        submit,
        {
            "way": (one_of("apply", "async", "map"), None),
            "chunk": (COUNT, "1"),  # of map
            "workers": (WORKERS, "2"),
            "n": (COUNT, None),
        },
    ),
    "balance": (
        balance,
        {
            "way": (one_of("inline", "call"), "call"),
            "lock": (lambda text: one_of("0", "1")(text) == "1", "0"),
            "workers": (WORKERS, "2"),
            "n": (COUNT, None),
        },
    ),
    "isolation": (isolation, {"unit": (one_of("fork", "thread"), None), "n": (COUNT, None)}),
    "timer": (
        timer,
        {
            "way": (one_of("timer", "sleep"), "timer"),
            "delay": (duration, None),
            "load": (one_of("idle", "busy"), "idle"),
            "n": (COUNT, None),
        },
    ),
}


def read_values(keys, words):
    texts = {key: otherwise for key, (_, otherwise) in keys.items()}
    for word in words:
        key, equals, text = word.partition("=")
        if key not in keys or not equals:
            sys.exit("argument %r is not known: give KEY=VALUE with a key of %s" % (word, ", ".join(keys)))
        texts[key] = text
    values = {}
    for key, (read, _) in keys.items():
        if texts[key] is None:
            sys.exit("%s is missing: give %s=VALUE" % (key, key))
        try:
            values[key] = read(texts[key])
        except ValueError as reason:
            sys.exit("%s=%s: %s" % (key, ascii(texts[key])[1:-1], reason))
    return values


def main():
    name, words = sys.argv[1], sys.argv[2:]
    if name not in MECHANISMS:
        sys.exit("mechanism %r is not known: use %s" % (name, ", ".join(MECHANISMS)))
    mechanism, keys = MECHANISMS[name]
    units = mechanism(begin, **read_values(keys, words))
    print(json.dumps(units), flush=True)


if __name__ == "__main__":
    main()
