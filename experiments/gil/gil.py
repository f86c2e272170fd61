"""Measures what CPython's lock does to threads: python -c SCRIPT WHAT KEY=VALUE...

The conversation is that of cpython.py: the script prepares, prints "ready", waits for a
line on standard input, measures, and prints its units as one line of JSON. It is a
script of its own because it runs on CPython 2.7 too.
"""
from __future__ import division, print_function

import dis
import json
import os
import sys
import threading
import time

# Seconds. 2.7 has no better clock: its steps are a microsecond.
clock = getattr(time, "perf_counter", time.time)

TWO = 2  # threads


# --- How long a thread computes until another one does.


def interval(n):
    """Two threads compute and note when they see that the other one ran last."""
    last, notes, done = [None], [], []
    # The first stretches are from before both run, the last one may be cut short.
    skipped, most = TWO, n + TWO + 1

    def work(me):
        while len(notes) < most:
            last[0] = me
            note = [clock(), 0]
            notes.append(note)
            note[1] = spin(last, me)
        done.append(me)
        while len(done) < TWO:  # else the other one would spin for ever
            last[0] = None
            time.sleep(0.001)

    begin()
    together([lambda: work(0), lambda: work(1)])
    took, turns = [], []
    for note, following in zip(notes[skipped:], notes[skipped + 1 : most]):
        if note[1] > 0:  # it lost the lock between its note and its first turn
            took.append(1e9 * (following[0] - note[0]))
            turns.append(note[1])
    if not turns:
        raise ValueError("in %d stretches no thread came to its first turn" % n)
    took.sort()
    turns.sort()
    each = bytecodes_of_loop(spin)
    return {
        "ns/op": sum(took) / len(took),
        "stretch-p50-ns": quantile(took, 50),
        "stretch-p50-bytecodes": each * quantile(turns, 50),
        "release-bytecodes": each * (common_step(turns) or quantile(turns, 50)),
    }


def common_step(turns):
    """What sorted lengths differ by multiples of, 0 if there is no such step.

    2.7 lets the lock go at every hundredth of the bytecodes that it counts, but the
    thread that lets it go may take it again at once. So the other one gets it at one of
    these points, and the lengths of stretches are whole numbers of steps. A turn more or
    less is where in a turn the point lies. Of each length the gap to the next shorter one
    counts, if that is no chance of one step in very many.
    """
    gaps = []
    for i, length in enumerate(turns):
        shorter = [each for each in turns[:i] if length - each > SAME]
        if shorter and length - shorter[-1] <= FAR:
            gaps.append(length - shorter[-1])
    if len(gaps) < FEW:
        return 0
    step = 200.0  # turns
    while step > 12:
        multiples = [int(round(gap / step)) for gap in gaps]
        fit = sum(k > 0 and abs(gap - step * k) <= SAME for gap, k in zip(gaps, multiples))
        if fit >= 0.9 * len(gaps):
            return sum(gaps) / sum(multiples)
        step -= 0.1 * step * step / FAR  # a tenth of a step at the largest gap
    return 0


SAME, FAR, FEW = 1.5, 1000, 8  # turns, turns, gaps


def spin(last, me):
    """Its turns, until another thread says that it was the last."""
    turns = 0
    while last[0] is me:
        turns += 1
    return turns


def bytecodes_of_loop(function):
    """Those from where its only jump back leads to that jump, as dis lists them."""
    listed = list(instructions(function.__code__))
    for at, target in listed:
        if target is not None and target < at:
            return sum(target <= each <= at for each, _ in listed)
    raise ValueError("the loop has no jump back")


def instructions(code):
    """Where each is, and where it may jump to."""
    jumps = set(dis.hasjabs) | set(dis.hasjrel)
    if hasattr(dis, "get_instructions"):
        for each in dis.get_instructions(code):
            yield each.offset, each.argval if each.opcode in jumps else None
        return
    # 2.7: one byte, and two of argument for some. Only absolute jumps lead back.
    at = 0
    while at < len(code.co_code):
        opcode = ord(code.co_code[at])
        target = None
        if opcode in dis.hasjabs:
            target = ord(code.co_code[at + 1]) + 256 * ord(code.co_code[at + 2])
        yield at, target
        at += 3 if opcode >= dis.HAVE_ARGUMENT else 1


