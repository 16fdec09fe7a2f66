// sarama behind the line protocol.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"orloj/clients/protocol"
)

var (
	codecs = map[string]sarama.CompressionCodec{
		"": sarama.CompressionNone, "none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP,
		"snappy": sarama.CompressionSnappy, "lz4": sarama.CompressionLZ4,
		"zstd": sarama.CompressionZSTD,
	}
	members = map[string]*member{}
)

func config() *sarama.Config {
	made := sarama.NewConfig()
	made.Version = sarama.MaxVersion
	made.Metadata.RefreshFrequency = time.Second
	made.Metadata.Retry.Max = 100
	made.Consumer.MaxWaitTime = 200 * time.Millisecond
	made.Consumer.Offsets.Initial = sarama.OffsetOldest
	made.Consumer.Offsets.AutoCommit.Enable = false
	made.Consumer.Group.Session.Timeout = 10 * time.Second
	made.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	made.Consumer.Group.Rebalance.GroupStrategies =
		[]sarama.BalanceStrategy{sarama.NewBalanceStrategyRange()}
	return made
}

func withAdmin(act func(sarama.ClusterAdmin) (any, error)) (any, error) {
	admin, err := sarama.NewClusterAdmin([]string{os.Args[1]}, config())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	return act(admin)
}

func createTopic(c *protocol.Command) (any, error) {
	detail := &sarama.TopicDetail{NumPartitions: c.Partitions, ReplicationFactor: 1,
		ConfigEntries: map[string]*string{}}
	for name, value := range c.Config {
		detail.ConfigEntries[name] = &value
	}
	return withAdmin(func(admin sarama.ClusterAdmin) (any, error) {
		return nil, admin.CreateTopic(c.Topic, detail, false)
	})
}

func topics() (any, error) {
	return withAdmin(func(admin sarama.ClusterAdmin) (any, error) {
		found, err := admin.ListTopics()
		names := []string{}
		for name := range found {
			names = append(names, name)
		}
		sort.Strings(names)
		return names, err
	})
}

func message(c *protocol.Command, sent *protocol.Record) *sarama.ProducerMessage {
	made := &sarama.ProducerMessage{Topic: c.Topic, Partition: c.Partition,
		Value: sarama.StringEncoder(sent.Value), Timestamp: sent.Time()}
	if sent.Key != nil {
		made.Key = sarama.StringEncoder(*sent.Key)
	}
	for _, name := range sent.HeaderNames() {
		made.Headers = append(made.Headers,
			sarama.RecordHeader{Key: []byte(name), Value: []byte(sent.Headers[name])})
	}
	return made
}

func produce(c *protocol.Command) (any, error) {
	settings := config()
	settings.Net.MaxOpenRequests = 1
	settings.Producer.Idempotent = true
	settings.Producer.RequiredAcks = sarama.WaitForAll
	settings.Producer.Compression = codecs[c.Codec]
	settings.Producer.Partitioner = sarama.NewManualPartitioner
	settings.Producer.Return.Successes = true
	settings.Producer.Retry.Max = 200
	if !c.OneByOne {
		settings.Producer.Flush.Messages = len(c.Records)
		settings.Producer.Flush.Frequency = time.Second
	}
	producer, err := sarama.NewSyncProducer([]string{os.Args[1]}, settings)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	offsets := []int64{}
	messages := []*sarama.ProducerMessage{}
	for i := range c.Records {
		messages = append(messages, message(c, &c.Records[i]))
		if c.OneByOne {
			if _, _, err := producer.SendMessage(messages[i]); err != nil {
				return nil, err
			}
		}
	}
	if !c.OneByOne {
		if err := producer.SendMessages(messages); err != nil {
			return nil, err
		}
	}
	for _, each := range messages {
		offsets = append(offsets, each.Offset)
	}
	return offsets, nil
}

func received(record *sarama.ConsumerMessage) protocol.Received {
	headers := map[string]string{}
	for _, header := range record.Headers {
		headers[string(header.Key)] = string(header.Value)
	}
	return protocol.Received{Topic: record.Topic, Partition: record.Partition,
		Offset: record.Offset, Key: protocol.Text(record.Key), Value: string(record.Value),
		Timestamp: record.Timestamp.UnixMilli(), Headers: headers, At: time.Now().UnixMilli()}
}

type member struct {
	*protocol.Member
	group   sarama.ConsumerGroup
	topic   string
	cancel  context.CancelFunc
	done    chan struct{}
	mutex   sync.Mutex
	session sarama.ConsumerGroupSession
}

