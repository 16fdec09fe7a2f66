'use strict'
// @confluentinc/kafka-javascript (librdkafka with the manner of kafkajs) behind the line protocol.

const { Kafka, logLevel, PartitionAssigners } =
  require('@confluentinc/kafka-javascript').KafkaJS
const { serve, Inbox, text } = require('../node/line_protocol.js')

const kafka = new Kafka({
  kafkaJS: { brokers: [process.argv[2]], logLevel: logLevel.NOTHING },
  'topic.metadata.refresh.interval.ms': 1000,
  'reconnect.backoff.max.ms': 300
})
const STRATEGIES = {
  eager: PartitionAssigners.range, cooperative: PartitionAssigners.cooperativeSticky
}
const members = {}
let readers = 0

async function withAdmin (act) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await act(admin)
  } finally {
    await admin.disconnect()
  }
}

const plain = (topic, partition, message) => ({
  topic,
  partition,
  offset: Number(message.offset),
  key: text(message.key),
  value: text(message.value),
  timestamp: Number(message.timestamp),
  headers: Object.fromEntries(
    Object.entries(message.headers ?? {}).map(([k, v]) => [k, text(v)])),
  at: Date.now()
})

async function produce ({ topic, records, partition = 0, codec = 'none', one_by_one: oneByOne }) {
  const producer = kafka.producer({
    kafkaJS: { idempotent: true, acks: -1, compression: codec },
    'linger.ms': oneByOne ? 0 : 200
  })
  await producer.connect()
  const send = async batch => {
    const [told] = await producer.send({
      topic,
      messages: batch.map(({ timestamp, key, value, headers }) => ({
        key: key ?? null, value, headers, partition, timestamp: timestamp && String(timestamp)
      }))
    })
    return Number(told.baseOffset)
  }
  try {
    const told = []
    for (const batch of oneByOne ? records.map(record => [record]) : [records]) {
      told.push(await send(batch))
    }
    return told
  } finally {
    await producer.disconnect()
  }
}

async function start (group, topic, strategy, instance) {
  const consumer = kafka.consumer({
    kafkaJS: {
      groupId: group,
      sessionTimeout: 10000,
      heartbeatInterval: 300,
      fromBeginning: true,
      autoCommit: false,
      partitionAssigners: [STRATEGIES[strategy]]
    },
    ...(instance ? { 'group.instance.id': instance } : {})
  })
  const member = { consumer, inbox: new Inbox() }
  await consumer.connect()
  await consumer.subscribe({ topics: [topic] })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      member.inbox.push(plain(topic, partition, message))
    }
  })
  return member
}

async function offsetAt ({ topic, partition, timestamp }) {
  const found = await withAdmin(admin => admin.fetchTopicOffsetsByTimestamp(topic, timestamp))
  return Number(found.find(each => each.partition === partition).offset)
}

async function read (command) {
  const { topic, partition, count, ms } = command
  const offset = command.offset ?? await offsetAt(command)
  const { consumer, inbox } = await start(`reader-${process.pid}-${readers++}`, topic, 'eager')
  consumer.seek({ topic, partition, offset: String(offset) })
  const found = []
  const deadline = Date.now() + ms
  while (found.length < count && Date.now() < deadline) {
    for (const record of await inbox.take(200)) {
      if (record.partition === partition && record.offset >= offset &&
          !found.some(other => other.offset === record.offset)) found.push(record)
    }
  }
  await consumer.disconnect()
  return found.sort((a, b) => a.offset - b.offset).slice(0, count)
}

serve({
  about: () => ({
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    idempotent: true,
    strategies: ['eager', 'cooperative'],
    static: true,
    told: 'base'
  }),
  create_topic: ({ topic, partitions, config }) => withAdmin(async admin => {
    const made = await admin.createTopics({
      topics: [{
        topic,
        numPartitions: partitions,
        replicationFactor: 1,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value: String(value) }))
      }]
    })
    // A topic that is there already is told by the answer alone, as kafkajs does.
    if (!made) throw Object.assign(new Error('the topic exists'), { code: 36 })
  }),
  delete_topic: ({ topic }) => withAdmin(admin => admin.deleteTopics({ topics: [topic] })),
  topics: () => withAdmin(async admin => (await admin.listTopics()).sort()),
  produce,
  subscribe: async ({ consumer, group, topic, strategy, instance }) => {
    members[consumer] = await start(group, topic, strategy, instance)
  },
  poll: async ({ consumer, ms }) => ({
    records: await members[consumer].inbox.take(ms),
    partitions: members[consumer].consumer.assignment().map(each => each.partition).sort()
  }),
  commit: ({ consumer, topic, partition, offset }) => members[consumer].consumer.commitOffsets(
    [{ topic, partition, offset: String(offset) }]),
  committed: ({ group, topic, partition }) => withAdmin(async admin => {
    // With its partitions: else the library looks for them in metadata that may not be there yet.
    const [found] = await admin.fetchOffsets(
      { groupId: group, topics: [{ topic, partitions: [partition] }] })
    return Number(found.partitions[0].offset)
  }),
  leave: async ({ consumer }) => {
    await members[consumer].consumer.disconnect()
    delete members[consumer]
  },
  offset_at: offsetAt,
  read
})
