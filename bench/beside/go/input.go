package main

import (
	"context"
	"fmt"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"
)

const taken = 1000 // messages taken from the broker at once, as for the other libraries

// franz reads a topic as the Kafka input of Redpanda Connect does, with the same client; that input itself is not in the MIT core.
type franz struct {
	asked
	client *kgo.Client
}

func registerInput(told asked) error {
	make := func(*service.ParsedConfig, *service.Resources) (service.BatchInput, error) {
		return service.AutoRetryNacksBatched(&franz{asked: told}), nil
	}
	return service.RegisterBatchInput("franz", service.NewConfigSpec(), make)
}

func (f *franz) Connect(context.Context) (err error) {
	f.client, err = kgo.NewClient(
		kgo.SeedBrokers(f.Bootstrap),
		kgo.ConsumerGroup(fmt.Sprintf("bench-%d", time.Now().UnixNano())),
		kgo.ConsumeTopics(f.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.AutoCommitMarks(),
	)
	return err
}

func (f *franz) ReadBatch(ctx context.Context) (service.MessageBatch, service.AckFunc, error) {
	fetches := f.client.PollRecords(ctx, taken)
	if err := fetches.Err(); err != nil {
		return nil, nil, err
	}
	records := fetches.Records()
	batch := make(service.MessageBatch, 0, len(records))
	for _, record := range records {
		batch = append(batch, service.NewMessage(record.Value))
	}
	return batch, func(_ context.Context, err error) error {
		if err == nil {
			f.client.MarkCommitRecords(records...)
		}
		return err
	}, nil
}

func (f *franz) Close(context.Context) error {
	if f.client != nil {
		f.client.Close()
	}
	return nil
}
