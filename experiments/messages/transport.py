# --- What does a message cost? It goes into cpython.py.


def transport(begin, way, what, size, here, beyond, n):
    """Send messages to a process, which answers each of them, or the last one."""
    context = fork_context()
    pin(here)  # the manager's server too
    if way == "cpython-pipe":
        ours, theirs = context.Pipe()
        ends = [(ours.send, ours.recv), (theirs.send, theirs.recv)]
    else:
        manager = context.Manager() if way == "cpython-manager" else context
        make = manager.Queue
        there, back = make(), make()
        ends = [(there.put, back.get), (back.put, there.get)]
    flow = what == "throughput"
    warm = min(n, 20)
    message = bytes(size)

    def follow(send, receive):
        pin(beyond)
        for times in warm, n:
            for i in range(times):
                number, got = receive()
                if number != i or len(got) != size:
                    raise ValueError("message %d of %d bytes arrived as %d of %d" % (i, size, number, len(got)))
                if not flow or i + 1 == times:
                    send((-i, got))

    def lead(times, send, receive):
        for i in range(times):
            send((i, message))
            if not flow or i + 1 == times:
                number, got = receive()
                if number != -i or got != message:
                    raise ValueError("the answer to message %d is wrong" % i)

    other = context.Process(target=follow, args=ends[1], daemon=True)
    other.start()
    lead(warm, *ends[0])
    begin()
    start = clock()
    lead(n, *ends[0])
    took = clock() - start
    other.join()
    if other.exitcode != 0:
        raise ValueError("the other process ended with exit code %s" % other.exitcode)
    units = {"ns/op": took / n}
    if flow:
        units["B/s"] = size * n / took * 1e9
    return units


def pin(core):
    if LINUX:
        os.sched_setaffinity(0, {core})


MECHANISMS["transport"] = (
    transport,
    {
        "way": (one_of("cpython-pipe", "cpython-queue", "cpython-manager"), None),
        "what": (one_of("roundtrip", "throughput"), None),
        "size": (COUNT, None),
        "here": (whole(0, 1023), None),
        "beyond": (whole(0, 1023), None),
        "n": (COUNT, None),
    },
)


