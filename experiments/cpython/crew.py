"""Works on tasks of the grid: ... -c SCRIPT MODEL WORKERS TRACED WORKLOAD SIZE SHARE DELAY DIR ADDR

It prepares, prints "ready", and then does what each line on standard input says:

    run N       works on the tasks 0 to N-1, and prints "done"
    results     prints for each of them its number, answer, start and end, and if it is
                traced (1, not 0) its worker, the core at its end and its CPU time
    turns       prints for each time at which a thread was seen to begin or to end a turn of
                computing: its worker, when, and 1 or 0; then an empty line
    usage       prints what it and its processes have consumed
    calibrate L prints the size at which a task computes for L nanoseconds

The workloads are those of the Go package workload: the same work, the same answers.
If something is wrong, the last line on standard error is the reason. It runs on
CPython 2.7 and later, so it does without what is newer.
"""

from __future__ import division, print_function

import os
import struct
import sys
import threading
import time

OLD = sys.version_info[0] < 3
SEEDS = 8
WORD = (1 << 64) - 1
LINUX = sys.platform.startswith("linux")


# --- The clock that all processes of a machine share, in nanoseconds.

if hasattr(time, "monotonic_ns"):
    clock = time.monotonic_ns
elif hasattr(time, "monotonic"):

    def clock():
        return int(time.monotonic() * 1e9)

else:
    import ctypes

    class Timespec(ctypes.Structure):
        _fields_ = [("seconds", ctypes.c_long), ("ns", ctypes.c_long)]

    clock_gettime = ctypes.CDLL(None, use_errno=True).clock_gettime
    now = Timespec()

    def clock():
        mine = Timespec()
        clock_gettime(1, ctypes.byref(mine))  # CLOCK_MONOTONIC of Linux
        return mine.seconds * 1000000000 + mine.ns


# --- Workloads: each makes a function of a seed.


def make_primes(job):
    count = count_in_turns if job.traced else count_primes
    return lambda seed: count(seed, job.size)


# The odd numbers that are tested, see package workload.
FIRST = 1000001
LAST = FIRST + (2 << 20)


def count_primes(seed, size):
    return (seed + count_piece(seed, size, 0, size)) & WORD


def count_piece(seed, size, done, piece):
    """The sum of the primes among some of the numbers of a seed, after so many of them."""
    n = FIRST + 2 * (seed * size + done) % (LAST - FIRST)
    total = 0
    for _ in range(piece):
        d = 3
        while d * d <= n:
            if n % d == 0:
                break
            d += 2
        else:
            total += n
        n += 2
        if n == LAST:
            n = FIRST
    return total


def make_sleep(job):
    def task(seed):
        time.sleep(job.delay / 1e9)
        return seed

    return task


def make_mix(job):
    size, wait = job.size * job.share // 100, job.delay * (100 - job.share) // 100 / 1e9
    count = count_in_turns if job.traced else count_primes

    def task(seed):
        total = count(seed, size)
        if wait > 0:
            time.sleep(wait)
        return total

    return task


BLOCK = 16 << 10


def block_of(value):
    """What a block holds, and what its words fold to.

    The fold turns by a bit with each word: words that are 64 apart have turned by whole
    rounds, so they can be put together before. That is twice as fast.
    """
    words = [(value + i) & WORD for i in range(0, BLOCK, 8)]
    apart = words[:64]
    for at in range(64, len(words), 64):
        apart = [one ^ other for one, other in zip(apart, words[at : at + 64])]
    fold = 0
    for word in apart:
        fold = ((fold << 1 | fold >> 63) & WORD) ^ word
    return struct.pack("<%dQ" % len(words), *words), fold


def make_file(job):
    import tempfile  # as slow to import as all else together: not where it is of no use

    # Go fills and folds a block in microseconds, Python in a millisecond: it has done
    # that before the clock starts.
    blocks = [block_of(value) for value in range(SEEDS + job.size)]
    free = []

    def task(seed):
        try:
            f = free.pop()
        except IndexError:
            f = tempfile.TemporaryFile(dir=job.dir)
        fd, total = f.fileno(), seed
        for i in range(job.size):
            block, fold = blocks[seed + i]
            store(fd, block)
            total = (total * 31 + fold) & WORD
        free.append(f)
        return total

    return task


