# --- Numbers of a server process. It goes into cpython.py.


def start_manager():
    """A multiprocessing.Manager, whose process dies with this one.

    Its socket has no file (unix(7), abstract): a Manager that is killed would leave one.
    """
    from multiprocessing.managers import SyncManager

    address = "\0parcon-%d" % os.getpid() if LINUX else None
    manager = SyncManager(address=address, ctx=fork_context())
    manager.start()
    return manager


def access(begin, object, n):
    """Read a number n times: a local one, one in shared memory, one of a Manager."""
    manager = None
    if object == "manager":
        manager = start_manager()
        number = manager.Value("q", 4711)
    elif object == "memory":
        number = fork_context().Value("q", 4711)
    else:
        number = Local(4711)
    begin()
    start = clock()
    for _ in range(n):
        if number.value != 4711:
            raise ValueError("a number was read wrongly")
    took = clock() - start
    if manager:
        manager.shutdown()
    return {"ns/op": took / n}


class Local:
    """A number under a lock, read as multiprocessing.Value reads its own (sharedctypes.py)."""

    def __init__(self, number):
        self.number = number
        lock = threading.RLock()
        self.acquire, self.release = lock.acquire, lock.release

    @property
    def value(self):
        self.acquire()
        try:
            return self.number
        finally:
            self.release()


def increments(begin, lock, n):
    """Two processes add 1 to a number of a Manager."""
    manager = start_manager()
    number = manager.Value("q", 0)
    guard = manager.Lock()
    context = fork_context()

    def add(times):
        for _ in range(times):
            if lock:
                with guard:
                    number.value += 1
            else:
                number.value += 1

    crew = [context.Process(target=add, args=(n // 2 + (i < n % 2),)) for i in range(2)]
    begin()
    start = clock()
    for each in crew:
        each.start()
    for each in crew:
        each.join()
        if each.exitcode != 0:
            raise ValueError("a process that adds ended with exit code %s" % each.exitcode)
    took = clock() - start
    lost = n - number.value
    manager.shutdown()
    return {"ns/op": took / n, "lost": lost, "tries": n}


MECHANISMS["access"] = (
    access,
    {"object": (one_of("local", "memory", "manager"), None), "n": (COUNT, None)},
)
MECHANISMS["increments"] = (
    increments,
    {"lock": (lambda text: one_of("none", "lock")(text) == "lock", None), "n": (COUNT, None)},
)