# --- Two threads that compute the same.


def parallel(way, n):
    """One after the other, together, or each in an interpreter of its own."""
    answers = []
    if way == "subinterpreter":
        works = [in_interpreter(answers, n) for _ in range(TWO)]
    else:
        works = [lambda: answers.append(count_down(n))] * TWO
    count_down(1000)  # 3.11 and later adapt code when it has run a few times
    begin()
    start = clock()
    if way == "serial":
        for work in works:
            together([work])
    else:
        together(works)
    took = clock() - start
    if answers != [n * (n + 1) // 2] * TWO:
        raise ValueError("two threads answered %r" % (answers,))
    return {"ns/op": 1e9 * took / (TWO * n)}


COUNT_DOWN = """
def count_down(n):
    total = 0
    while n > 0:
        total += n
        n -= 1
    return total
"""

exec(COUNT_DOWN)


def in_interpreter(answers, n):
    """Makes an interpreter with a lock of its own, and returns what lets it count."""
    run = new_interpreter()
    run(COUNT_DOWN + "count_down(1000)")
    right = n * (n + 1) // 2
    text = "if count_down(%d) != %d: raise ValueError('it answered wrongly')" % (n, right)

    def work():
        run(text)
        answers.append(right)

    return work


def new_interpreter():
    """What runs text in a new interpreter and raises what that raises."""
    try:
        from concurrent import interpreters  # 3.14 (PEP 734)

        return getattr(interpreters.create(), "exec")  # which 2.7 takes for a statement
    except ImportError:
        pass
    try:
        import _interpreters as low  # 3.13
    except ImportError:
        import _xxsubinterpreters as low  # 3.12
    made = low.create()  # isolated, which is with a lock of its own (PEP 684)

    def run(text):
        failed = low.run_string(made, text)
        if failed is not None:  # 3.13 returns it, 3.12 raises it
            raise RuntimeError(failed.formatted)

    return run


# --- A request beside threads that compute.


def convoy(load, n):
    """Requests one after another: a wait of a millisecond in the kernel, until it goes on."""
    stop, turns = [], [0] * load
    crew = [threading.Thread(target=compute, args=(stop, turns, i)) for i in range(load)]
    for each in crew:
        each.daemon = True
        each.start()
    while 0 in turns:
        time.sleep(0.001)
    begin()
    took = []
    for _ in range(n):
        asked = clock()
        time.sleep(0.001)
        took.append(1e9 * (clock() - asked))
    stop.append(True)
    for each in crew:
        each.join()
    took.sort()
    return {
        "ns/op": sum(took) / n,
        "request-p50-ns": quantile(took, 50),
        "request-p99-ns": quantile(took, 99),
    }


def compute(stop, turns, me):
    x = 1
    while not stop:
        for _ in range(1000):
            x = (x * 7 + 1) % 1000003
        turns[me] += 1


# --- What they are made of.


def together(works):
    """Runs each in a thread, and raises what one raised."""
    failed = []

    def run(work):
        try:
            work()
        except Exception as reason:
            failed.append(reason)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for each in threads:
        each.daemon = True
        each.start()
    for each in threads:
        each.join()
    if failed:
        raise failed[0]


def quantile(ordered, percent):
    """The nearest rank."""
    return ordered[-(-percent * len(ordered) // 100) - 1]


def watch_parent():
    while os.read(0, 4096):
        pass
    os._exit(1)


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def begin():
    say("ready")
    if not sys.stdin.readline():
        sys.exit("waiting for the start signal: the parent is gone")
    if not sys.platform.startswith("linux"):  # there the kernel ends it with its parent
        watch = threading.Thread(target=watch_parent)
        watch.daemon = True
        watch.start()


WHAT = {"interval": interval, "parallel": parallel, "convoy": convoy}


def main():
    values = dict(word.split("=", 1) for word in sys.argv[2:])
    for number in {"n", "load"} & set(values):
        values[number] = int(values[number])
    say(json.dumps(WHAT[sys.argv[1]](**values)))


if __name__ == "__main__":
    main()