def store(fd, block):
    if hasattr(os, "pwrite"):
        os.pwrite(fd, block, 0)
        os.fsync(fd)
        back = os.pread(fd, BLOCK, 0)
    else:
        os.lseek(fd, 0, 0)
        os.write(fd, block)
        os.fsync(fd)
        os.lseek(fd, 0, 0)
        back = os.read(fd, BLOCK)
    if back != block:
        raise ValueError("a file gave back other bytes than were written to it")


def make_network(job):
    import socket

    def dial():
        s = socket.create_connection(job.addr)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    free = []

    def task(seed):
        try:
            s = free.pop()
        except IndexError:
            s = dial()
        s.sendall(struct.pack("<QQ", job.delay, seed))
        (answer,) = struct.unpack("<Q", read_all(s, 8))
        free.append(s)
        return answer

    return task


def read_all(s, size):
    got = s.recv(size)
    while len(got) < size:
        more = s.recv(size - len(got))
        if not more:
            raise ValueError("the delay server hung up")
        got += more
    return got


def make_http(job):
    import socket

    if OLD:
        from httplib import HTTPConnection
    else:
        from http.client import HTTPConnection
    free = []

    def task(seed):
        try:
            c = free.pop()
        except IndexError:
            c = HTTPConnection(*job.addr)
            c.connect()
            c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        c.request("GET", "/?delay=%dns&seed=%d" % (job.delay, seed))
        response = c.getresponse()
        body = response.read()
        if response.status != 200:
            raise ValueError("the delay server answered %d" % response.status)
        free.append(c)
        return int(body)

    return task


WORKLOADS = {
    "primes": make_primes,
    "sleep": make_sleep,
    "mix": make_mix,
    "file": make_file,
    "network": make_network,
    "http": make_http,
}


class Job(object):
    def __init__(self, words):
        self.words = words
        workers, traced, self.workload, size, share, delay, self.dir, addr = words
        self.traced = traced == "1"
        self.workers, self.size, self.share, self.delay = int(workers), int(size), int(share), int(delay)
        host, _, port = addr.rpartition(":")
        self.addr = (host, int(port or 0))
        if self.workload not in WORKLOADS:
            raise ValueError("workload %s is not known: use %s" % (self.workload, ", ".join(sorted(WORKLOADS))))

    def make(self):
        return WORKLOADS[self.workload](self)


def stamped(task, number):
    start = clock()
    answer = task(number % SEEDS)
    return number, answer, start, clock()


# --- Who ran when. None of this is done in a run that is measured.

turns = []
running = [None]


def me():
    return threading.current_thread().ident


def count_in_turns(seed, size):
    """As count_primes, in pieces; between two of them it notes if this thread's turn has begun."""
    total, done, thread = seed, 0, me()
    while done < size:
        if running[0] != thread:
            running[0] = thread
            turns.append((thread, clock(), 1))
        piece = min(4, size - done)
        total += count_piece(seed, size, done, piece)
        done += piece
    running[0] = None
    turns.append((thread, clock(), 0))
    return total & WORD


def placed(task, number):
    """As stamped, with the worker, its core and the CPU time of its process."""
    cpu = sum(own_usage()[:2])
    result = stamped(task, number)
    return result + (me(), core(), sum(own_usage()[:2]) - cpu)


def core():
    try:
        import ctypes

        return ctypes.CDLL(None).sched_getcpu()
    except (ImportError, AttributeError, OSError):
        return -1


# --- Models. Each is a crew that runs n tasks, and returns what stamped returns of each.


class Serial(object):
    def __init__(self, job):
        self.task = job.make()
        self.do = placed if job.traced else stamped

    def run(self, n):
        return [self.do(self.task, number) for number in range(n)]

    def processes(self):
        return {}

    def close(self):
        pass


