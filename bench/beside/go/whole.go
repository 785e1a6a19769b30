package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/hamba/avro/v2"
	"github.com/redpanda-data/benthos/v4/public/service"
)

var errShort = errors.New("a message ends within a field")

type plan struct {
	name              string
	title             []byte // `"name":`
	isNullable, isInt bool
	isDropped         bool
}

func planOf(field *avro.Field) plan {
	kind := field.Type()
	made := plan{name: field.Name(), title: []byte(strconv.Quote(field.Name()) + ":"), isDropped: dropped[field.Name()]}
	if union, is := kind.(*avro.UnionSchema); is {
		made.isNullable = true
		kind = union.Types()[1]
	}
	made.isInt = kind.Type() == avro.Long || kind.Type() == avro.Int
	return made
}

type whole struct {
	fields                    []*avro.Field
	plan                      []plan
	network, pseudonym, agent memory
}

// Process decodes a flat record of strings and whole numbers and writes what is left of it as JSON.
func (w *whole) Process(_ context.Context, message *service.Message) (service.MessageBatch, error) {
	raw, err := message.AsBytes()
	if err != nil {
		return nil, err
	}
	at, out := raw[frame:], append(make([]byte, 0, 2*len(raw)), '{')
	for _, field := range w.plan {
		if out, at, err = w.field(field, out, at); err != nil {
			return nil, err
		}
	}
	out[len(out)-1] = '}'
	message.SetBytes(out)
	return service.MessageBatch{message}, nil
}

func (w *whole) field(field plan, out, at []byte) (written, rest []byte, err error) {
	if field.isNullable {
		if len(at) == 0 {
			return out, at, errShort
		}
		is := at[0] != 0
		at = at[1:]
		if !is {
			return w.text(field, out, nil, at)
		}
	}
	number, n := binary.Varint(at)
	if n <= 0 {
		return out, at, errShort
	}
	at = at[n:]
	if field.isInt {
		if field.isDropped {
			return out, at, nil
		}
		return append(strconv.AppendInt(append(out, field.title...), number, 10), ','), at, nil
	}
	if number < 0 || int64(len(at)) < number {
		return out, at, errShort
	}
	return w.text(field, out, at[:number:number], at[number:])
}

// text writes a text, or null where it is nil.
func (w *whole) text(field plan, out, text, at []byte) (written, rest []byte, err error) {
	if field.isDropped {
		return out, at, nil
	}
	var made []byte
	switch {
	case field.name == "user_agent":
		made, err = w.agent.of(text)
		return append(append(out, made...), ','), at, err
	case text == nil:
		made = []byte("null")
	case field.name == "ip":
		made, err = w.network.of(text)
	case field.name == "subject":
		made, err = w.pseudonym.of(text)
	default:
		made, err = json.Marshal(string(text))
	}
	return append(append(append(out, field.title...), made...), ','), at, err
}
