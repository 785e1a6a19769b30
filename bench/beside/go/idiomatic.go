package main

import (
	"context"

	"github.com/hamba/avro/v2"
	"github.com/medama-io/go-useragent"
	"github.com/redpanda-data/benthos/v4/public/bloblang"
	"github.com/redpanda-data/benthos/v4/public/service"
)

const mapping = `
mapping: |
  let agent = (this.user_agent | "").agent()
  root = this.without("user_agent", "language", "hardware", "screen")
  root.ip = if this.ip != null { this.ip.network() }
  root.browser = $agent.browser
  root.os = $agent.os
  root.subject = if this.subject != null { this.subject.hash("hmac_sha256", "` + key + `").encode("hex") }
`

type decode struct{ schema avro.Schema }

func (d decode) Process(_ context.Context, message *service.Message) (service.MessageBatch, error) {
	raw, err := message.AsBytes()
	if err != nil {
		return nil, err
	}
	event := map[string]any{}
	if err := avro.Unmarshal(d.schema, raw[frame:], &event); err != nil {
		return nil, err
	}
	message.SetStructuredMut(event)
	return service.MessageBatch{message}, nil
}

func (decode) Close(context.Context) error { return nil }

// idiomatic is what the pages of Benthos have one write: a processor that decodes, a mapping that reduces.
func idiomatic(builder *service.StreamBuilder, told asked) error {
	schema, err := avro.Parse(told.Schema)
	if err != nil {
		return err
	}
	make := func(*service.ParsedConfig, *service.Resources) (service.Processor, error) { return decode{schema}, nil }
	if err := service.RegisterProcessor("avro_framed", service.NewConfigSpec(), make); err != nil {
		return err
	}
	parser := useragent.NewParser()
	methods := map[string]func(string) (any, error){
		"network": func(text string) (any, error) { return network(text) },
		"agent": func(text string) (any, error) {
			browser, system := agentOf(parser, text)
			return map[string]any{"browser": browser, "os": system}, nil
		},
	}
	for name, method := range methods {
		made := func(*bloblang.ParsedParams) (bloblang.Method, error) { return bloblang.StringMethod(method), nil }
		if err := bloblang.RegisterMethodV2(name, bloblang.NewPluginSpec(), made); err != nil {
			return err
		}
	}
	if err := builder.AddProcessorYAML("avro_framed: {}"); err != nil {
		return err
	}
	return builder.AddProcessorYAML(mapping)
}