class Thread(Serial):
    """Threads that are started once. Each takes the next task until there is none."""

    def __init__(self, job):
        Serial.__init__(self, job)
        self.lock = threading.Lock()
        self.shifts = [Channel() for _ in range(job.workers)]
        self.done = Channel()
        for shift in self.shifts:
            t = threading.Thread(target=self.work, args=(shift,))
            t.daemon = True
            t.start()

    def work(self, shift):
        while True:
            n, results = shift.get()
            try:
                while True:
                    with self.lock:
                        number = self.next
                        self.next += 1
                    if number >= n:
                        break
                    results.append(self.do(self.task, number))
                self.done.put(None)
            except Exception as reason:
                self.done.put(reason)

    def run(self, n):
        self.next, results = 0, []
        for shift in self.shifts:
            shift.put((n, results))
        for _ in self.shifts:
            failed = self.done.get()
            if failed is not None:
                raise failed
        return results


class Channel(object):
    """A queue that wakes at once: that of Python 2.7 looks every 50 ms if it has a limit of time."""

    def __init__(self):
        self.items, self.ready = [], threading.Semaphore(0)

    def put(self, item):
        self.items.append(item)
        self.ready.release()

    def get(self):
        self.ready.acquire()
        return self.items.pop(0)


RESULT = struct.Struct("<QQQQ")


def fork():
    """Forks. The child dies with this process, on Linux."""
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        die_with(parent)
    return pid


def die_with(parent):
    if LINUX:
        import ctypes

        words = [ctypes.c_ulong(word) for word in (9, 0, 0, 0)]
        # 1 is PR_SET_PDEATHSIG. A parent that died before sends no signal any more.
        if ctypes.CDLL(None).prctl(1, *words) != 0 or os.getppid() != parent:
            os._exit(1)


class Process(Serial):
    """A process for every task, so many at once."""

    def __init__(self, job):
        Serial.__init__(self, job)
        self.workers = job.workers
        self.peak = 0
        if LINUX:
            import ctypes  # before a child does

            ctypes.CDLL(None)

    def run(self, n):
        results, ends = [], {}
        for number in range(n):
            if len(ends) == self.workers:
                results.append(self.reap(ends))
            read, write = os.pipe()
            pid = fork()
            if pid == 0:
                self.child(number, read, write)
            os.close(write)
            ends[pid] = read
        while ends:
            results.append(self.reap(ends))
        return results

    def child(self, number, read, write):
        try:
            os.close(read)
            os.write(write, RESULT.pack(*stamped(self.task, number)))
            os._exit(0)
        except BaseException as reason:
            sys.stderr.write("task %d: %s\n" % (number, reason))
            os._exit(1)

    def reap(self, ends):
        while True:
            pid, status = os.waitpid(-1, 0)
            if pid in ends:
                break
        read = ends.pop(pid)
        answer = os.read(read, RESULT.size)
        os.close(read)
        if status != 0 or len(answer) != RESULT.size:
            raise ValueError("a process for a task ended with status %d and no answer" % status)
        return RESULT.unpack(answer)


class Pool(Serial):
    """multiprocessing.Pool: processes that are started once."""

    def __init__(self, job):
        global pooled
        import multiprocessing

        if hasattr(multiprocessing, "get_context"):
            multiprocessing = multiprocessing.get_context("fork")
        pooled = None
        self.pool = multiprocessing.Pool(job.workers, begin_pooled, (os.getpid(), job))
        self.used = {}
        self.pooled = place_pooled if job.traced else run_pooled

    def run(self, n):
        results = []
        for pid, used, result in self.pool.imap_unordered(self.pooled, range(n)):
            self.used[pid] = used
            results.append(result)
        return results

    def processes(self):
        return self.used

    def close(self):
        self.pool.terminate()


def begin_pooled(parent, job):
    global pooled
    die_with(parent)
    pooled = job.make()


def run_pooled(number):
    result = stamped(pooled, number)
    return os.getpid(), own_usage(), result


