# --- Who gets a lock whose holder was killed? It goes into cpython.py.


def killed(begin, n, deadline):
    """Kill the holder of a multiprocessing.Lock, and try to take the lock."""
    context = fork_context()

    def hold(lock, say):
        lock.acquire()
        say.send(None)
        sleep(3600)

    begin()
    seen = 0
    for _ in range(n):
        lock = context.Lock()
        hear, say = context.Pipe(duplex=False)
        holder = context.Process(target=hold, args=(lock, say))
        holder.start()
        if not hear.poll(30):
            raise ValueError("a process did not take a free lock in 30 s")
        hear.recv()
        if lock.acquire(timeout=0.001):
            raise ValueError("another process could take a lock that was held")
        os.kill(holder.pid, signal.SIGKILL)
        holder.join()
        seen += lock.acquire(timeout=deadline / 1e9)
        hear.close()
        say.close()
    return {"seen": seen, "tries": n}


MECHANISMS["killed"] = (killed, {"n": (COUNT, None), "deadline": (duration, None)})


