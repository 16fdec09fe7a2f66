'use strict'
// @platformatic/kafka behind the line protocol.

const { Admin, Consumer, Producer, stringDeserializers, stringSerializers } =
  require('@platformatic/kafka')
const { serve, Inbox } = require('../node/line_protocol.js')

const COMMON = {
  clientId: 'scenario', bootstrapBrokers: [process.argv[2]], retries: 100, retryDelay: 100
}
const members = {}
let readers = 0

// The number of Kafka's error is somewhere below the error that is thrown; a refused record within a batch
// comes first, as -1.
function numbered (error) {
  const codes = each => [each.apiCode, ...[...(each.errors ?? []), each.cause]
    .filter(Boolean).flatMap(codes)].filter(code => code !== undefined && code !== -1)
  return Object.assign(new Error(String(error)), { code: codes(error)[0] })
}

async function withClient (client, act) {
  try {
    return await act(client)
  } catch (error) {
    throw numbered(error)
  } finally {
    await client.close()
  }
}

const withAdmin = act => withClient(new Admin(COMMON), act)

const plain = message => ({
  topic: message.topic,
  partition: message.partition,
  offset: Number(message.offset),
  key: message.key ?? null,
  value: message.value ?? null,
  timestamp: Number(message.timestamp),
  headers: Object.fromEntries(message.headers),
  at: Date.now()
})

async function produce ({ topic, records, partition = 0, codec = 'none', one_by_one: oneByOne }) {
  const producer = new Producer({
    ...COMMON, idempotent: true, compression: codec, serializers: stringSerializers
  })
  return await withClient(producer, async () => {
    const told = []
    for (const batch of oneByOne ? records.map(record => [record]) : [records]) {
      const { offsets } = await producer.send({
        acks: -1,
        messages: batch.map(({ timestamp, key, value, headers }) => ({
          topic,
          partition,
          key: key ?? undefined,
          value,
          headers: headers ?? {},
          ...(timestamp ? { timestamp: BigInt(timestamp) } : {})
        }))
      })
      told.push(Number(offsets[0].offset))
    }
    return told
  })
}

// A member of a group; its stream is opened again when an error has closed it.
class Member {
  constructor (group, topic, instance, how = { mode: 'committed', fallbackMode: 'earliest' }) {
    this.inbox = new Inbox()
    this.topic = topic
    this.how = how
    this.open = true
    this.joined = false
    this.consumer = new Consumer({
      ...COMMON,
      groupId: group,
      groupInstanceId: instance ?? undefined,
      deserializers: stringDeserializers,
      sessionTimeout: 10000,
      rebalanceTimeout: 20000,
      heartbeatInterval: 300,
      maxWaitTime: 200,
      metadataMaxAge: 1000,
      autocommit: false
    })
    this.consumer.on('consumer:group:join', () => { this.joined = true })
    this.consumer.on('consumer:group:rebalance', () => { this.joined = false })
    this.consumer.on('consumer:heartbeat:error', () => {})
    this.work = this.consume()
  }

  async consume () {
    while (this.open) {
      try {
        this.stream = await this.consumer.consume({ topics: [this.topic], ...this.how })
        for await (const message of this.stream) this.inbox.push(plain(message))
      } catch (error) {
        process.stderr.write(`${error}\n`)
      }
    }
  }

  get partitions () {
    const given = this.joined ? this.consumer.assignments ?? [] : []
    return given.filter(each => each.topic === this.topic).flatMap(each => each.partitions).sort()
  }

  async close () {
    this.open = false
    await this.consumer.close(true)
    await this.work
  }
}

const offsetAt = ({ topic, partition, timestamp }) => withClient(
  new Consumer({ ...COMMON, groupId: `offsets-${process.pid}` }), async consumer => {
    const found = await consumer.listOffsetsWithTimestamps(
      { topics: [topic], partitions: { [topic]: [partition] }, timestamp: BigInt(timestamp) })
    return Number(found.get(topic).get(partition).offset)
  })

async function read (command) {
  const { topic, partition, count, ms } = command
  const offset = command.offset ?? await offsetAt(command)
  const partitions = await withAdmin(async admin =>
    (await admin.metadata({ topics: [topic] })).topics.get(topic).partitionsCount)
  const offsets = Array.from({ length: partitions }, (_, each) => (
    { topic, partition: each, offset: each === partition ? BigInt(offset) : 0n }))
  const member = new Member(`reader-${process.pid}-${readers++}`, topic, null,
    { mode: 'manual', offsets })
  const found = []
  const deadline = Date.now() + ms
  while (found.length < count && Date.now() < deadline) {
    found.push(...(await member.inbox.take(200)).filter(each => each.partition === partition))
  }
  await member.close()
  return found.slice(0, count)
}

serve({
  about: () => ({
    codecs: ['none', 'gzip', 'snappy', 'lz4', ...(process.features.zstd ? ['zstd'] : [])],
    idempotent: true,
    strategies: ['eager'],
    static: true,
    told: 'base'
  }),
  create_topic: ({ topic, partitions, config }) => withAdmin(async admin => {
    await admin.createTopics({
      topics: [topic],
      partitions,
      replicas: 1,
      configs: Object.entries(config).map(([name, value]) => ({ name, value: String(value) }))
    })
  }),
  delete_topic: ({ topic }) => withAdmin(admin => admin.deleteTopics({ topics: [topic] })),
  topics: () => withAdmin(async admin => (await admin.listTopics()).sort()),
  produce,
  subscribe: ({ consumer, group, topic, instance }) => {
    members[consumer] = new Member(group, topic, instance)
  },
  poll: async ({ consumer, ms }) => {
    const records = await members[consumer].inbox.take(ms)
    return { records, partitions: members[consumer].partitions }
  },
  commit: ({ consumer, topic, partition, offset }) => members[consumer].consumer.commit(
    { offsets: [{ topic, partition, offset: BigInt(offset), leaderEpoch: 0 }] }),
  committed: ({ group, topic, partition }) => withClient(
    new Consumer({ ...COMMON, groupId: group }), async consumer => {
      const found = await consumer.listCommittedOffsets({ topics: [{ topic, partitions: [partition] }] })
      return Number(found.get(topic)[partition])
    }),
  leave: async ({ consumer }) => {
    await members[consumer].close()
    delete members[consumer]
  },
  offset_at: offsetAt,
  read
})