func (m *member) Setup(session sarama.ConsumerGroupSession) error {
	m.mutex.Lock()
	m.session = session
	m.mutex.Unlock()
	m.Hold(session.Claims()[m.topic], true)
	return nil
}

func (m *member) Cleanup(session sarama.ConsumerGroupSession) error {
	m.Hold(session.Claims()[m.topic], false)
	return nil
}

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case record, open := <-claim.Messages():
			if !open {
				return nil
			}
			m.Push(received(record))
		case <-session.Context().Done():
			return nil
		}
	}
}

func subscribe(c *protocol.Command) error {
	settings := config()
	settings.Consumer.Group.InstanceId = c.Instance
	group, err := sarama.NewConsumerGroup([]string{os.Args[1]}, c.Group, settings)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	joined := &member{Member: protocol.NewMember(), group: group, topic: c.Topic, cancel: cancel,
		done: make(chan struct{})}
	members[c.Consumer] = joined
	go func() {
		defer close(joined.done)
		for ctx.Err() == nil {
			if err := group.Consume(ctx, []string{c.Topic}, joined); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}()
	return nil
}

func commit(c *protocol.Command) {
	joined := members[c.Consumer]
	joined.mutex.Lock()
	defer joined.mutex.Unlock()
	joined.session.MarkOffset(c.Topic, c.Partition, *c.Offset, "")
	joined.session.Commit()
}

func committed(c *protocol.Command) (any, error) {
	return withAdmin(func(admin sarama.ClusterAdmin) (any, error) {
		found, err := admin.ListConsumerGroupOffsets(c.Group, map[string][]int32{c.Topic: {c.Partition}})
		if err != nil {
			return nil, err
		}
		return found.GetBlock(c.Topic, c.Partition).Offset, nil
	})
}

func leave(c *protocol.Command) error {
	joined := members[c.Consumer]
	delete(members, c.Consumer)
	joined.cancel()
	<-joined.done
	return joined.group.Close()
}

func withClient(act func(sarama.Client) (any, error)) (any, error) {
	client, err := sarama.NewClient([]string{os.Args[1]}, config())
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return act(client)
}

func read(c *protocol.Command) (any, error) {
	return withClient(func(client sarama.Client) (any, error) {
		var start int64
		var err error
		if c.Offset != nil {
			start = *c.Offset
		} else if start, err = client.GetOffset(c.Topic, c.Partition, *c.Timestamp); err != nil {
			return nil, err
		}
		consumer, err := sarama.NewConsumerFromClient(client)
		if err != nil {
			return nil, err
		}
		defer consumer.Close()
		partition, err := consumer.ConsumePartition(c.Topic, c.Partition, start)
		if err != nil {
			return nil, err
		}
		defer partition.Close()
		found := []protocol.Received{}
		deadline := time.After(c.Wait())
		for len(found) < c.Count {
			select {
			case record := <-partition.Messages():
				found = append(found, received(record))
			case <-deadline:
				return found, nil
			}
		}
		return found, nil
	})
}

func act(c *protocol.Command) (any, error) {
	switch c.Do {
	case "about":
		return map[string]any{"codecs": []string{"none", "gzip", "snappy", "lz4", "zstd"},
			"idempotent": true, "strategies": []string{"eager"}, "static": true, "told": "each"}, nil
	case "create_topic":
		return createTopic(c)
	case "delete_topic":
		return withAdmin(func(admin sarama.ClusterAdmin) (any, error) {
			return nil, admin.DeleteTopic(c.Topic)
		})
	case "topics":
		return topics()
	case "produce":
		return produce(c)
	case "subscribe":
		return nil, subscribe(c)
	case "poll":
		return members[c.Consumer].Poll(c.Wait()), nil
	case "commit":
		commit(c)
		return nil, nil
	case "committed":
		return committed(c)
	case "leave":
		return nil, leave(c)
	case "offset_at":
		return withClient(func(client sarama.Client) (any, error) {
			return client.GetOffset(c.Topic, c.Partition, *c.Timestamp)
		})
	case "read":
		return read(c)
	}
	return nil, fmt.Errorf("unknown command %s", c.Do)
}

func main() {
	protocol.Serve(act, func(err error) *int16 {
		var refused sarama.ProducerErrors
		if errors.As(err, &refused) {
			err = refused[0].Err
		}
		var known sarama.KError
		if errors.As(err, &known) {
			code := int16(known)
			return &code
		}
		return nil
	})
}
