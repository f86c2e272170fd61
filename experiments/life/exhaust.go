package life

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/fork"
	"parcon/experiments/peer"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

const (
	spare = 16        // zombies for which there is room under the limit
	most  = 4 * spare // zombies in one go: other processes of the user may end meanwhile
)

// exhaust fills up with zombies what a user may have of processes, until none can
// be started, and ends their parent.
//
// The limit is that of a user (RLIMIT_NPROC, getrlimit(2)), lowered by the trial's
// own processes for themselves: fork(2) fails with EAGAIN then, as it does when the
// numbers of the machine are used up (pid_max) or those of a control group. Zombies
// count until they were waited for (release_task in kernel/exit.c). No such limit
// holds for root: there the trial's processes become those of a user that nobody is.
// Of another user the limit is just above what he has, whatever that is.
//
// Who starts and who has the zombies are two processes: the one that is killed is
// not the one that can start again. The zombies go to whoever adopts orphans, who
// waits for them, as init does: here it is the trial, so that it does not depend on
// the machine's first process (see orphan for what that does).
var exhaust = card.Card{
	Name:        "exhaust",
	Doc:         "zombies fill up what a user may have of processes until none can be started, and go when their parent ends",
	Needs:       []card.Need{card.Linux},
	Tried:       true,
	Independent: true,
	Cases:       func(card.Scale) []card.Case { return []card.Case{card.Run(card.Tries, card.Of("exhaust"))} },
	Claims:      exhaustClaims,
	Prepare:     prepareExhaust,
	Parts:       map[string]func([]string) error{"child": breeder},
	Label:       "zombies under a limit",
	Counts:      []string{"freed"},
}

func exhaustClaims(card.Scale) []card.Claim {
	freed := card.Measure{Name: "freed by the end of their parent", Unit: "freed", How: card.Every}
	return []card.Claim{{
		ID: "F9", Text: "Zombies use up process numbers until no process can be started; ending their parent frees them",
		Caveat:      "Under a limit on the processes of one user, not on the machine's. The zombies go when whoever adopts them has waited for them, which here is the trial.",
		Comparisons: []card.Comparison{card.Always(card.Seen, card.Of("exhaust")), card.Always(freed, card.Of("exhaust"))},
	}}
}

func prepareExhaust(t card.Trial) (card.Session, error) {
	restore, err := adopt(true)
	if err != nil {
		return card.Session{}, err
	}
	user := 0
	if os.Geteuid() == 0 {
		user = 20_000 + rand.IntN(40_000) // people's begin at 1000, those of systemd at 61184
	}
	starter, err := startBreeder(t, user)
	if err != nil {
		return card.Session{}, errors.Join(err, restore())
	}
	end := func() error { starter.close(); return restore() }
	if _, err := starter.least(); err != nil {
		return card.Session{}, errors.Join(err, end())
	}
	return card.Session{
		Run:   func() (protocol.Measurement, error) { return runExhaust(t, user, starter) },
		Close: end,
	}, nil
}

func runExhaust(t card.Trial, user int, starter *breeding) (protocol.Measurement, error) {
	freed := 0
	m, err := card.Try(t.Ops, func(int) (bool, error) {
		full, free, err := tryExhaust(t, user, starter)
		if full && free {
			freed++
		}
		return full, err
	})
	if err != nil {
		return nil, err
	}
	m["freed"] = float64(freed)
	return m, nil
}

// tryExhaust says whether no process could be started beside the zombies, and
// whether one could be after their parent was killed.
func tryExhaust(t card.Trial, user int, starter *breeding) (full, freed bool, err error) {
	parent, err := startBreeder(t, user)
	if err != nil {
		return false, false, err
	}
	defer parent.close()
	limit, zombies, full, err := fill(parent, starter)
	if err != nil {
		return false, false, err
	}
	for _, pid := range zombies {
		is, err := isZombie(pid, time.Now().Add(patience))
		if err != nil {
			return false, false, err
		}
		full = full && is
	}
	if err := parent.cmd.Process.Kill(); err != nil {
		return false, false, fmt.Errorf("killing the parent of zombies: %w", err)
	}
	if _, err := parent.join(); err != nil {
		return false, false, err
	}
	if err := bury(zombies, time.Now().Add(patience)); err != nil {
		return false, false, err
	}
	for until := time.Now().Add(patience); !freed && err == nil && time.Now().Before(until); {
		freed, err = starter.starts(limit)
	}
	return full, freed, err
}

