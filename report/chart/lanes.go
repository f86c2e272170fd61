package chart

import (
	"fmt"
	"image/color"
)

// LaneState is what a task does in a slice of Lanes.
type LaneState int

// The states of a task.
const (
	LaneRuns LaneState = iota
	LaneWaits
	LaneReady // could run, and waits for a turn
)

// LaneSlice is a stretch of time of one task, in milliseconds from the left end.
type LaneSlice struct {
	Task     int
	State    LaneState
	From, To float64
}

// LaneRow is one lane, with what stands beside it.
type LaneRow struct {
	Name   string
	Slices []LaneSlice
}

// LanePanel is one model of Lanes: its lanes, and the slices of tasks that held none.
type LanePanel struct {
	Name, Finding string
	Busy          float64 // cores
	Rows          []LaneRow
	Off           []LaneSlice
}

// Sizes of Lanes, in points.
const (
	laneHead   = 17.0 // a panel's first line
	laneRow    = 14.5
	laneBar    = 11.5
	laneThin   = 4.0 // distance of the lines of tasks that hold no lane
	laneSpace  = 11.0
	laneNames  = 128.0 // the most the names of lanes may take
	laneMost   = 12    // lanes, and lines of tasks without one, in a panel; the others are counted
	laneLegend = 22.0
)

// laneColors follow each other from task to task, light after dark.
var laneColors = []color.RGBA{rgb(0x0072B2), rgb(0xF0C04A), rgb(0x007A5A), rgb(0xE79BC5), rgb(0xB34A00), rgb(0x8CCBF0)}

func laneColor(task int) color.RGBA { return laneColors[max(task, 0)%len(laneColors)] }

// Lanes draws who ran when: a panel for each model, a row for each of its lanes, all on one
// axis of time from 0. Running slices are filled, with a colour for each task and its
// number where there is room; a thin line is a wait, a dotted one a wait for a turn. The
// lines of tasks that hold no lane lie below the lanes.
func Lanes(text Text, panels []LanePanel) *Figure {
	l := lanes{panels: panels}
	l.names = l.room()
	var height float64
	for i := range panels {
		l.off = append(l.off, stacked(panels[i].Off))
		l.heads = append(l.heads, wrap(panels[i].Finding, bodyStyle, figureWidth-2*marginX-l.names-busyRoom))
		height += l.height(i) + laneSpace
	}
	return &Figure{text: text, height: max(laneLegend+height+20+axisRoom(text.X), 120), body: func(p pen, in rect) {
		if len(panels) == 0 {
			p.noData(in)
			return
		}
		l.pen = p
		l.draw(text, in)
	}}
}

type lanes struct {
	pen
	panels []LanePanel
	off    [][][]LaneSlice // of each panel, the lines
	heads  [][]string      // of each panel, the lines of its finding
	names  float64         // room for the names of lanes
	x      scale
}

// stacked lays slices into as few lines as they take without lying on each other, those
// of one task in one line.
func stacked(all []LaneSlice) [][]LaneSlice {
	begin, end, order := map[int]float64{}, map[int]float64{}, []int{}
	for _, s := range all {
		if _, seen := end[s.Task]; !seen {
			order = append(order, s.Task)
			begin[s.Task] = s.From
		}
		begin[s.Task], end[s.Task] = min(begin[s.Task], s.From), max(end[s.Task], s.To)
	}
	var free []float64 // when each line is
	line := map[int]int{}
	for _, task := range order {
		at := 0
		for at < len(free) && free[at] > begin[task] {
			at++
		}
		if at == len(free) {
			free = append(free, 0)
		}
		free[at], line[task] = end[task], at
	}
	lines := make([][]LaneSlice, len(free))
	for _, s := range all {
		lines[line[s.Task]] = append(lines[line[s.Task]], s)
	}
	return lines
}

// room is that of the names of models and lanes.
func (l *lanes) room() float64 {
	w := axisStyle.width(offName)
	for _, p := range l.panels {
		w = max(w, widest([]string{p.Name}, boldStyle, laneNames))
		for _, r := range p.Rows {
			w = max(w, widest([]string{r.Name}, axisStyle, laneNames))
		}
	}
	return w*slack + 8
}

// busyRoom is that of the cores busy, at the right end.
const busyRoom = 110.0

func busy(p LanePanel) string {
	if !finite(p.Busy) {
		return ""
	}
	return fmt.Sprintf("cores busy %.2f", p.Busy)
}

func (l *lanes) height(i int) float64 {
	h := laneHead + float64(max(len(l.heads[i])-1, 0))*bodyStyle.leading() + float64(min(len(l.panels[i].Rows), laneMost))*laneRow
	if lines := min(len(l.off[i]), laneMost); lines > 0 {
		h += max(float64(lines)*laneThin, laneRow) + 2
	}
	if l.more(i) != "" {
		h += laneRow
	}
	return h
}

// more says what of panel i is not drawn.
func (l *lanes) more(i int) string {
	rows, lines := len(l.panels[i].Rows)-laneMost, len(l.off[i])-laneMost
	switch {
	case rows > 0 && lines > 0:
		return fmt.Sprintf("not drawn: %d more lanes, %d more lines of waiting tasks", rows, lines)
	case rows > 0:
		return fmt.Sprintf("not drawn: %d more lanes", rows)
	case lines > 0:
		return fmt.Sprintf("not drawn: %d more lines of waiting tasks", lines)
	}
	return ""
}

