// franz-go behind the line protocol.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"orloj/clients/protocol"
)

var (
	codecs = map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	members = map[string]*member{}
)

type member struct {
	*protocol.Member
	client *kgo.Client
	done   chan struct{}
}

func client(options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(os.Args[1]), kgo.MetadataMinAge(100 * time.Millisecond),
		kgo.MetadataMaxAge(time.Second),
	}, options...)...)
}

func withAdmin(act func(context.Context, *kadm.Client) (any, error)) (any, error) {
	made, err := client()
	if err != nil {
		return nil, err
	}
	defer made.Close()
	return act(context.Background(), kadm.NewClient(made))
}

func createTopic(c *protocol.Command) (any, error) {
	config := map[string]*string{}
	for name, value := range c.Config {
		config[name] = kadm.StringPtr(value)
	}
	return withAdmin(func(ctx context.Context, admin *kadm.Client) (any, error) {
		_, err := admin.CreateTopic(ctx, c.Partitions, 1, config, c.Topic)
		return nil, err
	})
}

func deleteTopic(c *protocol.Command) (any, error) {
	return withAdmin(func(ctx context.Context, admin *kadm.Client) (any, error) {
		_, err := admin.DeleteTopic(ctx, c.Topic)
		return nil, err
	})
}

func topics() (any, error) {
	return withAdmin(func(ctx context.Context, admin *kadm.Client) (any, error) {
		found, err := admin.ListTopics(ctx)
		names := found.Names()
		sort.Strings(names)
		return names, err
	})
}

func produce(c *protocol.Command) (any, error) {
	linger := 200 * time.Millisecond
	if c.OneByOne {
		linger = 0
	}
	codec := c.Codec
	if codec == "" {
		codec = "none"
	}
	producer, err := client(kgo.ProducerLinger(linger), kgo.ProducerBatchCompression(codecs[codec]),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	var records []*kgo.Record
	for i := range c.Records {
		sent := &c.Records[i]
		record := &kgo.Record{Topic: c.Topic, Partition: c.Partition, Value: []byte(sent.Value),
			Timestamp: sent.Time()}
		if sent.Key != nil {
			record.Key = []byte(*sent.Key)
		}
		for _, name := range sent.HeaderNames() {
			record.Headers = append(record.Headers,
				kgo.RecordHeader{Key: name, Value: []byte(sent.Headers[name])})
		}
		records = append(records, record)
		if c.OneByOne {
			if err := producer.ProduceSync(context.Background(), record).FirstErr(); err != nil {
				return nil, err
			}
		}
	}
	if !c.OneByOne {
		if err := producer.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
			return nil, err
		}
	}
	offsets := []int64{}
	for _, record := range records {
		offsets = append(offsets, record.Offset)
	}
	return offsets, nil
}

func received(record *kgo.Record) protocol.Received {
	headers := map[string]string{}
	for _, header := range record.Headers {
		headers[header.Key] = string(header.Value)
	}
	return protocol.Received{Topic: record.Topic, Partition: record.Partition,
		Offset: record.Offset, Key: protocol.Text(record.Key), Value: string(record.Value),
		Timestamp: record.Timestamp.UnixMilli(), Headers: headers, At: time.Now().UnixMilli()}
}

func subscribe(c *protocol.Command) error {
	joined := &member{Member: protocol.NewMember(), done: make(chan struct{})}
	hold := func(held bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, given map[string][]int32) {
			joined.Hold(given[c.Topic], held)
		}
	}
	balancer := kgo.RangeBalancer()
	if c.Strategy == "cooperative" {
		balancer = kgo.CooperativeStickyBalancer()
	}
	options := []kgo.Opt{
		kgo.ConsumerGroup(c.Group), kgo.ConsumeTopics(c.Topic), kgo.Balancers(balancer),
		kgo.DisableAutoCommit(), kgo.SessionTimeout(10 * time.Second),
		kgo.HeartbeatInterval(300 * time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.OnPartitionsAssigned(hold(true)),
		kgo.OnPartitionsRevoked(hold(false)), kgo.OnPartitionsLost(hold(false)),
	}
	if c.Instance != "" {
		options = append(options, kgo.InstanceID(c.Instance))
	}
	made, err := client(options...)
	if err != nil {
		return err
	}
	joined.client = made
	members[c.Consumer] = joined
	go func() {
		defer close(joined.done)
		for {
			fetches := made.PollFetches(context.Background())
			if fetches.IsClientClosed() {
				return
			}
			fetches.EachRecord(func(record *kgo.Record) { joined.Push(received(record)) })
		}
	}()
	return nil
}

func commit(c *protocol.Command) error {
	var failed error
	members[c.Consumer].client.CommitOffsetsSync(context.Background(),
		map[string]map[int32]kgo.EpochOffset{c.Topic: {c.Partition: {Epoch: -1, Offset: *c.Offset}}},
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
			failed = err
			if err == nil {
				failed = kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode)
			}
		})
	return failed
}

func committed(c *protocol.Command) (any, error) {
	return withAdmin(func(ctx context.Context, admin *kadm.Client) (any, error) {
		found, err := admin.FetchOffsets(ctx, c.Group)
		if offset, ok := found.Lookup(c.Topic, c.Partition); ok {
			return offset.At, err
		}
		return -1, err
	})
}

func offsetAt(c *protocol.Command) (any, error) {
	return withAdmin(func(ctx context.Context, admin *kadm.Client) (any, error) {
		found, err := admin.ListOffsetsAfterMilli(ctx, *c.Timestamp, c.Topic)
		if err != nil {
			return nil, err
		}
		offset, _ := found.Lookup(c.Topic, c.Partition)
		return offset.Offset, offset.Err
	})
}

func read(c *protocol.Command) (any, error) {
	start := kgo.NewOffset()
	if c.Offset != nil {
		start = start.At(*c.Offset)
	} else {
		start = start.AfterMilli(*c.Timestamp)
	}
	reader, err := client(kgo.ConsumePartitions(
		map[string]map[int32]kgo.Offset{c.Topic: {c.Partition: start}}))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(context.Background(), c.Wait())
	defer cancel()
	found := []protocol.Received{}
	for len(found) < c.Count && ctx.Err() == nil {
		reader.PollFetches(ctx).EachRecord(func(record *kgo.Record) {
			if len(found) < c.Count {
				found = append(found, received(record))
			}
		})
	}
	return found, nil
}

func act(c *protocol.Command) (any, error) {
	switch c.Do {
	case "about":
		return map[string]any{"codecs": []string{"none", "gzip", "snappy", "lz4", "zstd"},
			"idempotent": true, "strategies": []string{"eager", "cooperative"}, "static": true,
			"told": "each"}, nil
	case "create_topic":
		return createTopic(c)
	case "delete_topic":
		return deleteTopic(c)
	case "topics":
		return topics()
	case "produce":
		return produce(c)
	case "subscribe":
		return nil, subscribe(c)
	case "poll":
		return members[c.Consumer].Poll(c.Wait()), nil
	case "commit":
		return nil, commit(c)
	case "committed":
		return committed(c)
	case "leave":
		members[c.Consumer].client.Close()
		<-members[c.Consumer].done
		delete(members, c.Consumer)
		return nil, nil
	case "offset_at":
		return offsetAt(c)
	case "read":
		return read(c)
	}
	return nil, fmt.Errorf("unknown command %s", c.Do)
}

func main() {
	protocol.Serve(act, func(err error) *int16 {
		var known *kerr.Error
		if errors.As(err, &known) {
			return &known.Code
		}
		return nil
	})
}