// fill lets a parent have zombies until it can start no process, and another one
// cannot either. That takes more zombies where others of the same user end processes
// meanwhile. full says whether it came to that.
func fill(parent, starter *breeding) (limit int, zombies []int, full bool, err error) {
	for until := time.Now().Add(patience); time.Now().Before(until); {
		if len(zombies) == 0 {
			if limit, err = starter.least(); err != nil {
				return 0, nil, false, err
			}
			limit += spare - 1
		}
		more, err := parent.breed(limit, most)
		if err != nil {
			return 0, nil, false, err
		}
		zombies = append(zombies, more...)
		started, err := starter.starts(limit)
		if err != nil {
			return 0, nil, false, err
		}
		if !started && len(zombies) > 0 {
			return limit, zombies, true, nil
		}
	}
	return limit, zombies, false, nil
}

// isZombie waits until a process that is to end has ended.
func isZombie(pid int, until time.Time) (bool, error) {
	for {
		now, there, err := look(pid)
		if err != nil || !there || now.ended() || time.Now().After(until) {
			return there && now.state == 'Z', err
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// A breeding is a child that starts processes under a limit.
type breeding struct{ *child }

func startBreeder(t card.Trial, user int) (*breeding, error) {
	c, err := start(peer.Part(t, 1, "child", strconv.Itoa(user)))
	if err != nil {
		return nil, err
	}
	if err := c.able(); err != nil {
		c.close()
		return nil, err
	}
	return &breeding{c}, nil
}

// breed starts processes that end at once and are not waited for, until there are
// so many or the limit allows no more, and returns their numbers.
func (b *breeding) breed(limit, number int) ([]int, error) {
	if err := b.tell(fmt.Sprint(limit, " ", number)); err != nil {
		return nil, err
	}
	line, err := b.line()
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, word := range strings.Fields(line) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			return nil, fmt.Errorf("a child wrote %.80q, want the numbers of processes", line)
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// starts says whether a process can be started under the limit. It is waited for.
func (b *breeding) starts(limit int) (bool, error) {
	if err := b.tell(fmt.Sprint(limit, " ", alone)); err != nil {
		return false, err
	}
	line, err := b.line()
	return line != "", err
}

// least is the lowest limit under which a process can be started now.
func (b *breeding) least() (int, error) {
	low, high := 0, 1 // it cannot be under low
	for {
		can, err := b.starts(high)
		if err != nil {
			return 0, err
		}
		if can {
			break
		}
		if low, high = high, 2*high; high > 1<<22 { // PID_MAX_LIMIT
			return 0, errors.New("starting a process: no limit on those of this user is high enough: the machine or a control group has its own")
		}
	}
	for high-low > 1 {
		middle := (low + high) / 2
		can, err := b.starts(middle)
		if err != nil {
			return 0, err
		}
		if can {
			high = middle
		} else {
			low = middle
		}
	}
	if high < 3 { // there are this process and the one that it started
		return 0, errors.New("limiting the processes of a user (RLIMIT_NPROC): the limit does not hold for this one, who is root or has CAP_SYS_RESOURCE")
	}
	return high, nil
}

// alone in the place of a number asks for one process that is waited for.
const alone = 0

// breeder is the part that becomes a user, if that is not 0, and for each line of
// its input, a limit and a number, starts so many processes at most, tells their
// numbers, and leaves them.
func breeder(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("starting processes as a user: %d users were given", len(args))
	}
	user, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("becoming the user %.20q: %w", args[0], err)
	}
	if err := become(user); err != nil {
		fmt.Printf("becoming a user for whom limits hold, as root: %v\n", err)
		return nil
	}
	fmt.Println(ready)
	for in := bufio.NewReader(proc.Stdin()); ; {
		line, err := in.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading what the trial says: %w", err)
		}
		var limit uint64
		var number int
		if _, err := fmt.Sscan(line, &limit, &number); err != nil {
			return fmt.Errorf("reading a limit and a number from %.80q: %w", line, err)
		}
		pids, err := breed(limit, number)
		if err != nil {
			return err
		}
		fmt.Println(strings.Trim(fmt.Sprint(pids), "[]"))
	}
}

func breed(limit uint64, number int) ([]int, error) {
	var pids []int
	for range max(1, number) {
		c, err := fork.Limited(limit)
		if errors.Is(err, syscall.EAGAIN) {
			return pids, nil
		}
		if err != nil {
			return nil, err
		}
		pids = append(pids, c.PID())
		if number == alone {
			if _, err := c.Wait(); err != nil {
				return nil, err
			}
		}
	}
	return pids, nil
}