def place_pooled(number):
    result = placed(pooled, number)
    return os.getpid(), own_usage(), result[:4] + (os.getpid(),) + result[5:]


class Asyncio(Serial):
    """One thread's event loop: what waits gives way, what computes or blocks does not."""

    def __init__(self, job):
        try:
            import asyncio
        except ImportError:
            raise ValueError("there is no asyncio before Python 3.5")
        space = dict(globals(), asyncio=asyncio)
        exec(ASYNC, space)
        self.workers = job.workers
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.task = space["make"](job)
        self.crew = space["crew"]

    def run(self, n):
        return self.loop.run_until_complete(self.crew(self.task, self.workers, n))


# It is no Python before 3.5.
ASYNC = '''
def make(job):
    return {"sleep": make_sleep, "mix": make_mix, "network": make_network, "http": make_http}.get(job.workload, make_blocking)(job)


def make_blocking(job):
    plain = job.make()

    async def task(seed):
        return plain(seed)

    return task


def make_sleep(job):
    async def task(seed):
        await asyncio.sleep(job.delay / 1e9)
        return seed

    return task


def make_mix(job):
    size, wait = job.size * job.share // 100, job.delay * (100 - job.share) // 100 / 1e9

    async def task(seed):
        total = count_primes(seed, size)
        if wait > 0:
            await asyncio.sleep(wait)
        return total

    return task


def make_network(job):
    free = []

    async def task(seed):
        reader, writer = free.pop() if free else await asyncio.open_connection(*job.addr)
        writer.write(struct.pack("<QQ", job.delay, seed))
        (answer,) = struct.unpack("<Q", await reader.readexactly(8))
        free.append((reader, writer))
        return answer

    return task


def make_http(job):
    free = []

    async def task(seed):
        reader, writer = free.pop() if free else await asyncio.open_connection(*job.addr)
        words = "GET /?delay=%dns&seed=%d HTTP/1.1\\r\\nHost: %s:%d\\r\\n\\r\\n" % ((job.delay, seed) + job.addr)
        writer.write(words.encode())
        head = (await reader.readuntil(b"\\r\\n\\r\\n")).decode().split("\\r\\n")
        if head[0].split()[1] != "200":
            raise ValueError("the delay server answered " + head[0])
        sizes = [line.partition(":")[2] for line in head if line.lower().startswith("content-length:")]
        body = await reader.readexactly(int(sizes[0]))
        free.append((reader, writer))
        return int(body)

    return task


async def crew(task, workers, n):
    numbers, results = iter(range(n)), []

    async def work():
        for number in numbers:
            start = clock()
            answer = await task(number % SEEDS)
            results.append((number, answer, start, clock()))

    await asyncio.gather(*[work() for _ in range(min(workers, n))])
    return results
'''


class Subinterpreter(Serial):
    """Threads, each with an interpreter and so with a GIL of its own (PEP 684)."""

    def __init__(self, job):
        if sys.version_info < (3, 12):
            raise ValueError("interpreters share one GIL before Python 3.12")
        self.tasks, self.answers = os.pipe(), os.pipe()
        begin = "SOURCE = %r\nexec(compile(SOURCE, 'parcon', 'exec'))\nserve(%r, %d, %d)\n" % (
            SOURCE,
            job.words,
            self.tasks[0],
            self.answers[1],
        )
        for _ in range(job.workers):
            t = threading.Thread(target=self.live, args=(begin,))
            t.daemon = True
            t.start()
        for _ in range(job.workers):
            self.answer()  # one that is none: it is ready

    def live(self, begin):
        try:
            failed = run_interpreter(begin)
        except BaseException as reason:
            failed = reason
        if failed is not None:
            sys.stderr.write("a subinterpreter: %s\n" % str(failed).splitlines()[-1])
            sys.stderr.flush()
            os._exit(1)

    def run(self, n):
        threading.Thread(target=self.feed, args=(n,), daemon=True).start()
        results = []
        while len(results) < n:
            results.append(self.answer())
        return results

    def answer(self):
        got = os.read(self.answers[0], RESULT.size)
        while len(got) < RESULT.size:
            got += os.read(self.answers[0], RESULT.size - len(got))
        return RESULT.unpack(got)

    def feed(self, n):
        for number in range(n):
            os.write(self.tasks[1], struct.pack("<I", number))


