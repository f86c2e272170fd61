package fleet

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Announcement is how long an asker listens for agents that have joined.
const Announcement = 3 * time.Second

// again is the time between two calls: who joins meanwhile has not heard the first one.
const again = 250 * time.Millisecond

// Call asks who is there, and listens for a while.
func Call(ctx context.Context, conn *nats.Conn, wait time.Duration) ([]Hello, error) {
	inbox := nats.NewInbox()
	heard := make(chan *nats.Msg, 1024)
	sub, err := conn.ChanSubscribe(inbox, heard)
	if err != nil {
		return nil, fmt.Errorf("calling the fleet: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	host, _ := os.Hostname()
	calling, next := encode(call{head{Protocol}, host}), time.After(0)
	var all []Hello
	for end := time.After(wait); ; {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-end:
			return all, nil
		case <-next:
			if err := conn.PublishRequest(callSubject, inbox, calling); err != nil {
				return nil, fmt.Errorf("calling the fleet: %w", err)
			}
			next = time.After(again)
		case m := <-heard:
			all = noted(all, m.Data)
		}
	}
}

// noted adds an answer, or puts it in the place of an earlier one of the same agent.
func noted(all []Hello, text []byte) []Hello {
	h, err := decode[Hello](text)
	if err != nil && h.Name == "" {
		return all // nobody's: the server says that nobody listens
	}
	if i := slices.IndexFunc(all, func(was Hello) bool { return was.At == h.At && was.Name == h.Name }); i >= 0 {
		all[i] = h
		return all
	}
	return append(all, h)
}

// Choose says who of those that answered takes part, by name, and of the others why they
// do not. wanted are the names that may; nil: all.
func Choose(own Identity, all []Hello, wanted []string) (taken []Hello, refused []string) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Hello) int { return strings.Compare(a.Name, b.Name) })
	named := map[string]int{}
	for _, h := range all {
		named[strings.ToLower(h.Name)]++ // folders of some systems have no capitals
	}
	for _, h := range all {
		if wanted != nil && !slices.Contains(wanted, h.Name) {
			continue
		}
		if why := h.unfit(own, named[strings.ToLower(h.Name)]); why != "" {
			refused = append(refused, why)
			continue
		}
		taken = append(taken, h)
	}
	for _, name := range wanted {
		if !slices.ContainsFunc(all, func(h Hello) bool { return h.Name == name }) {
			refused = append(refused, fmt.Sprintf("%s has not joined: start `parcon agent --name %s` there", name, name))
		}
	}
	return taken, refused
}

// unfit says why an agent cannot take part, "" if it can. named is how many have its name.
func (h Hello) unfit(own Identity, named int) string {
	if err := CheckName(h.Name); err != nil {
		return fmt.Sprintf("an agent is left out: %v", err)
	}
	left := h.Name + " is left out: "
	switch {
	case h.V != Protocol:
		return fmt.Sprintf("%sit speaks version %d of the protocol, this is %d: use one version of parcon everywhere", left, h.V, Protocol)
	case h.Version != own.Version:
		return fmt.Sprintf("%sit is parcon %.60q, this is %q: use one version everywhere", left, cmp.Or(h.Version, "unknown"), own.Version)
	case h.Catalogue != own.Catalogue:
		return fmt.Sprintf("%sits catalogue %.20q is not that of this program, %q: use one version of parcon everywhere", left, h.Catalogue, own.Catalogue)
	case named > 1:
		return fmt.Sprintf("%s%d agents have this name: give each another one with --name", left, named)
	case h.Busy != "":
		return fmt.Sprintf("%sit is busy with a run for %.60q: try again when that has ended", left, h.Busy)
	}
	return ""
}

// Together names the hosts on which several of some agents are: they disturb each other.
func Together(taken []Hello) []string {
	on := map[string][]string{}
	var hosts []string
	for _, h := range taken {
		if on[h.Host] == nil {
			hosts = append(hosts, h.Host)
		}
		on[h.Host] = append(on[h.Host], h.Name)
	}
	var all []string
	for _, host := range hosts {
		if names := on[host]; len(names) > 1 && host != "" {
			all = append(all, fmt.Sprintf("%s tell the same host, %.60q: if it is one machine, each measures the others' load", strings.Join(names, " and "), host))
		}
	}
	return all
}
