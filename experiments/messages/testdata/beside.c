// What package ring and the card transport do, in C: the least that each of them can cost.
// cc -O2 beside.c && ./a.out pipe|sleep|spin|pause|flow CORE CORE MESSAGES SIZE
// It prints how many nanoseconds a message took: there and back, or one way (flow).

#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define MOST (256u << 10) // bytes of the largest ring

struct ring {
	_Alignas(128) _Atomic uint64_t head;
	_Alignas(128) _Atomic uint64_t tail;
	_Alignas(128) _Atomic uint32_t reader;
	_Alignas(128) _Atomic uint32_t writer;
	_Alignas(128) char data[MOST];
};

static int spinning, pausing;

#if defined(__x86_64__)
#define pause_core() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define pause_core() __asm__ volatile("yield")
#else
#define pause_core() ((void)0)
#endif
static uint64_t room; // of a ring, as in package messages

static void die(const char *what) { perror(what); exit(1); }

static void pin(int core) {
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sched_setaffinity(0, sizeof set, &set)) die("sched_setaffinity");
}

static uint64_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void wake(_Atomic uint32_t *flag) {
	if (atomic_load(flag) && atomic_exchange(flag, 0)) syscall(SYS_futex, flag, FUTEX_WAKE, 1, 0, 0, 0);
}

static void await(_Atomic uint32_t *flag, _Atomic uint64_t *count, uint64_t seen) {
	uint64_t start = 0;
	for (int looks = 1; spinning; looks++) {
		if (atomic_load_explicit(count, memory_order_acquire) != seen) return;
		if (pausing) pause_core();
		if (looks % (pausing ? 200 : 4000)) continue;
		if (!start) start = now();
		else if (now() - start > 50000) break;
	}
	while (atomic_load(count) == seen) {
		atomic_store(flag, 1);
		if (atomic_load(count) == seen) syscall(SYS_futex, flag, FUTEX_WAIT, 1, 0, 0, 0);
		atomic_store(flag, 0);
	}
}

struct side { struct ring *r; uint64_t own, other; };

static void put(struct side *s, const char *p, uint64_t n) {
	while (n) {
		uint64_t free = room - (s->own - s->other), at = s->own & (room - 1), some, first;
		if (free < n) {
			s->other = atomic_load(&s->r->head);
			free = room - (s->own - s->other);
			if (!free) { await(&s->r->writer, &s->r->head, s->other); continue; }
		}
		some = free < n ? free : n;
		first = room - at < some ? room - at : some;
		memcpy(s->r->data + at, p, first);
		memcpy(s->r->data, p + first, some - first);
		atomic_store(&s->r->tail, s->own += some);
		wake(&s->r->reader);
		p += some;
		n -= some;
	}
}

static void get(struct side *s, char *p, uint64_t n) {
	while (n) {
		uint64_t there = s->other - s->own, at = s->own & (room - 1), some, first;
		if (!there) {
			s->other = atomic_load(&s->r->tail);
			if (s->other == s->own) await(&s->r->reader, &s->r->tail, s->own);
			continue;
		}
		some = there < n ? there : n;
		first = room - at < some ? room - at : some;
		memcpy(p, s->r->data + at, first);
		memcpy(p + first, s->r->data, some - first);
		atomic_store(&s->r->head, s->own += some);
		wake(&s->r->writer);
		p += some;
		n -= some;
	}
}

static int in, out;
static struct side reading, writing;

static void send_message(const char *p, uint64_t n) {
	if (writing.r) { put(&writing, p, n); return; }
	for (ssize_t k; n; p += k, n -= k)
		if ((k = write(out, p, n)) < 0) die("write");
}

static void receive_message(char *p, uint64_t n) {
	if (reading.r) { get(&reading, p, n); return; }
	for (ssize_t k; n; p += k, n -= k)
		if ((k = read(in, p, n)) <= 0) die("read");
}

// stamp writes a message's number as package messages does; is looks at it.
static void stamp(char *p, uint64_t size, uint64_t number) {
	for (uint64_t at = 0; at < size; at += 4096) memcpy(p + at, &number, 8);
	memcpy(p + size - 8, &number, 8);
}

static void is(const char *p, uint64_t size, uint64_t number) {
	uint64_t got;
	for (uint64_t at = 0; at < size; at += 4096) {
		memcpy(&got, p + at, 8);
		if (got != number) { fprintf(stderr, "a message is wrong\n"); exit(1); }
	}
	memcpy(&got, p + size - 8, 8);
	if (got != number) { fprintf(stderr, "a message is wrong\n"); exit(1); }
}

static void follow(uint64_t n, uint64_t size, int flow) {
	char *got = calloc(1, size), *own = calloc(1, size);
	for (uint64_t i = 0; i < n; i++) {
		receive_message(got, size);
		is(got, size, i);
		if (flow && i + 1 < n) continue;
		stamp(own, size, ~i);
		send_message(own, size);
	}
}

static void lead(uint64_t n, uint64_t size, int flow) {
	char *got = calloc(1, size), *own = calloc(1, size);
	for (uint64_t i = 0; i < n; i++) {
		stamp(own, size, i);
		send_message(own, size);
		if (flow && i + 1 < n) continue;
		receive_message(got, size);
		is(got, size, ~i);
	}
}

int main(int argc, char **argv) {
	if (argc != 6) { fprintf(stderr, "want: what core core messages size\n"); return 2; }
	int flow = !strcmp(argv[1], "flow"), shared = strcmp(argv[1], "pipe");
	uint64_t n = strtoull(argv[4], 0, 10), size = strtoull(argv[5], 0, 10), warm = n < 50 ? n : 50;
	room = 4 * size < 16u << 10 ? 16u << 10 : 4 * size < MOST ? 4 * size : MOST;
	int there[2], back[2];
	struct ring *rings = mmap(0, 2 * sizeof *rings, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rings == MAP_FAILED || pipe(there) || pipe(back)) die("making the ways");
	pausing = !strcmp(argv[1], "pause");
	spinning = pausing || !strcmp(argv[1], "spin") || flow;
	pid_t child = fork();
	if (child < 0) die("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(atoi(argv[3]));
		in = there[0], out = back[1];
		if (shared) reading.r = &rings[0], writing.r = &rings[1];
		follow(warm, size, flow);
		follow(n, size, flow);
		return 0;
	}
	pin(atoi(argv[2]));
	in = back[0], out = there[1];
	if (shared) reading.r = &rings[1], writing.r = &rings[0];
	lead(warm, size, flow);
	uint64_t start = now();
	lead(n, size, flow);
	printf("%f\n", (double)(now() - start) / n);
	int status;
	return waitpid(child, &status, 0) < 0 || status;
}
