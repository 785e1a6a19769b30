// Command peer does the peers' job on Benthos (the MIT core of Redpanda Connect) with franz-go: Kafka in, a file of JSON lines out.
//
// Reads one JSON object on standard input (bench.beside.streams.Asked), writes one line: processor and wall seconds of the
// events behind the first "skip". Nothing of the project is in it. `peer idiomatic` is a mapping in Bloblang with a
// method of its own for what the free parts lack; `peer tuned` is one processor that reduces every distinct value once.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
)

type asked struct {
	Bootstrap string `json:"bootstrap"`
	Topic     string `json:"topic"`
	Schema    string `json:"schema"`
	Events    int    `json:"events"`
	Skip      int    `json:"skip"`
	Folder    string `json:"folder"`
}

var forms = map[string]func(*service.StreamBuilder, asked) error{"idiomatic": idiomatic, "tuned": tuned}

// sink writes each batch with one call, looks at the clocks when `skip` events are written, and ends with the last event.
type sink struct {
	asked
	file             *os.File
	seen             int
	lines            []byte
	processor, began float64
}

func (s *sink) write(_ context.Context, batch service.MessageBatch) error {
	s.lines = s.lines[:0]
	for _, message := range batch {
		line, err := message.AsBytes()
		if err == nil {
			err = message.GetError()
		}
		if err != nil {
			return fail(err)
		}
		s.lines = append(append(s.lines, line...), '\n')
	}
	if _, err := s.file.Write(s.lines); err != nil {
		return fail(err)
	}
	before := s.seen
	s.seen += len(batch)
	if before < s.Skip && s.seen >= s.Skip {
		s.processor, s.began = clocks()
		s.Skip = s.seen
	}
	if s.seen >= s.Events {
		processor, now := clocks()
		said := map[string]float64{"processor_s": processor - s.processor, "wall_s": now - s.began,
			"counted": float64(s.seen - s.Skip), "events": float64(s.seen)}
		text, _ := json.Marshal(said)
		fmt.Printf("\n%s\n", text)
		os.Exit(0) // like the other peers: nothing is left to save
	}
	return nil
}

func clocks() (processor, wall float64) {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(used.Utime) + seconds(used.Stime), float64(time.Now().UnixNano()) / 1e9
}

// fail ends the process: Benthos would try a message that cannot be written again and again.
func fail(err error) error {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
	return err
}

func run(form string) error {
	var told asked
	if err := json.NewDecoder(os.Stdin).Decode(&told); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(told.Folder, "benthos-"+form+".jsonl"))
	if err != nil {
		return err
	}
	builder := service.NewStreamBuilder()
	builder.SetThreads(1)
	if err := registerInput(told); err != nil {
		return err
	}
	if err := builder.AddInputYAML("franz: {}"); err != nil {
		return err
	}
	if err := forms[form](builder, told); err != nil {
		return err
	}
	out := &sink{asked: told, file: file}
	if err := builder.AddBatchConsumerFunc(out.write); err != nil {
		return err
	}
	if err := builder.SetLoggerYAML("level: ERROR"); err != nil {
		return err
	}
	stream, err := builder.Build()
	if err != nil {
		return err
	}
	return stream.Run(context.Background())
}

func main() {
	if err := run(os.Args[1]); err != nil {
		_ = fail(err)
	}
}
