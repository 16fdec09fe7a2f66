// Package protocol reads one command a line from stdin and writes one answer a line to stdout;
// ../../README.md tells the commands.
package protocol

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"
)

// Record is one record to send.
type Record struct {
	Key       *string           `json:"key"`
	Value     string            `json:"value"`
	Headers   map[string]string `json:"headers"`
	Timestamp *int64            `json:"timestamp"`
}

// HeaderNames are the names of the record's headers in a steady order.
func (r *Record) HeaderNames() []string {
	var names []string
	for name := range r.Headers {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Time is the record's timestamp, or now.
func (r *Record) Time() time.Time {
	if r.Timestamp == nil {
		return time.Now()
	}
	return time.UnixMilli(*r.Timestamp)
}

// Command is one line of stdin.
type Command struct {
	Do         string            `json:"do"`
	Topic      string            `json:"topic"`
	Consumer   string            `json:"consumer"`
	Group      string            `json:"group"`
	Strategy   string            `json:"strategy"`
	Instance   string            `json:"instance"`
	Codec      string            `json:"codec"`
	Partition  int32             `json:"partition"`
	Partitions int32             `json:"partitions"`
	Count      int               `json:"count"`
	Ms         int64             `json:"ms"`
	Offset     *int64            `json:"offset"`
	Timestamp  *int64            `json:"timestamp"`
	OneByOne   bool              `json:"one_by_one"`
	Config     map[string]string `json:"config"`
	Records    []Record          `json:"records"`
}

// Wait is how long poll and read may take.
func (c *Command) Wait() time.Duration { return time.Duration(c.Ms) * time.Millisecond }

// Received is one consumed record as the answer shows it.
type Received struct {
	Topic     string            `json:"topic"`
	Partition int32             `json:"partition"`
	Offset    int64             `json:"offset"`
	Key       *string           `json:"key"`
	Value     string            `json:"value"`
	Timestamp int64             `json:"timestamp"`
	Headers   map[string]string `json:"headers"`
	At        int64             `json:"at"`
}

// Text is the text of bytes that may be null.
func Text(bytes []byte) *string {
	if bytes == nil {
		return nil
	}
	text := string(bytes)
	return &text
}

// Member is what a group member has received and holds.
type Member struct {
	mutex   sync.Mutex
	records []Received
	held    map[int32]bool
	arrived chan struct{}
}

// NewMember holds nothing yet.
func NewMember() *Member {
	return &Member{held: map[int32]bool{}, arrived: make(chan struct{}, 1)}
}

// Push keeps a record until it is asked for.
func (m *Member) Push(record Received) {
	m.mutex.Lock()
	m.records = append(m.records, record)
	m.mutex.Unlock()
	select {
	case m.arrived <- struct{}{}:
	default:
	}
}

// Hold notes that partitions were given to the member, or taken from it.
func (m *Member) Hold(partitions []int32, held bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, partition := range partitions {
		if held {
			m.held[partition] = true
		} else {
			delete(m.held, partition)
		}
	}
}

// Poll answers with what came within the wait, at once if something is there.
func (m *Member) Poll(wait time.Duration) any {
	m.mutex.Lock()
	empty := len(m.records) == 0
	m.mutex.Unlock()
	if empty {
		select {
		case <-m.arrived:
		case <-time.After(wait):
		}
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	records := m.records
	m.records = nil
	partitions := []int32{}
	for partition := range m.held {
		partitions = append(partitions, partition)
	}
	sort.Slice(partitions, func(i, j int) bool { return partitions[i] < partitions[j] })
	if records == nil {
		records = []Received{}
	}
	return map[string]any{"records": records, "partitions": partitions}
}

// Serve answers each command with `act`; `code` finds Kafka's number of an error.
func Serve(act func(*Command) (any, error), code func(error) *int16) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var command Command
		answer := map[string]any{}
		err := json.Unmarshal(lines.Bytes(), &command)
		if err == nil {
			answer["ok"], err = act(&command)
		}
		if err != nil {
			answer = map[string]any{"error": map[string]any{"code": code(err), "text": err.Error()}}
		}
		line, err := json.Marshal(answer)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(line))
	}
}
