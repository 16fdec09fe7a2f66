'use strict'
// kafkajs behind the line protocol.

const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = require('kafkajs')
const { serve, Inbox, text } = require('./line_protocol.js')

CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')

const CODECS = {
  none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy
}
const kafka = new Kafka({
  brokers: [process.argv[2]],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 40 }
})
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
  headers: Object.fromEntries(Object.entries(message.headers).map(([k, v]) => [k, text(v)])),
  at: Date.now()
})

async function produce ({ topic, records, partition = 0, codec = 'none', one_by_one: oneByOne }) {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const send = async batch => {
    const [told] = await producer.send({
      topic,
      acks: -1,
      compression: CODECS[codec],
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

async function start (group, topic) {
  const consumer = kafka.consumer({
    groupId: group, sessionTimeout: 10000, rebalanceTimeout: 20000, heartbeatInterval: 300,
    maxWaitTimeInMs: 200, metadataMaxAge: 1000
  })
  const member = { consumer, inbox: new Inbox(), partitions: [] }
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    member.partitions = payload.memberAssignment[topic] ?? []
  })
  consumer.on(consumer.events.REBALANCING, () => { member.partitions = [] })
  member.joined = new Promise(resolve => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
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
  const group = `reader-${process.pid}-${readers++}`
  // Without an assignment outside groups, this is how kafkajs reads from an offset.
  const { consumer, inbox, joined } = await start(group, topic)
  // run() returns too early when kafkajs has to try again, and until it has joined it cannot seek.
  await joined
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
    codecs: Object.keys(CODECS), idempotent: true, strategies: ['eager'], static: false, told: 'base'
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
    // kafkajs tells of a topic that is there already by its answer alone.
    if (!made) throw Object.assign(new Error('the topic exists'), { code: 36 })
  }),
  delete_topic: ({ topic }) => withAdmin(admin => admin.deleteTopics({ topics: [topic] })),
  topics: () => withAdmin(async admin => (await admin.listTopics()).sort()),
  produce,
  subscribe: async ({ consumer, group, topic }) => { members[consumer] = await start(group, topic) },
  poll: async ({ consumer, ms }) => ({
    records: await members[consumer].inbox.take(ms),
    partitions: [...members[consumer].partitions].sort()
  }),
  commit: ({ consumer, topic, partition, offset }) => members[consumer].consumer.commitOffsets(
    [{ topic, partition, offset: String(offset) }]),
  committed: ({ group, topic, partition }) => withAdmin(async admin => {
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    return Number(found.partitions.find(each => each.partition === partition).offset)
  }),
  leave: async ({ consumer }) => {
    await members[consumer].consumer.disconnect()
    delete members[consumer]
  },
  offset_at: offsetAt,
  read
})
