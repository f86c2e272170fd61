# --- What does a fork of a program with several threads copy? It goes into cpython.py.


def forked(begin, n, deadline):
    """A thread holds a lock while another one forks."""
    make = fork_process()
    lock, free = threading.Lock(), threading.Lock()
    take, back, done = threading.Event(), threading.Event(), threading.Event()

    def hold():
        while True:
            take.wait()
            take.clear()
            with lock:
                done.set()
                back.wait()
                back.clear()
            done.set()

    def look(hear, say):
        hear.recv()
        threads = len(os.listdir("/proc/self/task")) if LINUX else threading.active_count()
        say.send((threads, lock.acquire(timeout=deadline / 1e9), free.acquire(timeout=deadline / 1e9)))

    def ordered(event):
        event.set()
        if not done.wait(30):
            raise ValueError("a thread did not take its lock, or give it back, in 30 s")
        done.clear()

    threading.Thread(target=hold, daemon=True).start()
    begin()
    alone = locked = 0
    for _ in range(n):
        there, ask = multiprocessing.Pipe(duplex=False)
        hear, say = multiprocessing.Pipe(duplex=False)
        ordered(take)
        child = make(target=look, args=(there, say))
        child.start()
        ordered(back)
        if not lock.acquire(timeout=30):
            raise ValueError("the lock was given back and is locked still")
        lock.release()
        ask.send(None)
        if not hear.poll(30):
            raise ValueError("a child did not say in 30 s what it found")
        threads, had, other = hear.recv()
        child.join()
        if not other:
            raise ValueError("a child could not take a lock that was free")
        alone += threads == 1
        locked += not had
        for end in there, ask, hear, say:
            end.close()
    return {"alone": alone, "locked": locked, "tries": n}


MECHANISMS["forked"] = (forked, {"n": (COUNT, None), "deadline": (duration, None)})


