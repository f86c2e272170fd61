# --- What becomes of a terminated process's daemonic child? It goes into cpython.py.

MOMENT = 0.02  # seconds, for a child that is to be a zombie


def grandchild(begin, n):
    """Process.terminate() ends a process that has a daemonic child."""
    process = fork_process()
    control(36, 1)  # PR_SET_CHILD_SUBREAPER: this process gets the orphans, and buries them
    begin()
    zombies = sum(terminated(process) for _ in range(n))
    return {"seen": zombies, "orphans": n - zombies, "tries": n}


def terminated(process):
    """Whether the child is a zombie then. One that is not must answer."""
    here, there = multiprocessing.Pipe()
    parent = process(target=have_daemon, args=(process, here, there))
    parent.start()
    there.close()
    child = answer_of(here)
    parent.terminate()
    # join with a time-out waits for a pipe that the orphan holds open (popen_fork.py).
    parent.join()
    if parent.exitcode != -signal.SIGTERM:
        raise ValueError("a process that was terminated has the exit code %s" % parent.exitcode)
    sleep(MOMENT)
    with open("/proc/%d/stat" % child) as stat:
        dead = stat.read().rpartition(")")[2].split()[0] == "Z"
    if not dead:
        answer_of(here)
    here.close()  # the child ends
    for _ in range(30_000):
        if os.waitpid(child, os.WNOHANG)[0] == child:
            return dead
        sleep(0.001)
    raise ValueError("an orphan did not end in 30 s")


def answer_of(here):
    here.send(None)
    if not here.poll(30):
        raise ValueError("a child did not answer in 30 s")
    return here.recv()


def have_daemon(process, here, there):
    here.close()
    process(target=serve, args=(there,), daemon=True).start()
    sleep(60)


def serve(there):
    """Ends with the process that asks, and not with its parent."""
    control(1, 0)  # PR_SET_PDEATHSIG
    while True:
        try:
            there.recv()
        except EOFError:
            os._exit(0)
        there.send(os.getpid())


def control(option, value):
    import ctypes

    if ctypes.CDLL(None).prctl(option, *(ctypes.c_ulong(word) for word in (value, 0, 0, 0))) != 0:
        sys.exit("prctl(%d, %d) failed" % (option, value))


MECHANISMS["grandchild"] = (grandchild, {"n": (COUNT, None)})
