package benchmark

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Linker builds the test program of a package again and again, each time with another
// layout. The second time it sees what the go command tells the linker, and from then on it
// tells it the same: the go command takes as long to find that there is nothing else to do as
// the linker takes.
type Linker struct {
	side    Side
	of      Package
	program string // where it puts the program
	mutex   sync.Mutex
	builds  int
	command []string // of the linker, after its variables of the environment; nil: it is not known
}

// Linker is one for a package, whose program is to be at that path.
func (s Side) Linker(p Package, program string) *Linker {
	return &Linker{side: s, of: p, program: program}
}

// Link builds the program, as Side.Build does.
func (l *Linker) Link(ctx context.Context, layout int32) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if layout == 0 {
		return l.side.Build(ctx, l.of, 0, l.program)
	}
	if l.command != nil {
		env := slices.IndexFunc(l.command, func(word string) bool { return !strings.HasPrefix(word, "GOROOT=") })
		_, err := l.side.box.With(l.command[:env]...).Run(ctx, l.side.dir, withLayout(l.command[env:], layout)...)
		if err == nil || ctx.Err() != nil {
			return err
		}
		l.command = nil // somebody may have cleared the build cache: the go command says what is wrong
	}
	l.builds++
	if l.builds == 2 {
		said, err := l.side.box.Run(ctx, l.side.dir, slices.Insert(l.side.build(l.of, layout, l.program), 2, "-x", "-work")...)
		if err == nil {
			l.command = linkCommand(said.Err, l.program)
			return nil
		}
	}
	return l.side.Build(ctx, l.of, layout, l.program)
}

// withLayout is a command with another layout.
func withLayout(command []string, layout int32) []string {
	command = slices.Clone(command)
	for i, arg := range command {
		if strings.HasPrefix(arg, layoutFlag) {
			command[i] = layoutFlag + strconv.Itoa(int(layout))
		}
	}
	return command
}

// linkCommand is that of the linker among those that the go command printed (-x), if it can
// be told, with the program's path. Its files are in the build cache and in the work folder, which
// stays (-work).
func linkCommand(printed, program string) []string {
	work := ""
	for line := range strings.Lines(printed) {
		line = strings.TrimSpace(line)
		if path, ok := strings.CutPrefix(line, "WORK="); ok {
			work = path
		}
		if !strings.Contains(line, " "+layoutFlag) {
			continue
		}
		words, err := unquoted(strings.ReplaceAll(line, "$WORK", work))
		out := slices.Index(words, "-o") + 1
		if err != nil || work == "" || out < 2 || out >= len(words) {
			continue // it is only about the command
		}
		words[out] = program
		return words
	}
	return nil
}

// unquoted splits a command as the go command prints it: what a shell may take amiss stands in
// quotes, and that of a variable in single ones. Of odd ones it knows nothing.
func unquoted(line string) (words []string, err error) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		word, rest, _ := strings.Cut(line, " ")
		if line[0] == '"' {
			if word, err = strconv.QuotedPrefix(line); err != nil {
				return nil, err
			}
			rest = line[len(word):]
			if word, err = strconv.Unquote(word); err != nil {
				return nil, err
			}
		} else if name, value, ok := strings.Cut(word, "='"); ok && strings.HasSuffix(value, "'") {
			word = name + "=" + strings.TrimSuffix(value, "'")
		} else if strings.ContainsAny(word, "\"'") {
			return nil, fmt.Errorf("a quote within %s", word)
		}
		words, line = append(words, word), rest
	}
	return words, nil
}
