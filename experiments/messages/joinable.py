# --- When does the join of a queue return? It goes into cpython.py.

TO_JOIN = 4  # items of a try


def joinable(begin, n, watched, patience):
    """Join a multiprocessing.JoinableQueue before and after its last item is marked."""
    context = fork_context()

    def work(queue, talk):
        for i in range(TO_JOIN):
            queue.get()
            if i > 0:
                queue.task_done()
        talk.send(None)
        talk.recv()
        queue.task_done()
        talk.recv()
        try:
            queue.task_done()
        except ValueError:
            talk.send(True)
        else:
            talk.send(False)

    def answer(talk):
        if not talk.poll(patience / 1e9):
            raise ValueError("a process did not answer in time")
        return talk.recv()

    def join_within(queue, limit):
        # join takes no limit, so a thread waits in it.
        waiting = threading.Thread(target=queue.join, daemon=True)
        waiting.start()
        waiting.join(limit / 1e9)
        return not waiting.is_alive()

    begin()
    counted = {"seen": 0, "early": 0, "refused": 0, "tries": n}
    for _ in range(n):
        queue = context.JoinableQueue()
        ours, theirs = context.Pipe()
        worker = context.Process(target=work, args=(queue, theirs))
        worker.start()
        for i in range(TO_JOIN):
            queue.put(i)
        answer(ours)
        counted["early"] += join_within(queue, watched)
        ours.send(None)
        counted["seen"] += join_within(queue, patience)
        ours.send(None)
        counted["refused"] += answer(ours)
        worker.join()
        queue.close()
        queue.join_thread()  # or the next process is forked beside it
        ours.close()
        theirs.close()
    return counted


MECHANISMS["joinable"] = (joinable, {"n": (COUNT, None), "watched": (duration, None), "patience": (duration, None)})