def run_interpreter(code):
    try:
        import _interpreters  # 3.13
    except ImportError:
        import _xxsubinterpreters as _interpreters

        return _interpreters.run_string(_interpreters.create(isolated=True), code)
    return getattr(_interpreters, "exec")(_interpreters.create(), code)  # a keyword once


def serve(words, tasks, answers):
    """What an interpreter does: tasks from one pipe, answers into another."""
    task = Job(words).make()
    os.write(answers, RESULT.pack(0, 0, 0, 0))
    while True:
        number = os.read(tasks, 4)
        if not number:
            return
        os.write(answers, RESULT.pack(*stamped(task, *struct.unpack("<I", number))))


MODELS = {
    "serial": Serial,
    "thread": Thread,
    "process": Process,
    "pool": Pool,
    "asyncio": Asyncio,
    "subinterpreter": Subinterpreter,
}


# --- What was consumed: user and system time in ns, voluntary and involuntary switches, peak
# of memory in bytes; 0 where the system does not tell.

try:
    import resource
except ImportError:  # Windows
    resource = None


def usage_of(whom):
    if resource is None:
        return [0, 0, 0, 0]
    u = resource.getrusage(whom)
    return [int(u.ru_utime * 1e9), int(u.ru_stime * 1e9), u.ru_nvcsw, u.ru_nivcsw]


def own_usage():
    return usage_of(resource and resource.RUSAGE_SELF)


def peak_of(pid):
    try:
        with open("/proc/%s/status" % pid) as f:
            for line in f:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) << 10
    except (IOError, OSError):
        pass
    return 0


def usage(crew):
    live = crew.processes()
    total = own_usage()
    for more in [usage_of(resource and resource.RUSAGE_CHILDREN)] + list(live.values()):
        total = [a + b for a, b in zip(total, more)]
    peak = peak_of("self") + sum(peak_of(pid) for pid in live)
    if isinstance(crew, Process) and resource is not None:
        peak += (resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10) * crew.workers
    return total + [peak]


# --- The conversation.


def calibrate(job, length):
    """The size at which a task computes for so long: see calibrate in the Go package child."""
    job.size, job.share, times = 1, 100, 1
    while True:
        took = max(fastest(job, times), 1)
        if times == SURE_TIMES:
            return max(1, job.size * length // took)
        if took > length // 2:
            times, job.size = SURE_TIMES, max(1, job.size * length // took)
        else:
            job.size = max(job.size + 1, int(job.size * min(16, 0.9 * length / took)))


SURE_TIMES = 6


def fastest(job, times):
    task = job.make()
    least = None
    for seed in list(range(SEEDS)) * times:
        start = clock()
        task(seed)
        took = clock() - start
        least = took if least is None else min(least, took)
    return least


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def attend(model, words):
    job = Job(words)
    crew, results = MODELS[model](job), []
    say("ready")
    while True:
        asked = sys.stdin.readline().split()
        if not asked:
            return crew.close()
        if asked[0] == "run":
            del turns[:]
            results = crew.run(int(asked[1]))
            say("done")
        elif asked[0] == "results":
            for result in results:
                sys.stdout.write(" ".join(str(value) for value in result) + "\n")
            sys.stdout.flush()
        elif asked[0] == "turns":
            for turn in turns:
                sys.stdout.write("%d %d %d\n" % turn)
            say("")
        elif asked[0] == "usage":
            say(" ".join(str(value) for value in usage(crew)))
        elif asked[0] == "calibrate":
            say(str(calibrate(job, int(asked[1]))))


def main():
    try:
        attend(sys.argv[1], sys.argv[2:])
    except (Exception, KeyboardInterrupt) as reason:
        sys.stderr.write("%s: %s\n" % (type(reason).__name__, str(reason) or "no reason"))
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)