func (l *lanes) draw(text Text, in rect) {
	most := 0.0
	for _, p := range l.panels {
		for _, r := range p.Rows {
			most = latest(most, r.Slices)
		}
		most = latest(most, p.Off)
	}
	if most <= 0 {
		most = 1
	}
	l.x = scale{lo: 0, hi: most, from: in.x0 + l.names, to: in.x1 - 6}
	bottom, at := in.y0+20+axisRoom(text.X), ticks(0, most, 8, false)
	for _, v := range at {
		l.line(stroke{color: grid, width: 0.7}, point{l.x.at(v), bottom}, point{l.x.at(v), in.y1 - laneLegend})
	}
	l.legend(point{in.x0, in.y1 - 8})
	y := in.y1 - laneLegend
	for i := range l.panels {
		l.panel(i, rect{in.x0, y - l.height(i), in.x1, y})
		y -= l.height(i) + laneSpace
	}
	l.line(stroke{color: faint, width: 0.7}, point{l.x.from, bottom}, point{l.x.to, bottom})
	l.bottomAxis(l.x, bottom, at, number)
	l.text((l.x.from+l.x.to)/2, in.y0+4, centre, text.X, axisStyle)
}

// latest is the end of the last of the slices that can be drawn, or most.
func latest(most float64, all []LaneSlice) float64 {
	for _, s := range all {
		if finite(s.To) {
			most = max(most, s.To)
		}
	}
	return most
}

// offName stands beside the lines of tasks that hold no lane.
const offName = "not running"

func (l *lanes) legend(at point) {
	sample := scale{0, 1, at.x, at.x + 26, false}
	for _, s := range []struct {
		state LaneState
		text  string
	}{{LaneRuns, "a task runs (its number)"}, {LaneWaits, "it waits"}, {LaneReady, "it is ready and waits for a turn"}} {
		sample.from, sample.to = at.x, at.x+26
		l.slice(LaneSlice{Task: 0, State: s.state, From: 0, To: 1}, sample, at.y, laneBar)
		l.textMid(at.x+32, at.y, left, s.text, axisStyle)
		at.x += 32 + axisStyle.width(s.text)*slack + 16
	}
}

func (l *lanes) panel(i int, r rect) {
	p := l.panels[i]
	y := r.y1 - 10
	name := boldStyle.in(textColor(lookOf(p.Name).color))
	l.back(r.x0, y, left, shorten(p.Name, name, laneNames), name)
	l.back(r.x1-6, y, right, busy(p), boldStyle)
	for _, line := range l.heads[i] {
		l.back(l.x.from, y, left, line, bodyStyle)
		y -= bodyStyle.leading()
	}
	y = r.y1 - laneHead - float64(max(len(l.heads[i])-1, 0))*bodyStyle.leading()
	for _, row := range p.Rows[:min(len(p.Rows), laneMost)] {
		mid := y - laneRow/2
		l.fill(band, rect{l.x.from, mid - laneBar/2, l.x.to, mid + laneBar/2}.corners()...)
		l.textMid(l.x.from-6, mid, right, shorten(row.Name, axisStyle, laneNames), axisStyle)
		for _, s := range row.Slices {
			l.slice(s, l.x, mid, laneBar)
		}
		y -= laneRow
	}
	if lines := l.off[i]; len(lines) > 0 {
		lines = lines[:min(len(lines), laneMost)]
		h := max(float64(len(lines))*laneThin, laneRow)
		l.textMid(l.x.from-6, y-h/2-1, right, offName, axisStyle)
		first := y - h/2 - 1 + float64(len(lines)-1)*laneThin/2
		for n, line := range lines {
			for _, s := range line {
				l.slice(s, l.x, first-float64(n)*laneThin, laneThin)
			}
		}
		y -= h + 2
	}
	l.back(l.x.from, y-laneRow/2-0.35*axisStyle.size, left, l.more(i), axisStyle)
}

// back sets text on white, over the lines of the axis.
func (l *lanes) back(x, y, align float64, text string, s style) {
	if w := s.width(text); w > 0 {
		l.fill(white, rect{x - align*w - 2, y - 3.5, x + (1-align)*w + 2, y + s.size}.corners()...)
	}
	l.text(x, y, align, text, s)
}

// sliver is the least width of a running slice that is seen.
const sliver = 0.5

// slice draws one at the height y.
func (l *lanes) slice(s LaneSlice, x scale, y, height float64) {
	if !finite(s.From) || !finite(s.To) || s.To < s.From {
		return
	}
	c, from, to := laneColor(s.Task), x.at(s.From), x.at(s.To)
	switch s.State {
	case LaneWaits:
		l.line(stroke{color: textColor(c), width: 1.1}, point{from, y}, point{to, y})
		return
	case LaneReady:
		l.line(stroke{color: textColor(c), width: 1.1, dash: dotted}, point{from, y}, point{to, y})
		return
	}
	to = max(to, from+sliver)
	l.fill(c, rect{from, y - height/2, to, y + height/2}.corners()...)
	if to-from > 3 {
		l.line(stroke{color: white, width: 0.6}, point{from, y - height/2}, point{from, y + height/2})
	}
	label, text := fmt.Sprint(s.Task), style{sizeNote, false, ink}
	if luminance(c) < 0.3 {
		text.color = white
	}
	if to-from >= text.width(label)*slack+3 && height >= sizeNote {
		l.textMid((from+to)/2, y, centre, label, text)
	}
}
