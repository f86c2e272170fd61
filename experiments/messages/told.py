# --- Is what a queue says of itself still so at the next step? It goes into cpython.py.


def told(begin, asked, n, workers):
    """Ask a multiprocessing.Queue, by several processes at once, and do the next step."""
    import queue as errors

    context = fork_context()
    queue = context.Queue(1 if asked == "full" else 1 + workers)

    def took():
        try:
            queue.get_nowait()
            return True
        except errors.Empty:
            return False

    def put():
        try:
            queue.put_nowait(0)
            return True
        except errors.Full:
            return False

    def ask(times):
        """Returns how many answers were wrong."""
        if asked == "size":
            queue.put(0, timeout=60)
            wrong = queue.qsize() != queue.qsize()
            queue.get(timeout=60)
            return 1, wrong
        wrong = done = 0
        for _ in range(times):
            was = queue.empty() if asked == "empty" else queue.full()
            could = took() if asked == "empty" else put()
            done += could
            wrong += could == was
        for _ in range(done):
            if asked == "empty":
                queue.put(0, timeout=60)
            else:
                queue.get(timeout=60)
        return times, wrong

    def work(times, say):
        gate.wait()
        wrong = made = 0
        while made < times:
            more, contradicted = ask(min(2, times - made))
            made += more
            wrong += contradicted
        say.send(wrong)

    gate = context.Event()
    hear, say = context.Pipe(duplex=False)
    crew = [
        context.Process(target=work, args=(n // workers + (i < n % workers), say)) for i in range(workers)
    ]
    for each in crew:
        each.start()
    if asked == "empty":
        queue.put(0)  # not before: it starts a thread, beside which nothing is to be forked
    begin()
    gate.set()
    wrong = 0
    for _ in crew:
        if not hear.poll(60):
            raise ValueError("a process that asks a queue did not end in 60 s")
        wrong += hear.recv()
    for each in crew:
        each.join()
    return {"tries": n, "seen": wrong}


MECHANISMS["told"] = (
    told,
    {"asked": (one_of("empty", "full", "size"), None), "n": (COUNT, None), "workers": (WORKERS, None)},
)


